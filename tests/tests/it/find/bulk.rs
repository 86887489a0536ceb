//! What is done to all jobs that a filter means.

use jobqueue::{
    DurationExt as _, Error, JobState, Rate,
    error::Refused,
    find::{BulkReport, JobFilter},
    job,
    types::CancellationToken,
};
use jobqueue_tests::{proxy::Proxy, server::RedisServer, wait::at_once};

use super::{Order, charge, held, ship, stage, users};
use crate::support::{Count, Running, client, client_of, worker};

#[tokio::test]
async fn all_that_are_meant_are_cancelled_and_no_others() {
    let (client, queue) = stage().await;
    client.add_all(ship, (0..250).map(Order::of)).await.expect("added");
    client.add(ship, Order::of(900)).delay(1.hours()).await.expect("added");
    client.add_all(charge, (0..30).map(Order::of)).await.expect("added");
    let mut steps = 0;
    let cancel = queue.cancel_where(JobFilter::new().name("ship")).by("ops").reason("no more");
    let report = cancel.on_step(|_| steps += 1).await.expect("cancelled");
    let BulkReport { looked_at, done, refused, unreadable, stopped, .. } = report;
    assert_eq!((looked_at, done, refused, unreadable, stopped), (281, 251, 0, 0, false));
    assert!(steps >= 4, "{steps}");
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.cancelled, counts.total_cancelled), (251, 251));
    assert_eq!((counts.waiting, counts.delayed), (30, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn running_jobs_are_told() {
    let client = client().await;
    let queue = client.queue("held").expect("a queue");
    let running = Running::start(worker(&client).concurrency(4).handler(held));
    client.add_all(held, 0..4).await.expect("added");
    at_once("all to run", async || queue.counts().await.expect("counts").active == 4).await;
    let odd = JobFilter::new().payload("", 1);
    let report = queue.cancel_where(odd).grace(1.millis()).await.expect("told");
    assert_eq!((report.done, report.refused), (1, 0));
    at_once("it to end", async || queue.counts().await.expect("counts").cancelled == 1).await;
    assert_eq!(queue.counts().await.expect("counts").active, 3);
    running.stop_within(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn it_stops_by_a_token_by_a_number_and_goes_on() {
    let (client, queue) = stage().await;
    client.add_all(ship, (0..1_000).map(Order::of)).await.expect("added");
    let token = CancellationToken::new();
    let all = JobFilter::new;
    let stop_half_way = |so_far: &BulkReport| {
        if so_far.done >= 500 {
            token.cancel();
        }
    };
    let report = queue.find(all()).remove().stop_on(&token).on_step(stop_half_way).await;
    let report = report.expect("stopped");
    assert_eq!((report.done, report.stopped), (500, true));
    let report = queue.find(all()).remove().at_most(30).await.expect("stopped");
    assert_eq!((report.done, report.stopped), (30, true));
    assert_eq!(users(queue.find(all())).await, (530..1_000).collect::<Vec<_>>());
    // Dropped, it has made some of its steps.
    let mut removal = std::pin::pin!(queue.find(all()).remove().into_future());
    let some = async || queue.counts().await.expect("counts").waiting < 470;
    tokio::select! {
        _ = &mut removal => {}
        () = at_once("some to go", some) => {}
    }
    let left = queue.find(all()).remove().await.expect("removed");
    assert!(!left.stopped);
    assert_eq!(queue.counts().await.expect("counts").waiting, 0);
}

#[tokio::test]
async fn a_rate_makes_small_steps_and_a_token_ends_the_wait() {
    let (client, queue) = stage().await;
    client.add_all(ship, (0..100).map(Order::of)).await.expect("added");
    let (all, began) = (JobFilter::new, std::time::Instant::now());
    let (mut before, mut largest) = (0, 0);
    let report = queue.find(all()).remove().rate(Rate::new(100, 1.seconds())).at_most(30);
    let report = report.on_step(|so_far| {
        largest = largest.max(so_far.done - before);
        before = so_far.done;
    });
    assert_eq!(report.await.expect("removed").done, 30);
    assert!(largest <= 10 && began.elapsed() >= 200.millis(), "{largest} {:?}", began.elapsed());
    let token = CancellationToken::new();
    let slow = queue.find(all()).remove().rate(Rate::new(1, 1.hours())).stop_on(&token);
    let report = slow
        .on_step(|so_far| {
            if so_far.done > 0 {
                token.cancel()
            }
        })
        .await;
    let report = report.expect("stopped");
    assert_eq!((report.done, report.stopped), (1, true));
    let none = Rate::new(1, std::time::Duration::MAX);
    let refused = queue.find(all()).remove().rate(none).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert_eq!(queue.counts().await.expect("counts").waiting, 69);
}

#[tokio::test]
async fn one_job_moves_if_it_waits() {
    let (client, queue) = stage().await;
    let other = client.queue("other").expect("a name");
    let job = client.add(ship, Order::of(1)).delay(1.hours()).priority(-3).await.expect("added");
    job.move_to(&other).await.expect("moved");
    let there = other.job(job.id());
    at_once("it to arrive", async || there.state().await.expect("asked").is_some()).await;
    let info = there.info().await.expect("known");
    assert_eq!((info.state, info.priority), (jobqueue::JobState::Delayed, -3));
    let gone = job.move_to(&other).await;
    assert!(matches!(gone, Err(Error::Refused(Refused::NotFound { .. }))), "{gone:?}");
    let itself = there.move_to(&other).await;
    assert!(matches!(itself, Err(Error::Invalid(_))), "{itself:?}");
    there.cancel().await.expect("cancelled");
    let ended = there.move_to(&queue).await;
    assert!(matches!(ended, Err(Error::Refused(Refused::WrongState { .. }))), "{ended:?}");
}

#[job(queue = "again", attempts = 1)]
async fn fails_unless(n: u32, well: jobqueue::State<Count>) -> Result<(), std::io::Error> {
    if well.get() == 0 && n < 200 {
        return Err(std::io::Error::other(format!("broken {}", n % 2)));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_jobs_run_again_in_their_order_unless_another_has_their_key() {
    let client = client().await;
    let queue = client.queue("again").expect("a queue");
    let well = Count::default();
    client.add_all(fails_unless, 0..150).await.expect("added");
    let keyed = client.add(fails_unless, 199).unique("k").await.expect("added");
    let running = Running::start(worker(&client).handler(fails_unless).state(well.clone()));
    at_once("all to fail", async || queue.counts().await.expect("counts").failed == 151).await;
    running.stop().await;
    let holder = client.add(fails_unless, 300).unique("k").await.expect("added");
    let odd = JobFilter::new().error_contains("broken 1");
    let report = queue.find(odd).retry().await.expect("retried");
    assert_eq!((report.looked_at, report.done, report.refused), (151, 75, 1));
    let [(id, Refused::KeyHeld { holder: other, .. })] = &report.refusals[..] else {
        panic!("one is refused: {report:?}")
    };
    assert_eq!((id, other), (keyed.id(), holder.id()));
    let waiting = JobFilter::new().state(JobState::Waiting);
    let mut order = Vec::new();
    let mut found = queue.find(waiting);
    while let Some(job) = found.next().await {
        order.push(job.expect("found").payload::<u32>().expect("a number"));
    }
    assert_eq!(order[0], 300);
    assert_eq!(order.len(), 76);
    well.up();
    let running = Running::start(worker(&client).handler(fails_unless).state(well));
    at_once("all to complete", async || queue.counts().await.expect("counts").completed == 76)
        .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_move_with_their_priority_due_time_and_key() {
    let (client, queue) = stage().await;
    let other = client.queue("bulk").expect("a queue");
    let first = client.add(ship, Order::of(1)).priority(5).unique("one").await.expect("added");
    let later = client.add(ship, Order::of(2)).delay(1.hours()).await.expect("added");
    client.add_all(charge, (0..120).map(Order::of)).await.expect("added");
    // There is a job of this id, and one of this key.
    let there = other.add("ship", &Order::of(4)).id("same").await.expect("added");
    client.add(ship, Order::of(3)).id("same").await.expect("added");
    let report = queue.find(JobFilter::new().name("ship")).move_to(&other).await.expect("moved");
    assert_eq!((report.done, report.refused), (2, 1), "{report:?}");
    assert!(matches!(&report.refusals[..], [(id, Refused::IdHeld { .. })] if id == "same"));
    at_once("both to arrive", async || other.counts().await.expect("counts").total_added == 3)
        .await;
    let info = other.job(first.id()).info().await.expect("there");
    assert_eq!((info.priority, info.state), (5, JobState::Waiting));
    let info = other.job(later.id()).info().await.expect("there");
    assert_eq!(info.state, JobState::Delayed);
    assert!(info.due_at > Some(chrono::Utc::now() + chrono::Duration::minutes(50)));
    let holder = other.unique_key("ship", "one").expect("a key").holder().await.expect("asked");
    assert_eq!(holder.expect("one has it").id(), first.id());
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.delayed), (121, 0));
    assert_eq!(
        other.job(there.id()).info().await.expect("there").payload::<Order>(),
        Ok(Order::of(4))
    );
    let itself = queue.find(JobFilter::new()).move_to(&queue).await;
    assert!(matches!(itself, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn what_cannot_move_is_refused_each_for_its_reason() {
    let (client, queue) = stage().await;
    let other = client.queue("bulk").expect("a queue");
    let holder = other.add("ship", &Order::of(0)).unique("one").await.expect("added");
    let keyed = client.add(charge, Order::of(1)).unique("one").await.expect("added");
    let holder_of_name = other.add("charge", &Order::of(0)).unique("one").await.expect("added");
    let report = queue.find(JobFilter::new()).move_to(&other).await.expect("asked");
    assert_eq!((report.done, report.refused), (0, 1), "{report:?}");
    let [(id, Refused::KeyHeld { holder: met, .. })] = &report.refusals[..] else {
        panic!("its key is held: {report:?}")
    };
    assert_eq!((id, met), (keyed.id(), holder_of_name.id()));
    assert_ne!(met, holder.id());
    let out = queue.receive(1, 30.seconds()).await.expect("received");
    assert_eq!(out.len(), 1);
    holder_of_name.remove().await.expect("removed");
    let active = JobFilter::new().state(JobState::Active);
    let report = queue.find(active).move_to(&other).await.expect("asked");
    assert_eq!((report.done, report.refused), (0, 1), "{report:?}");
    let [(id, Refused::WrongState { state: JobState::Active, .. })] = &report.refusals[..] else {
        panic!("it runs: {report:?}")
    };
    assert_eq!(id, keyed.id());
}

#[tokio::test]
async fn jobs_move_to_no_queue_of_another_client() {
    let (client, queue) = stage().await;
    client.add(ship, Order::of(1)).await.expect("added");
    let (theirs, _) = stage().await;
    let theirs = theirs.queue("bulk").expect("a queue");
    let refused = queue.find(JobFilter::new()).move_to(&theirs).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    assert_eq!(queue.counts().await.expect("counts").waiting, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_moves_is_answered_from_there() {
    let client = client().await;
    let queue = client.queue("asked").expect("a queue");
    let other = client.queue("answering").expect("a queue");
    let call = queue.call("echo", "hello").timeout(20.seconds());
    let call = tokio::spawn(call.into_future());
    at_once("the request", async || queue.counts().await.expect("counts").waiting == 1).await;
    let report = queue.find(JobFilter::new()).move_to(&other).await.expect("moved");
    assert_eq!(report.done, 1);
    #[job(queue = "answering")]
    async fn echo(text: String) -> String {
        text
    }
    let running = Running::start(worker(&client).handler(echo));
    assert_eq!(call.await.expect("no panic").expect("answered"), "hello");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_costs_a_step_a_wait() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let far = client_of(&server.url_through(&proxy)).await;
    let queue = far.queue("orders").expect("a queue");
    far.add_all(ship, (0..3_000).map(Order::of)).await.expect("added");
    let mut broken = 0;
    let report = queue
        .cancel_where(JobFilter::new().name("ship"))
        .on_step(|so_far| {
            if so_far.done >= 500 * (broken + 1) {
                broken += 1;
                proxy.drop_connections();
            }
        })
        .await
        .expect("it goes on");
    assert_eq!((report.done, report.refused), (3_000, 0));
    assert!(broken >= 5, "{broken}");
    assert_eq!(queue.counts().await.expect("counts").total_cancelled, 3_000);
}
