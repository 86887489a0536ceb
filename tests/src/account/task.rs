//! The jobs of an account, and the handler that runs them.

use std::time::Duration;

use jobqueue::{Context, Failure, JobId, State, job};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};

use super::note::{Book, Note};

/// A job's payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its name at the producer, before Redis knows of it. One add, one token.
    pub token: String,
    /// The action of its handler.
    pub act: Act,
    /// How long that takes, in ms.
    pub ms: u64,
}

/// The action of a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// It succeeds.
    Work,
    /// It fails the first attempt, and then succeeds.
    Flaky,
    /// It fails for good.
    Hopeless,
    /// It panics, at every attempt.
    Panic,
}

/// The prefix of the tokens of jobs that are removed as soon as they have ended.
const DISCARDED: &str = "d-";

impl Task {
    /// A task with a token of its own. One that isn't `kept` is to be added with no retention.
    #[must_use]
    pub fn new(act: Act, time: Duration, kept: bool) -> Self {
        let token = format!("{}{}", if kept { "k-" } else { DISCARDED }, JobId::generate());
        Self { token, act, ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// Whether the job with this token is kept when it has ended.
#[must_use]
pub fn is_kept(token: &str) -> bool {
    !token.starts_with(DISCARDED)
}

/// The queue of the dead letters of failed tasks.
pub const DEAD: &str = "accounts-dead";

/// Runs a task, and answers the name of the run, so that the outcome in Redis tells whose it is.
///
/// A run that is lost notes it and goes on to its end: its outcome is to be refused.
#[job(
    queue = "accounts",
    attempts = 3,
    backoff = fixed("20ms"),
    retain = all,
    retain_failed = all,
    codec = "json",
    dead_letter = "accounts-dead"
)]
pub async fn work(task: Task, ctx: Context, book: State<Book>) -> Result<String, Failure> {
    let (id, run) = (ctx.id().to_string(), book.name_run());
    let (token, attempt) = (task.token, ctx.attempt());
    book.note(&Note::Start { id: id.clone(), run: run.clone(), attempt, token });
    let end = Instant::now() + Duration::from_millis(task.ms);
    tokio::select! {
        () = sleep_until(end), if task.ms > 0 => {}
        () = ctx.cancelled(), if task.ms > 0 => {}
        () = std::future::ready(()), if task.ms == 0 => {}
    }
    if ctx.is_lost() {
        book.note(&Note::Lost { id: id.clone(), run: run.clone() });
    } else if ctx.is_cancelled() {
        // A shutdown whose time is over: this run is to be ended, and its job handed back.
        std::future::pending::<()>().await;
    }
    match task.act {
        Act::Flaky if ctx.attempt() == 1 => return Err(Failure::retry("not this time")),
        Act::Hopeless => return Err(Failure::permanent("never")),
        Act::Panic => panic!("as told"),
        Act::Work | Act::Flaky => {}
    }
    book.note(&Note::Effect { id, run: run.clone() });
    Ok(run)
}

/// Runs a task at most once. The run's note is written before anything can fail.
#[job(queue = "accounts", at_most_once, codec = "json")]
pub async fn once(task: Task, ctx: Context, book: State<Book>) {
    let (id, run) = (ctx.id().to_string(), book.name_run());
    let (token, attempt) = (task.token, ctx.attempt());
    book.note(&Note::Start { id: id.clone(), run: run.clone(), attempt, token });
    tokio::time::sleep(Duration::from_millis(task.ms)).await;
    book.note(&Note::Effect { id, run });
}
