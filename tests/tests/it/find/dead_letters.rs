//! Dead letters, by the jobs that failed.

use jobqueue::{
    Error, Failure, JobState, State,
    dead_letter::{DeadLetter, DeadLetters},
    error::Refused,
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
    // Page by page, by what the failed jobs were: neither their ids nor their ends are the letters'.
    let (filter, mut users, mut cursor) = (JobFilter::new().name("pay"), Vec::new(), None);
    loop {
        let mut page = dead.search(filter.clone()).at_most(4);
        if let Some(cursor) = &cursor {
            page = page.after(cursor);
        }
        let page = page.await.expect("found");
        assert!(page.jobs.len() <= 4 && page.of == Some(11), "{page:?}");
        for found in page.jobs {
            assert_eq!(found.queue.as_str(), "orders-dlq");
            let letter = found.job.payload::<DeadLetter>().expect("a letter");
            users.push(letter.payload::<Order>().expect("an order").user);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(users.len(), 10, "{users:?}");
    users.sort_unstable();
    assert_eq!(users, (0..10).collect::<Vec<_>>());
    let recent: JobFilter = "ended<1h added<1h bank".parse().expect("a filter");
    assert_eq!(dead.search(recent).await.expect("found").jobs.len(), 10);
    let old: JobFilter = "ended>1h".parse().expect("a filter");
    assert_eq!(dead.search(old).await.expect("found").jobs.len(), 0);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_with_a_dead_letter_moves_nowhere() {
    let client = client().await;
    let dead = client.dead_letters("orders-dlq").expect("a queue");
    let (queue, well) = (client.queue("orders").expect("a queue"), Count::default());
    let job = client.add(pay, Order::of(1)).await.expect("added");
    let running = Running::start(worker(&client).handler(pay).state(well.clone()));
    at_once("it to arrive", async || count(&dead).await == 1).await;
    running.stop().await;
    let other = client.queue("bulk").expect("a queue");
    let failed = JobFilter::new().state(JobState::Failed);
    let report = queue.find(failed).move_to(&other).await.expect("asked");
    assert_eq!((report.done, report.refused), (0, 1), "{report:?}");
    let [(id, Refused::DeadLettered { .. })] = &report.refusals[..] else {
        panic!("it comes back from there: {report:?}")
    };
    assert_eq!(id, job.id());
    let counts = (queue.counts().await, other.counts().await);
    assert_eq!((counts.0.expect("counts").failed, counts.1.expect("counts").waiting), (1, 0));
    let report = dead.find(JobFilter::new()).redrive().await.expect("sent back");
    assert_eq!((report.done, report.refused), (1, 0));
}

#[tokio::test]
async fn a_filter_of_dead_letters_names_no_state() {
    let dead = client().await.dead_letters("orders-dlq").expect("a queue");
    let failed = || dead.find(JobFilter::new().state(JobState::Failed));
    assert!(matches!(failed().next().await, Some(Err(Error::Invalid(_)))));
    assert!(matches!(failed().redrive().await, Err(Error::Invalid(_))));
    let search = dead.search(JobFilter::new().state(JobState::Failed));
    assert!(matches!(search.await, Err(Error::Invalid(_))));
}
