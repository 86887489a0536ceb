//! The jobs, and the handlers that run them.

use std::time::Duration;

use jobqueue::{Context, Failure, State, job};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::{
    book::{Book, Note},
    plan::{Act, Kind},
};

/// A job's payload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) token: u32,
    act: u8,
    takes: u64,
}

const ACTS: [Act; 5] = [Act::Succeed, Act::FailOnce, Act::FailForGood, Act::FailAlways, Act::Panic];

impl Task {
    pub(crate) fn new(token: u32, act: Act, takes: u64) -> Self {
        let act = ACTS.iter().position(|each| *each == act).and_then(|at| u8::try_from(at).ok());
        Self { token, act: act.unwrap_or_default(), takes }
    }

    pub(crate) fn act(&self) -> Act {
        ACTS.get(usize::from(self.act)).copied().unwrap_or(Act::Succeed)
    }
}

/// Notes the end of a run, whatever ends it.
struct Running {
    book: Book,
    id: String,
    run: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.book.note(Note::End { id: self.id.clone(), run: self.run });
    }
}

/// What some jobs do once, however often they run.
async fn act_once(token: u32, run: u64, ctx: &Context, book: &Book) -> Result<(), Failure> {
    let effect = async {
        book.note(Note::Acted { token, run });
        sleep(Duration::from_millis(u64::from(token % 40))).await;
        Ok::<_, Failure>(run)
    };
    let run = ctx.once(format!("effect-{token}"), effect).await?;
    book.note(Note::Kept { token, run });
    Ok(())
}

/// How a run ends that was told to, since its job is cancelled: it says so, has its result all the
/// same, or doesn't listen.
async fn told_to_stop(token: u32) -> Result<(), Failure> {
    match token % 3 {
        0 => Err(Failure::retry("told to stop")),
        1 => Ok(()),
        _ => std::future::pending().await,
    }
}

/// One run, which answers its number: so the outcome in the server tells whose it is.
pub(crate) async fn run(task: Task, ctx: Context, book: Book, kind: Kind) -> Result<u64, Failure> {
    let (id, run) = (ctx.id().to_string(), book.number_run());
    book.note(Note::Start { token: task.token, id: id.clone(), run, kind });
    let _running = Running { book: book.clone(), id: id.clone(), run };
    if task.token % 4 == 1 && !matches!(kind, Kind::Once | Kind::Tick) {
        act_once(task.token, run, &ctx, &book).await?;
    }
    if task.takes > 0 {
        tokio::select! {
            biased;
            () = ctx.cancelled() => {}
            () = sleep(Duration::from_millis(task.takes)) => {}
        }
    }
    if ctx.is_lost() {
        book.note(Note::Lost { id: id.clone(), run });
    } else if ctx.cancel_reason().is_some() {
        told_to_stop(task.token).await?;
    } else if ctx.is_cancelled() {
        // A shutdown whose time is over: the run is to be ended, and its job handed back.
        std::future::pending::<()>().await;
    }
    match task.act() {
        Act::FailOnce if ctx.attempt() == 1 => return Err(Failure::retry("not this time")),
        Act::FailAlways => return Err(Failure::retry("never, but try")),
        Act::FailForGood => return Err(Failure::permanent("never")),
        Act::Panic if ctx.attempt() == 1 => std::panic::resume_unwind(Box::new("as told")),
        _ => {}
    }
    book.note(Note::Effect { id, run });
    Ok(run)
}

#[job(
    queue = "work",
    attempts = 3,
    backoff = fixed("200ms"),
    retain = all,
    retain_failed = all,
    dead_letter = "dead"
)]
pub(crate) async fn work(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Work).await
}

#[job(
    queue = "work",
    concurrency = 1,
    attempts = 3,
    backoff = fixed("200ms"),
    retain = all,
    retain_failed = all,
    dead_letter = "dead"
)]
pub(crate) async fn narrow(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Narrow).await
}

#[job(
    queue = "work",
    breaker = after(3, pause = "500ms", max = "2s"),
    attempts = 4,
    backoff = exponential("100ms", max = "2s", jitter = 0.5),
    retain = all,
    retain_failed = all,
    dead_letter = "dead"
)]
pub(crate) async fn guarded(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Guarded).await
}

#[job(
    queue = "paced",
    attempts = 3,
    backoff = fixed("100ms"),
    retain = all,
    retain_failed = all
)]
pub(crate) async fn paced(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Paced).await
}

#[job(queue = "once", at_most_once)]
pub(crate) async fn once(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Once).await
}

#[job(
    queue = "copies",
    subscribe = "news:#",
    attempts = 3,
    backoff = fixed("100ms"),
    retain = all,
    retain_failed = all
)]
pub(crate) async fn copy(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Publish).await
}

#[job(queue = "calls", attempts = 2, backoff = fixed("100ms"))]
pub(crate) async fn ask(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Call).await
}

#[job(
    queue = "ticks",
    attempts = 2,
    backoff = fixed("100ms"),
    retain = all,
    retain_failed = all
)]
pub(crate) async fn tick(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Tick).await
}
