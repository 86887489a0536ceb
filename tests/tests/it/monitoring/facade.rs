//! The metrics that workers record in the `metrics` facade.

use std::sync::Arc;

use jobqueue::{Failure, State, job};
use jobqueue_tests::wait;
use tokio::sync::Notify;

use super::recorder::Kept;
use crate::support::{Count, Running, client, worker};

#[job(queue = "orders", attempts = 2, backoff = fixed("1ms"), dead_letter = "orders-dlq")]
async fn ship(order: u32, tries: State<Count>) -> Result<(), Failure> {
    match order {
        100 => Err(Failure::permanent("no address")),
        50 if tries.up() == 0 => Err(Failure::retry("the gateway is down")),
        _ => Ok(()),
    }
}

#[job(queue = "slow")]
async fn hang(_: (), gate: State<Arc<Notify>>) {
    gate.notified().await;
}

fn of(name: &str) -> String {
    format!("jobqueue_worker_{name}{{job=ship,queue=orders}}")
}

#[tokio::test]
async fn runs_are_counted_by_queue_and_job() {
    let kept = Kept::default();
    // For this thread alone, which is the one that the whole test runs on.
    let _guard = metrics::set_default_local_recorder(&kept);
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship).state(Count::default()));
    client.add_all(ship, (0..10).chain([50, 100])).await.expect("added");
    client.queue("orders").expect("a good name").add("nobody", &1).await.expect("added");
    wait::at_once("all runs", async || {
        kept.get(&of("run_seconds")) == 13.0
            && kept.get("jobqueue_worker_released_total{queue=orders}") == 1.0
    })
    .await;
    assert_eq!(kept.get("jobqueue_worker_slots{queue=orders}"), 8.0);
    running.stop().await;
    let counts = ["started", "completed", "retried", "failed", "dead_lettered"];
    let counts = counts.map(|name| kept.get(&of(&format!("{name}_total"))));
    assert_eq!(counts, [13.0, 11.0, 1.0, 1.0, 1.0]);
    assert_eq!(kept.get(&of("wait_seconds")), 12.0, "first attempts");
    for gauge in ["slots", "running"] {
        assert_eq!(kept.get(&format!("jobqueue_worker_{gauge}{{queue=orders}}")), 0.0, "{gauge}");
    }
    assert!(kept.keys().iter().all(|key| key.starts_with("jobqueue_worker_")), "{:?}", kept.keys());
}

#[tokio::test]
async fn running_jobs_are_shown() {
    let kept = Kept::default();
    let _guard = metrics::set_default_local_recorder(&kept);
    let client = client().await;
    let gate = Arc::new(Notify::new());
    let running = Running::start(worker(&client).handler(hang).state(gate.clone()));
    client.add_all(hang, [(), (), ()]).await.expect("added");
    let shown = async |runs: f64| {
        let what = format!("{runs} runs to be shown");
        let gauge = "jobqueue_worker_running{queue=slow}";
        wait::eventually(&what, async || kept.get(gauge) == runs).await;
    };
    shown(3.0).await;
    gate.notify_one();
    shown(2.0).await;
    gate.notify_waiters();
    running.stop().await;
    shown(0.0).await;
}
