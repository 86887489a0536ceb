//! An ETL graph: orders and customers are extracted, each is cleaned in its own way, both are joined,
//! and the tables are loaded in the order in which they refer to each other. The types of what goes from
//! one to the next are checked by the compiler.
//!
//! Replaces an Oban workflow (`Workflow.add(…, deps: […])`), an Airflow graph of a few tasks, and two
//! levels of BullMQ's flows, in which a child has one parent only.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{
    DurationExt, Flow, State, Worker,
    flow::{FlowError, Inputs},
    job,
};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    number: u32,
    customer: u32,
    cents: i64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Customer {
    number: u32,
    name: String,
}

/// The warehouse: what was loaded, in order.
#[derive(Clone, Default)]
struct Warehouse(Arc<Mutex<Vec<String>>>);

impl Warehouse {
    fn load(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

#[job(queue = "extract")]
async fn orders(day: String) -> Vec<Order> {
    let order =
        |number| Order { number, customer: number % 3, cents: i64::from(number) * 100 - 200 };
    if day == "Monday" { (1..=6).map(order).collect() } else { Vec::new() }
}

#[job(queue = "extract")]
async fn customers(_: ()) -> Vec<Customer> {
    let names = ["Ada", "  Grace", "Edsger "];
    (0..).zip(names).map(|(number, name)| Customer { number, name: name.to_owned() }).collect()
}

/// Without orders that are worth nothing.
#[job(queue = "transform")]
async fn sound_orders(_: (), orders: Inputs<Vec<Order>>) -> Vec<Order> {
    orders.0.into_iter().filter(|order| order.cents > 0).collect()
}

#[job(queue = "transform")]
async fn neat_customers(_: (), customers: Inputs<Vec<Customer>>) -> Vec<Customer> {
    let neat = |Customer { number, name }| Customer { number, name: name.trim().to_owned() };
    customers.0.into_iter().map(neat).collect()
}

#[job(queue = "transform")]
async fn totals(_: (), inputs: Inputs<(Vec<Order>, Vec<Customer>)>) -> Vec<(String, i64)> {
    let (orders, customers) = inputs.0;
    let total = |customer: &Customer| {
        let own = orders.iter().filter(|order| order.customer == customer.number);
        (customer.name.clone(), own.map(|order| order.cents).sum())
    };
    customers.iter().map(total).collect()
}

#[job(queue = "load")]
async fn load_customers(_: (), it: Inputs<Vec<Customer>>, warehouse: State<Warehouse>) {
    warehouse.load(format!("{} customers", it.len()));
}

#[job(queue = "load")]
async fn load_totals(
    _: (),
    it: Inputs<Vec<(String, i64)>>,
    warehouse: State<Warehouse>,
) -> Vec<(String, i64)> {
    warehouse.load(format!("{} totals", it.len()));
    it.0
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let warehouse = Warehouse::default();
    let worker = Worker::builder(&client)
        .handler(orders)
        .handler(customers)
        .handler(sound_orders)
        .handler(neat_customers)
        .handler(totals)
        .handler(load_customers)
        .handler(load_totals)
        .state(warehouse.clone())
        .build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());

    let flow = Flow::new("etl-monday");
    let extracted = flow.node(orders, "Monday".to_owned());
    let sound = flow.node(sound_orders, ()).after(&extracted);
    let extracted = flow.node(customers, ());
    let neat = flow.node(neat_customers, ()).after(&extracted);
    // Both go on from here: a diamond.
    let joined = flow.node(totals, ()).after((&sound, &neat));
    let loaded = flow.node(load_customers, ()).after(&neat);
    // It gets the totals, and only waits for the customers.
    let root = flow.node(load_totals, ()).after(&joined).waits_for(&loaded);
    let totals = client.start(flow, root).await?.result().await;
    match totals {
        Ok(totals) => {
            for (name, cents) in totals {
                println!("{name}: {cents}");
            }
        }
        Err(FlowError::Failed { node, failure, .. }) => println!("{node} failed: {failure}"),
        Err(error) => return Err(error.into()),
    }
    let loaded = warehouse.0.lock().unwrap_or_else(PoisonError::into_inner).join(", then ");
    println!("loaded {loaded}");
    handle.stop(5.seconds());
    working.await??;
    Ok(())
}
