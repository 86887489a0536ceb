//! Handlers that the tests of flows have in common, and what they note.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jobqueue::{
    Client, Context, DurationExt as _, Failure, Flow, FlowHandle, State,
    error::JobFailure,
    flow::{FlowError, Inputs},
    job,
};
use serde::de::DeserializeOwned;

use crate::support::{Running, worker};

/// What ran, in order, and whether what fails has been mended.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    runs: Arc<Mutex<Vec<String>>>,
    mended: Arc<AtomicBool>,
}

impl Board {
    pub(super) fn note(&self, what: impl Into<String>) {
        self.runs.lock().expect("no panic").push(what.into());
    }

    /// What ran since the last call, sorted.
    pub(super) fn take(&self) -> Vec<String> {
        let mut runs = std::mem::take(&mut *self.runs.lock().expect("no panic"));
        runs.sort();
        runs
    }

    pub(super) fn count(&self) -> usize {
        self.runs.lock().expect("no panic").len()
    }

    pub(super) fn mend(&self) {
        self.mended.store(true, Ordering::SeqCst);
    }
}

/// Gives its payload back, if that doesn't say otherwise.
#[job(queue = "leaves", attempts = 1, cancel_grace = "200ms")]
pub(super) async fn leaf(
    what: String,
    board: State<Board>,
    ctx: Context,
) -> Result<String, Failure> {
    board.note(&what);
    match what.split(' ').next() {
        Some("bad") if !board.mended.load(Ordering::SeqCst) => {
            Err(Failure::permanent(format!("{what} is bad")))
        }
        Some("stay") if !board.mended.load(Ordering::SeqCst) => {
            ctx.cancelled().await;
            board.note(ctx.cancel_reason().map(ToString::to_string).unwrap_or_default());
            Err(Failure::retry("told to end"))
        }
        Some("snooze") if ctx.snoozes() == 0 => Err(Failure::snooze(50.millis(), "later")),
        _ => Ok(what),
    }
}

/// Gets the results of those that it waits for.
#[job(queue = "tops", attempts = 1)]
pub(super) async fn top(name: String, leaves: Inputs<Vec<String>>, board: State<Board>) -> String {
    board.note(&name);
    format!("{name}: {}", leaves.join(", "))
}

/// Sees the failures as well.
#[job(queue = "tops", attempts = 1)]
pub(super) async fn seer(
    name: String,
    leaves: Inputs<Vec<Result<String, JobFailure>>>,
    board: State<Board>,
) -> String {
    board.note(&name);
    let failed = leaves.iter().filter(|leaf| leaf.is_err()).count();
    format!("{name}: {} of {} failed", failed, leaves.len())
}

pub(super) fn leaves(client: &Client, board: &Board) -> Running {
    Running::start(worker(client).handler(leaf).state(board.clone()))
}

pub(super) fn tops(client: &Client, board: &Board) -> Running {
    Running::start(worker(client).handler(top).handler(seer).state(board.clone()))
}

pub(super) fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(str::to_owned).to_vec()
}

/// A top over these leaves.
pub(super) async fn tree<const N: usize>(
    client: &Client,
    payloads: [&str; N],
) -> FlowHandle<String> {
    let flow = Flow::unnamed();
    let leaves = flow.all(leaf, texts(payloads));
    let top = flow.node(top, "top".to_owned()).after(&leaves);
    client.start(flow, top).await.expect("it starts")
}

/// The result of a flow, or why there is none, at once.
pub(super) async fn end<T: DeserializeOwned>(handle: &FlowHandle<T>) -> Result<T, FlowError> {
    let end = tokio::time::timeout(Duration::from_secs(4), handle.result()).await;
    end.expect("it ends at once")
}
