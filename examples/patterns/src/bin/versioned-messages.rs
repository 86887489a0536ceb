//! Messages that change over time: a worker of the second version processes an order of the first;
//! an old worker leaves new orders to new workers; and fields that it doesn't know survive it.
//!
//! Replaces "Message schemas are versioned for backward compatibility" of the checklist, for which
//! the BullMQ code has nothing: `job.data` is what some producer once put there.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::future::pending;

use jobqueue::{DurationExt as _, Worker, payload::Extra};
use serde_json::json;

/// As it was last year.
mod old {
    use jobqueue::{Payload, job, payload::Extra};
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize, Payload)]
    pub(crate) struct Order {
        pub(crate) id: u64,
        pub(crate) euros: u64,
        /// What this version doesn't know.
        #[serde(flatten)]
        pub(crate) rest: Extra,
    }

    #[job(queue = "orders")]
    pub(crate) async fn process_order(order: Order) -> String {
        format!("the old worker: order {} costs {} euros", order.id, order.euros)
    }
}

/// As it is now.
mod new {
    use jobqueue::{Payload, job, payload::Extra};
    use serde::{Deserialize, Serialize};

    use super::old;

    #[derive(Serialize, Deserialize, Payload)]
    #[payload(version = 2, upgrade_from(old::Order))]
    pub(crate) struct Order {
        pub(crate) id: u64,
        pub(crate) cents: u64,
        #[serde(flatten)]
        pub(crate) rest: Extra,
    }

    impl From<old::Order> for Order {
        fn from(old: old::Order) -> Self {
            Self { id: old.id, cents: old.euros * 100, rest: old.rest }
        }
    }

    #[job(queue = "orders")]
    pub(crate) async fn process_order(order: Order) -> String {
        let rest: Vec<&str> = order.rest.names().collect();
        format!("the new worker: order {} costs {} cents, beside {rest:?}", order.id, order.cents)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let old_worker = Worker::builder(&client).handler(old::process_order);
    // How long a job that is too new for it stays away, and how often, before it fails.
    let old_worker = old_worker.unknown_names(20.millis(), 1_000).build()?;
    let old_handle = old_worker.handle();
    let old_running = tokio::spawn(old_worker.run_until(pending()));

    let order = old::Order { id: 1, euros: 5, rest: Extra::default() };
    println!("{}", client.add(old::process_order, order).await?.result().await?);

    // A new producer, before there are new workers: the old one sends its order back until there
    // are.
    let order = new::Order { id: 2, cents: 550, rest: Extra::default() };
    let early = client.add(new::process_order, order).await?;
    let new_worker = Worker::builder(&client).handler(new::process_order).build()?;
    let new_handle = new_worker.handle();
    let new_running = tokio::spawn(new_worker.run_until(pending()));
    println!("{}", early.result().await?);

    // An old producer, after the last old worker; and it says more than either version knows.
    old_handle.stop(10.seconds());
    old_running.await??;
    let order = json!({ "id": 3, "euros": 7, "gift": { "for": "Ada" } });
    let late = client.queue("orders")?.add("process_order", &order).await?;
    println!("{}", late.typed::<String>().result().await?);

    new_handle.stop(10.seconds());
    new_running.await??;
    Ok(())
}
