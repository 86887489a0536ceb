//! A job that moves between queues and states keeps what it is: its key, its place, its history,
//! and one place of its own.

use std::{future::pending, sync::Arc};

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobState, Queue, State, Worker,
    error::Refused, job, manage::Overflow,
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
};
use tokio::{sync::Notify, time::sleep};

use super::report::{Played, Report};

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    key_on_the_way_back(&client, report).await?;
    place_after_an_overflow(&client, report).await?;
    history_and_one_place(&client, report).await?;
    history_after_an_outage(&server, &client, report).await?;
    drop_oldest(&client, report).await
}

/// Receives the one job that waits, and fails it.
async fn fail(queue: &Queue, why: &str) -> Played {
    let job = queue.receive(1, 5.seconds()).await?.pop().ok_or("no job")?;
    job.fail(Failure::permanent(why.to_owned())).await?;
    Ok(())
}

async fn key_on_the_way_back(client: &Client, report: &mut Report) -> Played {
    let queue = client.queue("keys")?;
    let first = queue.add("any", &1).unique("k").await?;
    fail(&queue, "no").await?;
    let second = queue.add("any", &2).unique("k").await?;
    let refused = matches!(first.retry().await, Err(Error::Refused(Refused::KeyHeld { .. })));
    let all = queue.retry_failed().await?;
    second.remove().await?;
    first.retry().await?;
    let existed = queue.add("any", &3).unique("k").await?.existed();
    report.check(
        "retry, the key with another; then free",
        format!("refused {refused}, of all {all}; the next add existed {existed}"),
        "true, 0; true",
        (refused, all, existed) == (true, 0, true),
    );
    Ok(())
}

async fn place_after_an_overflow(client: &Client, report: &mut Report) -> Played {
    let queue = client.queue("places")?;
    queue.set_limits().max_length(0).overflow(Overflow::DeadLetter).dead_letter("p-dlq").await?;
    let job = queue.add("any", &1).delay(1.hours()).unique("k").priority(-5).await?;
    let dead = client.dead_letters("p-dlq")?;
    dead.wait_for(1).await?;
    dead.redrive().await?;
    let info = job.info().await?;
    let existed = queue.add("any", &2).unique("k").await?.existed();
    report.check(
        "overflow of a delayed job, and back",
        format!("{:?}, priority {}, key held {existed}", info.state, info.priority),
        "Delayed, -5, true",
        (info.state, info.priority, existed) == (JobState::Delayed, -5, true),
    );
    Ok(())
}

async fn history_and_one_place(client: &Client, report: &mut Report) -> Played {
    let queue = client.queue("cards")?;
    let receiver = queue.receiver().max_receives(2).dead_letter("c-dlq");
    let job = queue.add("any", &1).attempts(9).await?;
    for _ in 0..2 {
        let one = receiver.receive(1, 5.seconds()).await?.pop().ok_or("no job")?;
        one.fail(Failure::retry_after(1.millis(), "card declined")).await?;
    }
    let dead = client.dead_letters("c-dlq")?;
    dead.wait_for(1).await?;
    let (_, letter) = dead.page(0, 1).await?.pop().ok_or("no letter")?;
    report.check(
        "the letter after max_receives",
        format!("{:?}, {} errors before", letter.failure.message, letter.errors.len()),
        "card declined, 1 error before",
        letter.failure.message == "card declined" && letter.errors.len() == 1,
    );
    let retry = job.retry().await;
    let refused = matches!(retry, Err(Error::Refused(Refused::DeadLettered { .. })));
    let (all, back) = (queue.retry_failed().await?, dead.redrive().await?);
    let counts = queue.counts().await?;
    report.check(
        "retry and redrive of one job",
        format!("refused {refused}, {all} of all, {back} back; {} failed", counts.failed),
        "true, 0, 1; 0",
        (refused, all, back, counts.failed) == (true, 0, 1, 0),
    );
    Ok(())
}

async fn drop_oldest(client: &Client, report: &mut Report) -> Played {
    let queue = client.queue("oldest")?;
    queue.set_limits().max_length(3).overflow(Overflow::DropOldest).await?;
    let mut jobs = Vec::new();
    for priority in [100, 100, -1_000, 1_000] {
        jobs.push(queue.add("any", &priority).priority(priority).await?);
        tokio::time::sleep(2.millis()).await;
    }
    let mut there = Vec::new();
    for job in &jobs {
        there.push(job.state().await?.is_some());
    }
    let figure = format!("{there:?}");
    let passed = there == [false, true, true, true];
    report.check("what DropOldest leaves", figure, "all but the first", passed);
    Ok(())
}

/// That the last attempt has begun, and that it may end.
#[derive(Debug, Default)]
struct Gate {
    begun: Notify,
    end: Notify,
}

#[job(queue = "told", attempts = 3, backoff = fixed("20ms"), dead_letter = "told-dlq")]
async fn thrice(_n: u32, ctx: Context, gate: State<Arc<Gate>>) -> Result<(), Failure> {
    if ctx.attempt() == 3 {
        gate.begun.notify_one();
        gate.end.notified().await;
    }
    Err(Failure::retry("no"))
}

/// Redis can't be reached while the last attempt ends.
async fn history_after_an_outage(
    server: &RedisServer,
    client: &Client,
    report: &mut Report,
) -> Played {
    let proxy = Proxy::start(server.address());
    let far = Client::connect(&server.url_through(&proxy)).await?;
    let gate = Arc::new(Gate::default());
    let worker = Worker::builder(&far).handler(thrice).state(Arc::clone(&gate)).build()?;
    let running = tokio::spawn(worker.run_until(pending()));
    client.add(thrice, 1).await?;
    gate.begun.notified().await;
    proxy.set(Mode::Refuse);
    gate.end.notify_one();
    sleep(1.seconds()).await;
    proxy.set(Mode::Forward);
    let dead = client.dead_letters("told-dlq")?;
    dead.wait_for(1).await?;
    let (_, letter) = dead.page(0, 1).await?.pop().ok_or("no letter")?;
    let told = (letter.failure.attempt, letter.errors.len());
    report.check(
        "Redis is away while the third attempt ends",
        format!("attempt {}, {} errors before", told.0, told.1),
        "attempt 3, 2 errors before",
        told == (3, 2),
    );
    running.abort();
    Ok(())
}
