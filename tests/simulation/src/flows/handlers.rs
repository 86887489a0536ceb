//! What runs: leaves, what waits for them, what follows from a flow, and jobs of several steps.

use std::time::Duration;

use jobqueue::{Context, Failure, Flow, State, error::JobFailure, flow::Inputs, job};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::{
    book::{Book, Note},
    jobs::{Task, run},
    plan::Kind,
};

/// What waits for leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Whole {
    pub(super) token: u32,
    /// For how many.
    pub(super) waits_for: usize,
}

/// A job of several steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parts {
    pub(super) token: u32,
    /// What its children do, if it has any.
    pub(super) children: Option<Vec<Task>>,
    /// How long it sleeps, in ms.
    pub(super) sleeps: u64,
}

/// How long it waits for a signal.
const SIGNAL: Duration = Duration::from_secs(6);

/// How long for one that nobody sends.
const ANOTHER: Duration = Duration::from_millis(1_200);

/// A run of what isn't a leaf.
fn begin(token: u32, ctx: &Context, book: &Book, kind: Kind) -> u64 {
    let run = book.number_run();
    book.note(Note::Start { token, id: ctx.id().to_string(), run, kind });
    run
}

fn end(run: u64, ctx: &Context, book: &Book) -> u64 {
    book.note(Note::Effect { id: ctx.id().to_string(), run });
    run
}

fn whole(whole: &Whole, found: usize, ctx: &Context, book: &Book) -> Result<u64, Failure> {
    let run = begin(whole.token, ctx, book, Kind::Top);
    if found != whole.waits_for {
        return Err(Failure::permanent(format!("{found} inputs, not {}", whole.waits_for)));
    }
    Ok(end(run, ctx, book))
}

#[job(
    queue = "leaves",
    attempts = 3,
    backoff = fixed("100ms"),
    retain = all,
    retain_failed = all
)]
pub(crate) async fn leaf(task: Task, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    run(task, ctx, book.0, Kind::Leaf).await
}

#[job(queue = "tops", attempts = 3, backoff = fixed("100ms"), retain = all, retain_failed = all)]
pub(crate) async fn top(
    it: Whole,
    ctx: Context,
    book: State<Book>,
    inputs: Inputs<Vec<u64>>,
) -> Result<u64, Failure> {
    whole(&it, inputs.len(), &ctx, &book)
}

#[job(queue = "tops", attempts = 3, backoff = fixed("100ms"), retain = all, retain_failed = all)]
pub(crate) async fn seer(
    it: Whole,
    ctx: Context,
    book: State<Book>,
    inputs: Inputs<Vec<Result<u64, JobFailure>>>,
) -> Result<u64, Failure> {
    whole(&it, inputs.len(), &ctx, &book)
}

#[job(queue = "tops", attempts = 3, backoff = fixed("100ms"), retain = all, retain_failed = all)]
pub(crate) async fn follow(token: u32, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    let run = begin(token, &ctx, &book, Kind::Top);
    Ok(end(run, &ctx, &book))
}

/// A step whose effect is noted, and what it came to as well.
async fn step(
    parts: &Parts,
    nth: u32,
    run: u64,
    ctx: &Context,
    book: &Book,
) -> Result<(), Failure> {
    let token = parts.token * 10 + nth;
    let effect = async || {
        book.note(Note::Acted { token, run });
        sleep(Duration::from_millis(u64::from(token % 40))).await;
        Ok::<_, Failure>(run)
    };
    let run = ctx.step(format!("step-{nth}"), effect).await?;
    book.note(Note::Kept { token, run });
    Ok(())
}

#[job(
    queue = "parents",
    attempts = 3,
    backoff = fixed("100ms"),
    retain = all,
    retain_failed = all,
    steps
)]
pub(crate) async fn in_parts(it: Parts, ctx: Context, book: State<Book>) -> Result<u64, Failure> {
    let run = begin(it.token, &ctx, &book, Kind::Parent);
    step(&it, 0, run, &ctx, &book).await?;
    ctx.sleep(Duration::from_millis(it.sleeps)).await?;
    match &it.children {
        Some(children) => {
            let flow = Flow::unnamed();
            let leaves = flow.all(leaf, children.clone());
            let ends: Vec<u64> = ctx.spawn_children("leaves", flow, leaves).await?;
            if ends.len() != children.len() {
                return Err(Failure::permanent(format!("{} children ended", ends.len())));
            }
        }
        None => {
            let first: Option<u32> = ctx.wait_for("go", SIGNAL).optional().await?;
            let second: Option<u32> = ctx.wait_for("go", ANOTHER).optional().await?;
            let heard = u32::from(first.is_some()) + u32::from(second.is_some());
            book.note(Note::Heard { token: it.token, signals: heard });
        }
    }
    step(&it, 1, run, &ctx, &book).await?;
    Ok(end(run, &ctx, &book))
}
