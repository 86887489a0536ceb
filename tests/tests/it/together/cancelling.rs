//! Cancelling together with other features.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, JobHandle, JobState, Outcome, Retain, State,
    error::Refused, job, manage::Cancelled,
};
use jobqueue_tests::wait::at_once;

use crate::support::{Count, Running, client, worker};

#[derive(Clone, Default)]
struct Board {
    begun: Count,
    effects: Count,
}

/// Waits for its end, but for one that is to go on.
#[job(queue = "long", attempts = 3, concurrency = 1, dead_letter = "dead", breaker = after(1, pause = "1h"))]
async fn one_by_one(ends: bool, ctx: Context, board: State<Board>) -> Result<(), Failure> {
    board.begun.up();
    if ends {
        return Ok(());
    }
    ctx.cancelled().await;
    Err(Failure::retry("told to stop"))
}

#[job(queue = "long", at_most_once)]
async fn at_most(_: (), ctx: Context, board: State<Board>) {
    board.begun.up();
    ctx.cancelled().await;
}

#[job(queue = "long", attempts = 1)]
async fn effect(_: (), ctx: Context, board: State<Board>) -> Result<usize, Failure> {
    let effect = async { Ok::<_, Failure>(board.effects.up()) };
    let done = ctx.once("effect", effect).await?;
    if board.begun.up() == 0 {
        ctx.cancelled().await;
        return Err(Failure::retry("told to stop"));
    }
    Ok(done)
}

#[job(queue = "long", attempts = 3)]
async fn comes_back(snoozes: bool) -> Result<(), Failure> {
    match snoozes {
        true => Err(Failure::snooze(1.hours(), "not yet")),
        false => Err(Failure::retry_after(1.hours(), "not yet")),
    }
}

fn start(client: &Client, board: &Board) -> Running {
    let worker = worker(client).handler(one_by_one).handler(at_most).handler(effect);
    Running::start(worker.handler(comes_back).state(board.clone()))
}

async fn is_in<T>(job: &JobHandle<T>, state: JobState) {
    at_once("its state", async || job.state().await.expect("asked") == Some(state)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_waits_for_its_handlers_limit_leaves_the_lane_and_no_breaker_opens() {
    let (client, board) = (client().await, Board::default());
    let running = start(&client, &board);
    let runs = client.add(one_by_one, false).await.expect("added");
    at_once("it runs", async || board.begun.get() == 1).await;
    let waits = client.add(one_by_one, false).await.expect("added");
    let next = client.add(one_by_one, true).await.expect("added");
    // Its worker may have it for a moment, to find out that there is no room.
    waits.cancel().await.expect("cancelled");
    is_in(&waits, JobState::Cancelled).await;
    assert!(matches!(runs.cancel().await.expect("told"), Cancelled::Told(_)));
    tokio::time::timeout(Duration::from_secs(4), next.result())
        .await
        .expect("the breaker counts a cancelled run for nothing")
        .expect("it runs");
    is_in(&runs, JobState::Cancelled).await;
    assert_eq!(board.begun.get(), 2);
    assert_eq!(client.dead_letters("dead").expect("a name").count().await.expect("asked"), 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_comes_back_later_ends_at_once_also_in_a_pause() {
    let (client, board) = (client().await, Board::default());
    let running = start(&client, &board);
    let queue = client.queue("long").expect("a name");
    let mut jobs = Vec::new();
    for snoozes in [true, false] {
        let job = client.add(comes_back, snoozes).await.expect("added");
        is_in(&job, JobState::Delayed).await;
        jobs.push(job);
    }
    queue.create().await.expect("there");
    queue.pause().await.expect("paused");
    for job in jobs {
        assert_eq!(job.cancel().by("ops").await.expect("cancelled"), Cancelled::Ended);
        let info = job.info().await.expect("there");
        assert_eq!(info.state, JobState::Cancelled);
        assert_eq!(
            (info.snoozes, info.attempts_made),
            if info.snoozes == 1 { (1, 0) } else { (0, 1) }
        );
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_runs_at_most_once_can_be_cancelled_until_it_begins() {
    let (client, board) = (client().await, Board::default());
    let delayed = client.add(at_most, ()).delay(1.hours()).await.expect("added");
    assert_eq!(delayed.cancel().await.expect("cancelled"), Cancelled::Ended);
    let running = start(&client, &board);
    let job = client.add(at_most, ()).await.expect("added");
    at_once("it runs", async || board.begun.get() == 1).await;
    let refused = job.cancel().await.expect_err("nobody knows it");
    assert!(matches!(refused, Error::Refused(Refused::NotFound { .. })), "{refused}");
    running.stop_within(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_was_recorded_stays_recorded() {
    let (client, board) = (client().await, Board::default());
    let running = start(&client, &board);
    let job = client.add(effect, ()).await.expect("added");
    at_once("it has had its effect", async || board.begun.get() == 1).await;
    job.cancel().await.expect("told");
    is_in(&job, JobState::Cancelled).await;
    job.retry().await.expect("it runs again");
    assert_eq!((job.result().await.expect("a result"), board.effects.get()), (0, 1));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_meanwhile_gives_it_to_nobody() {
    let (client, board) = (client().await, Board::default());
    let first = start(&client, &board);
    let job = client.add(one_by_one, false).await.expect("added");
    at_once("it runs", async || board.begun.get() == 1).await;
    let second = start(&client, &board);
    tokio::join!(async { job.cancel().await.expect("told") }, first.stop_within(Duration::ZERO));
    is_in(&job, JobState::Cancelled).await;
    let next = client.add(one_by_one, true).await.expect("added");
    next.result().await.expect("the other worker goes on");
    assert_eq!(board.begun.get(), 2);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_no_worker_knows_is_cancelled() {
    let (client, board) = (client().await, Board::default());
    let running = start(&client, &board);
    let queue = client.queue("long").expect("a name");
    let unknown = queue.add("unknown", &1).await.expect("added");
    let newer = queue.add("comes_back", &true).version(9).await.expect("added");
    is_in(&unknown, JobState::Delayed).await;
    is_in(&newer, JobState::Delayed).await;
    for job in [unknown, newer] {
        assert_eq!(job.cancel().await.expect("cancelled"), Cancelled::Ended);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_has_expired_and_that_nobody_has_found_yet_ends_as_cancelled() {
    let (client, board) = (client().await, Board::default());
    let queue = client.queue("long").expect("a name");
    let mut jobs = Vec::new();
    for delay in [0, 1] {
        let add = client.add(one_by_one, true).ttl(1.millis()).retain_failed(Retain::count(5));
        jobs.push(add.delay(delay.millis()).await.expect("added"));
    }
    tokio::time::sleep(10.millis()).await;
    for job in &jobs {
        assert_eq!(job.cancel().by("ops").await.expect("cancelled"), Cancelled::Ended);
    }
    assert_eq!(queue.expire().await.expect("asked"), 0, "nothing is left to expire");
    let running = start(&client, &board);
    client.add(one_by_one, true).await.expect("added").result().await.expect("it runs");
    for job in &jobs {
        let outcome = job.info().await.expect("there").outcome;
        assert!(matches!(outcome, Some(Outcome::Cancelled(_))), "{outcome:?}");
    }
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.failed, counts.cancelled, board.begun.get()), (0, 2, 1));
    assert_eq!(client.dead_letters("dead").expect("a name").count().await.expect("asked"), 0);
    running.stop().await;
}
