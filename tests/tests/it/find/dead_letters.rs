//! Dead letters, by the jobs that failed.

use jobqueue::{
    Failure, State,
    dead_letter::{DeadLetter, DeadLetters},
    find::JobFilter,
    job,
};
use jobqueue_tests::wait::at_once;

use super::Order;
use crate::support::{Count, Running, client, worker};

#[job(queue = "orders", attempts = 1, dead_letter = "orders-dlq")]
async fn pay(order: Order, well: State<Count>) -> Result<(), Failure> {
    match well.get() {
        0 => Err(Failure::permanent(format_args!("bank {} is closed", order.user % 2))),
        _ => Ok(()),
    }
}

async fn count(dead: &DeadLetters) -> u64 {
    dead.count().await.expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_found_and_sent_back_by_their_jobs() {
    let client = client().await;
    let dead = client.dead_letters("orders-dlq").expect("a queue");
    let (queue, well) = (client.queue("orders").expect("a queue"), Count::default());
    for user in 0..10 {
        let tenant = if user < 5 { "a" } else { "b" };
        client.add(pay, Order::of(user)).header("tenant", tenant).await.expect("added");
    }
    let running = Running::start(worker(&client).handler(pay).state(well.clone()));
    at_once("all to arrive", async || count(&dead).await == 10).await;
    dead.queue().add("another", "no letter").await.expect("added");
    let mut found = dead.find(JobFilter::new().name("pay").payload("user", 7));
    let letter = found.next().await.expect("one").expect("found").payload::<DeadLetter>();
    assert_eq!(letter.expect("a letter").payload::<Order>(), Ok(Order::of(7)));
    assert!(found.next().await.is_none());
    well.up();
    let filter = JobFilter::new().error_contains("bank 1").header("tenant", "a");
    let report = dead.find(filter).redrive().await.expect("sent back");
    assert_eq!((report.done, report.refused), (2, 0));
    let completed = async || queue.counts().await.expect("counts").total_completed;
    at_once("two to complete", async || completed().await == 2).await;
    assert_eq!(count(&dead).await, 9);
    let report = dead.find(JobFilter::new()).redrive().at_most(3).await.expect("sent back");
    assert_eq!((report.done, report.stopped), (3, true));
    let report = dead.find(JobFilter::new()).redrive().await.expect("sent back");
    assert_eq!((report.done, report.stopped), (5, false));
    at_once("all to complete", async || completed().await == 10).await;
    assert_eq!(count(&dead).await, 1);
    running.stop().await;
}
