//! Cancelling jobs, wherever they are.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobHandle, JobState, Queue, Retain, State,
    error::{CallError, Refused, ResultError},
    event::{EventId, EventKind},
    job,
    manage::Cancelled,
    telemetry::WorkerEvent,
};
use jobqueue_tests::wait::{at_once, eventually};

use crate::support::{Count, Running, client, client_and_base, next_now, raw, worker};

/// What runs do, and what became of them.
#[derive(Clone, Default)]
struct Board {
    begun: Count,
    told: Count,
    ended: Count,
}

/// Runs for a minute, or until it is told to stop; then ends as its payload says.
#[job(queue = "long", attempts = 3, dead_letter = "dead", cancel_grace = "200ms")]
async fn long(then: String, board: State<Board>, ctx: Context) -> Result<String, Failure> {
    board.begun.up();
    tokio::select! {
        () = ctx.cancelled() => {}
        () = tokio::time::sleep(60.seconds()) => return Err(Failure::permanent("nobody came")),
    }
    let reason = ctx.cancel_reason().map(ToString::to_string).unwrap_or_default();
    board.told.up();
    match then.as_str() {
        "result" => Ok(reason),
        "permanent" => Err(Failure::permanent(reason)),
        "snooze" => Err(Failure::snooze(1.hours(), reason)),
        "panic" => panic!("{reason}"),
        "stay" => {
            tokio::time::sleep(60.seconds()).await;
            board.ended.up();
            Ok(reason)
        }
        _ => Err(Failure::retry(reason)),
    }
}

struct Stage {
    client: Client,
    queue: Queue,
    board: Board,
    running: Running,
}

async fn stage() -> Stage {
    let (client, board) = (client().await, Board::default());
    let queue = client.queue("long").expect("a queue");
    let running = Running::start(worker(&client).handler(long).state(board.clone()));
    Stage { client, queue, board, running }
}

impl Stage {
    /// A job that runs.
    async fn runs(&self, then: &str) -> JobHandle<String> {
        let before = self.board.begun.get();
        let job = self.client.add(long, then.to_owned()).await.expect("added");
        at_once("the run", async || self.board.begun.get() > before).await;
        job
    }
}

async fn state(job: &JobHandle<String>) -> Option<JobState> {
    job.state().await.expect("a state")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_or_is_delayed_ends_at_once_with_who_and_why() {
    let client = client().await;
    let queue = client.queue("long").expect("a queue");
    let mut events = queue.events_after(&EventId::beginning());
    let waits = client.add(long, String::new()).await.expect("added");
    let delayed = client.add(long, String::new()).delay(1.hours()).unique("k").await;
    let delayed = delayed.expect("added");
    for job in [&waits, &delayed] {
        let answer = job.cancel().by("ops").reason("no more").await.expect("cancelled");
        assert_eq!(answer, Cancelled::Ended);
        let error = job.result().await.expect_err("it has none");
        let ResultError::Cancelled { reason, .. } = &error else { panic!("{error}") };
        assert_eq!(
            (reason.by.as_deref(), reason.reason.as_deref()),
            (Some("ops"), Some("no more"))
        );
        let again = job.cancel().await.expect_err("it has ended");
        let wrong = again.to_string();
        assert!(wrong.contains("the job is cancelled, which doesn't allow this"), "{wrong}");
    }
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.cancelled, counts.total_cancelled, counts.waiting), (2, 2, 0));
    assert_eq!((counts.failed, counts.delayed, counts.total_failed), (0, 0, 0));
    let page = queue.jobs(JobState::Cancelled).page(0, 9).await.expect("a page");
    assert_eq!(page.len(), 2);
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let event = events.next().await.expect("no end").expect("an event");
        if event.kind == EventKind::Cancelled {
            ended.extend(event.jobs);
        }
    }
    assert_eq!(ended, [waits.id().clone(), delayed.id().clone()]);
    // Its key is free again.
    client.add(long, String::new()).delay(1.hours()).unique("k").await.expect("added");
    let missing = queue.job("nobody".parse::<jobqueue::JobId>().expect("an id")).cancel().await;
    assert!(matches!(missing, Err(jobqueue::Error::Refused(Refused::NotFound { .. }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_at_once_and_whatever_its_error_its_job_is_cancelled() {
    let stage = stage().await;
    let mut events = stage.running.handle.events();
    for then in ["retry", "permanent", "snooze", "panic"] {
        let (job, told) = (stage.runs(then).await, stage.board.told.get());
        let answer = job.cancel().reason("enough").await.expect("told");
        assert!(matches!(answer, Cancelled::Told(_)), "{answer:?}");
        at_once("the word", async || stage.board.told.get() > told).await;
        at_once("the end", async || state(&job).await == Some(JobState::Cancelled)).await;
        let info = job.info().await.expect("kept");
        assert!(info.cancel_requested.is_none() && info.errors.is_empty(), "{then}");
    }
    let counts = stage.queue.counts().await.expect("counts");
    assert_eq!((counts.total_cancelled, counts.total_failed, counts.effects), (4, 0, 0));
    let dead = stage.client.queue("dead").expect("a queue").counts().await.expect("counts");
    assert_eq!(dead.total_added, 0, "no dead letter");
    let mut cancelled = 0;
    while let Some(event) = next_now(&mut events).await {
        assert!(!matches!(event, WorkerEvent::Failed { .. } | WorkerEvent::Retrying { .. }));
        cancelled += usize::from(matches!(event, WorkerEvent::Cancelled { .. }));
    }
    assert_eq!(cancelled, 4);
    stage.running.stop().await;
}

#[job(queue = "long")]
async fn short(_: ()) {
    tokio::time::sleep(10.millis()).await;
}

/// The worker's thread looks six seconds later by itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_word_comes_soon_however_long_the_lease_and_whatever_else_runs() {
    let (client, board) = (client().await, Board::default());
    let worker = worker(&client).handler(long).handler(short).state(board.clone());
    let running = Running::start(worker.lease(60.seconds()));
    for round in 1..=3 {
        let job = client.add(long, "result".to_owned()).await.expect("added");
        // Its end is said in a call soon after the answer that brought both.
        client.add(short, ()).await.expect("added").result().await.expect("run");
        at_once("the run", async || board.begun.get() == round).await;
        job.cancel().await.expect("told");
        at_once("the word", async || board.told.get() == round).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_stands_and_a_run_that_stays_is_aborted() {
    let stage = stage().await;
    let done = stage.runs("result").await;
    done.cancel().reason("too late").await.expect("told");
    assert_eq!(done.result().await.expect("a result"), "cancelled: too late");
    assert_eq!(state(&done).await, Some(JobState::Completed));
    let stays = stage.runs("stay").await;
    stays.cancel().await.expect("told");
    at_once("the abort", async || state(&stays).await == Some(JobState::Cancelled)).await;
    let longer = stage.runs("stay").await;
    longer.cancel().grace(1.hours()).by("ops").await.expect("told");
    at_once("the word", async || stage.board.told.get() == 3).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let info = longer.info().await.expect("there");
    let by = info.cancel_requested.and_then(|reason| reason.by);
    assert_eq!((info.state, by.as_deref()), (JobState::Active, Some("ops")));
    stage.running.stop_within(Duration::ZERO).await;
    assert_eq!(state(&longer).await, Some(JobState::Cancelled), "a shutdown gives nothing back");
    assert_eq!(stage.board.ended.get(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_worker_died_is_not_given_to_another() {
    let (client, board) = (client().await, Board::default());
    let queue = client.queue("long").expect("a queue");
    let build = || worker(&client).handler(long).state(board.clone()).lease(1.seconds());
    let dead = tokio::spawn(build().build().expect("a worker").run_until(std::future::pending()));
    let job = client.add(long, String::new()).await.expect("added");
    at_once("the run", async || board.begun.get() == 1).await;
    dead.abort();
    let _ = dead.await;
    job.cancel().await.expect("marked");
    let running = Running::start(build());
    eventually("the end", async || state(&job).await == Some(JobState::Cancelled)).await;
    assert_eq!(board.begun.get(), 1);
    assert_eq!(queue.counts().await.expect("counts").total_cancelled, 1);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_job_runs_again_by_hand() {
    let stage = stage().await;
    let job = stage.runs("retry").await;
    job.cancel().await.expect("told");
    at_once("the end", async || state(&job).await == Some(JobState::Cancelled)).await;
    job.retry().await.expect("it may");
    at_once("the run", async || stage.board.begun.get() == 2).await;
    job.cancel().await.expect("told");
    at_once("the end", async || state(&job).await == Some(JobState::Cancelled)).await;
    assert_eq!(stage.queue.clean(JobState::Cancelled, Duration::ZERO).await.expect("removed"), 1);
    assert_eq!(stage.queue.counts().await.expect("counts").cancelled, 0);
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_cancelled_in_a_call_with_an_answer_each() {
    let client = client().await;
    let queue = client.queue("long").expect("a queue");
    let jobs = client.add_all(long, (0..1_500).map(|_| String::new())).await.expect("added");
    let mut ids: Vec<_> = jobs.iter().map(|job| job.id().clone()).collect();
    ids.push("nobody".parse().expect("an id"));
    ids.push(ids[0].clone());
    let answers = queue.cancel_all(ids).retain(Retain::count(100)).await.expect("cancelled");
    assert_eq!(answers.len(), 1_502);
    assert!(answers[..1_500].iter().all(|answer| answer.as_ref().ok() == Some(&Cancelled::Ended)));
    assert!(matches!(answers[1_500], Err(Refused::NotFound { .. })));
    assert_eq!(answers[1_501].as_ref().ok(), Some(&Cancelled::Ended));
    let counts = queue.counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.cancelled, counts.total_cancelled), (0, 100, 1_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_of_it_at_once_whether_its_request_runs_or_waits() {
    let stage = stage().await;
    let ask = |then: &str| {
        let call = stage.client.call(long, then.to_owned()).timeout(60.seconds());
        tokio::spawn(async move { call.await })
    };
    let runs = ask("retry");
    at_once("the run", async || stage.board.begun.get() == 1).await;
    let ids = stage.queue.jobs(JobState::Active).ids(0, 9).await.expect("ids");
    stage.queue.job(&ids[0]).cancel().reason("why").await.expect("told");
    stage.queue.create().await.expect("there");
    stage.queue.pause().await.expect("paused");
    let waits = ask("retry");
    let ids = at_once("the request", async || {
        let ids = stage.queue.jobs(JobState::Waiting).ids(0, 9).await.expect("ids");
        (!ids.is_empty()).then_some(ids)
    })
    .await;
    stage.queue.job(&ids[0]).cancel().reason("why").await.expect("cancelled");
    for call in [runs, waits] {
        let error = call.await.expect("no panic").expect_err("cancelled");
        let CallError::Cancelled { reason, .. } = error else { panic!("{error}") };
        assert_eq!(reason.reason.as_deref(), Some("why"));
    }
    stage.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_by_hand_hears_of_it_by_its_next_extension() {
    let client = client().await;
    let queue = client.queue("long").expect("a queue");
    let jobs = client.add_all(long, ["a", "b"].map(str::to_owned)).await.expect("added");
    let mut receive = queue.receive(2, Duration::ZERO).await.expect("received").into_iter();
    let (first, second) = (receive.next().expect("one"), receive.next().expect("two"));
    for job in &jobs {
        let answer = job.cancel().await.expect("marked");
        assert_eq!(answer, Cancelled::Told("by-hand".parse().expect("a name")));
    }
    let refused = first.extend(60.seconds()).await.expect_err("cancelled");
    assert!(matches!(refused, jobqueue::Error::Refused(Refused::Cancelled { .. })), "{refused}");
    first.release().await.expect("ended");
    second.complete_with("done").await.expect("a result stands");
    assert_eq!(state(&jobs[0]).await, Some(JobState::Cancelled));
    assert_eq!(jobs[1].result().await.expect("a result"), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_a_worker_has_fetched_ahead_do_not_start() {
    let (client, board) = (client().await, Board::default());
    let builder = worker(&client).concurrency(1).prefetch(3).handler(long);
    let running = Running::start(builder.state(board.clone()));
    let jobs = client.add_all(long, (0..3).map(|_| "retry".to_owned())).await.expect("added");
    let queue = client.queue("long").expect("a queue");
    at_once("the fetch", async || queue.counts().await.expect("counts").active == 3).await;
    at_once("the run", async || board.begun.get() == 1).await;
    queue.cancel_all(jobs.iter().map(|job| job.id())).await.expect("told");
    at_once("the end", async || queue.counts().await.expect("counts").cancelled == 3).await;
    assert_eq!(board.begun.get(), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_cancelled_run_that_stays_is_aborted_though_its_lease_was_lost_meanwhile() {
    let (client, base) = client_and_base("long").await;
    let board = Board::default();
    let builder = worker(&client).concurrency(1).handler(long).state(board.clone());
    let running = Running::start(builder);
    let stays = client.add(long, "stay".to_owned()).await.expect("added");
    at_once("the run", async || board.begun.get() == 1).await;
    stays.cancel().grace(1.seconds()).await.expect("told");
    at_once("the word", async || board.told.get() == 1).await;
    // As if it had stood still for longer than its lease: another has recovered its jobs.
    let mut redis = raw(jobqueue_tests::shared::url()).await;
    let lose = redis::cmd("DEL").arg(format!("{base}workers")).to_owned();
    let _: u8 = lose.query_async(&mut redis).await.expect("lost");
    // It holds the only slot until then.
    let next = client.add(long, "result".to_owned()).await.expect("added");
    at_once("the next run", async || board.begun.get() == 2).await;
    next.cancel().await.expect("told");
    next.result().await.expect("a result");
    assert_eq!(board.ended.get(), 0, "it was aborted");
    running.stop_within(Duration::ZERO).await;
}
