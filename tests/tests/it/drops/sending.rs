//! Adds, publishes, calls, and waiting for results.

use std::time::{Duration, Instant};

use jobqueue::{Client, DurationExt as _, Failure, State, job};

use super::{ROUNDS, dropped};
use crate::support::{Count, Running, client, worker};

#[job(queue = "drops", retain = none)]
async fn count(_n: u64, count: State<Count>) -> usize {
    count.up()
}

async fn waiting(client: &Client, queue: &str) -> u64 {
    client.queue(queue).expect("a good name").counts().await.expect("counted").waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_add_adds_once_or_not_at_all_and_others_are_as_before() {
    let client = client().await;
    let queue = client.queue("adds").expect("a good name");
    for round in 0..ROUNDS {
        let add = || queue.add("any", &round).id(format!("job-{round}"));
        let (_, other) = tokio::join!(dropped(round, add()), queue.add("other", &round));
        other.expect("added");
        let again = add().await.expect("added, if it was not");
        assert_eq!(again.id(), &format!("job-{round}")[..]);
    }
    assert_eq!(waiting(&client, "adds").await, 2 * ROUNDS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_add_of_many_has_made_its_first_calls() {
    let client = client().await;
    for round in 0..ROUNDS / 4 {
        let queue = client.queue(format!("many-{round}")).expect("a good name");
        let _ = dropped(round * 12, queue.add_all("any", 0..3_500_u64)).await;
        queue.add("last", &0).await.expect("added");
        // The last one follows what was under way.
        let added = queue.counts().await.expect("counted").waiting - 1;
        assert!(added % 1_000 == 0 || added == 3_500, "{added}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_publish_reaches_all_queues_or_none() {
    let client = client().await;
    let topic = client.topic("events").expect("a good name");
    for queue in ["a", "b"] {
        topic.bind(queue, "#").await.expect("bound");
    }
    for round in 0..ROUNDS {
        let _ = dropped(round, client.publish("events", "k", round)).await;
        let began = Instant::now();
        let _ = dropped(round * 2, topic.flush()).await;
        client.publish("events", "k", round).await.expect("published");
        topic.flush().await.expect("flushed");
        assert!(began.elapsed() < Duration::from_secs(2), "no relay left its lock");
    }
    let (a, b) = (waiting(&client, "a").await, waiting(&client, "b").await);
    assert_eq!(a, b);
    assert!((ROUNDS..=2 * ROUNDS).contains(&a), "{a}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_call_runs_once_or_not_at_all() {
    let (client, runs) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(count).state(runs.clone()));
    let mut answers = 0;
    for round in 0..ROUNDS {
        answers += u64::from(dropped(round, client.call(count, round)).await.is_some());
        client.call(count, round).timeout(10.seconds()).await.expect("the next is answered");
    }
    let total = runs.get() as u64;
    assert!((ROUNDS + answers..=2 * ROUNDS).contains(&total), "{total} runs, {answers} answers");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_may_be_waited_for_again() {
    #[job(queue = "results")]
    async fn slow(ms: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        ms
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(slow));
    for round in 0..ROUNDS / 4 {
        let job = client.add(slow, 20).await.expect("added");
        let other = tokio::spawn({
            let job = job.clone();
            async move { job.result().await }
        });
        let _ = dropped(round * 8, job.result()).await;
        assert_eq!(job.result().await.expect("its result"), 20);
        assert_eq!(other.await.expect("no panic").expect("its result"), 20);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_effect_gives_its_claim_back() {
    async fn echo(n: u64) -> Result<u64, Failure> {
        Ok(n)
    }
    #[job(queue = "once", attempts = 1)]
    async fn effects(n: u64, ctx: jobqueue::Context) -> Result<u64, Failure> {
        for round in 0..n {
            let key = format!("{}-{round}", ctx.id());
            let moment = Duration::from_micros(round * round);
            let _ = tokio::time::timeout(moment, ctx.once(&key, echo(round)).into_future()).await;
            let began = Instant::now();
            let again = ctx.once(&key, echo(round)).await;
            // One that had to wait would go back, and come again.
            let result = again.map_err(|error| Failure::permanent(error.message()))?;
            // A claim that is left behind holds for 15 s.
            if result != round || began.elapsed() > Duration::from_secs(2) {
                return Err(Failure::permanent(format!("{round}: {:?}", began.elapsed())));
            }
        }
        Ok(n)
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(effects));
    let job = client.add(effects, ROUNDS).await.expect("added");
    assert_eq!(job.result().await.expect("none had to wait"), ROUNDS);
    running.stop().await;
}
