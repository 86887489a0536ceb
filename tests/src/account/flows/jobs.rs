//! The handlers of nodes. Each notes that it ran, and answers which nodes are beneath it.

use jobqueue::{Context, Failure, State, error::JobFailure, flow::Inputs, job};
use serde::{Deserialize, Serialize};

use super::super::note::{Book, Note};

/// A node that waits for nothing, or a job that follows from a flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The flow's id and the node's place in it: no two have the same.
    pub name: String,
    /// The action of its handler.
    pub act: Act,
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
}

/// A node that waits for others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Whole {
    /// As of a [`Part`].
    pub name: String,
    /// What must be beneath it: so many nodes of each of these names.
    pub beneath: Vec<(String, usize)>,
}

/// What a node gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The nodes that wait for nothing beneath it, or its own name.
    pub names: Vec<String>,
    /// The run whose result this is.
    pub run: String,
}

/// A run that was begun.
struct Run<'a> {
    id: String,
    name: String,
    book: &'a Book,
}

impl<'a> Run<'a> {
    fn begin(ctx: &Context, book: &'a Book, token: &str) -> Self {
        let (id, name) = (ctx.id().to_string(), book.name_run());
        let (run, attempt, token) = (name.clone(), ctx.attempt(), token.to_owned());
        book.note(&Note::Start { id: id.clone(), run, attempt, token });
        Self { id, name, book }
    }

    fn end(self, names: Vec<String>) -> Done {
        self.book.note(&Note::Effect { id: self.id, run: self.name.clone() });
        Done { names, run: self.name }
    }
}

fn part(part: Part, ctx: &Context, book: &Book) -> Result<Done, Failure> {
    let run = Run::begin(ctx, book, &part.name);
    match part.act {
        Act::Flaky if ctx.attempt() == 1 => Err(Failure::retry("not this time")),
        Act::Hopeless => Err(Failure::permanent("never")),
        Act::Work | Act::Flaky => Ok(run.end(vec![part.name])),
    }
}

/// What the names of nodes of one group begin with, and then their number.
#[must_use]
pub fn named(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

fn whole(whole: &Whole, found: Vec<String>, ctx: &Context, book: &Book) -> Result<Done, Failure> {
    let run = Run::begin(ctx, book, &whole.name);
    let expected: Vec<String> =
        whole.beneath.iter().flat_map(|(prefix, count)| named(prefix, *count)).collect();
    if found != expected {
        return Err(Failure::permanent(format!("wrong inputs: {found:?}, not {expected:?}")));
    }
    Ok(run.end(found))
}

fn names(all: Vec<Done>) -> Vec<String> {
    all.into_iter().flat_map(|done| done.names).collect()
}

/// A leaf of the first queue.
#[job(queue = "fan-orders", attempts = 3, backoff = fixed("10ms"), retain = all, retain_failed = all)]
pub async fn leaf_orders(it: Part, ctx: Context, book: State<Book>) -> Result<Done, Failure> {
    part(it, &ctx, &book)
}

/// The same of the second.
#[job(queue = "fan-mails", attempts = 3, backoff = fixed("10ms"), retain = all, retain_failed = all)]
pub async fn leaf_mails(it: Part, ctx: Context, book: State<Book>) -> Result<Done, Failure> {
    part(it, &ctx, &book)
}

/// The same of the third.
#[job(queue = "fan-users", attempts = 3, backoff = fixed("10ms"), retain = all, retain_failed = all)]
pub async fn leaf_users(it: Part, ctx: Context, book: State<Book>) -> Result<Done, Failure> {
    part(it, &ctx, &book)
}

/// Waits for many.
#[job(queue = "fan-mails", retain = all, retain_failed = all)]
pub async fn join(
    it: Whole,
    ctx: Context,
    book: State<Book>,
    inputs: Inputs<Vec<Done>>,
) -> Result<Done, Failure> {
    whole(&it, names(inputs.0), &ctx, &book)
}

/// Waits for one.
#[job(queue = "fan-orders", retain = all, retain_failed = all)]
pub async fn load(
    it: Whole,
    ctx: Context,
    book: State<Book>,
    input: Inputs<Done>,
) -> Result<Done, Failure> {
    whole(&it, input.0.names, &ctx, &book)
}

/// Waits for two.
#[job(queue = "fan-users", retain = all, retain_failed = all)]
pub async fn crown(
    it: Whole,
    ctx: Context,
    book: State<Book>,
    inputs: Inputs<(Done, Done)>,
) -> Result<Done, Failure> {
    let (left, right) = inputs.0;
    whole(&it, names(vec![left, right]), &ctx, &book)
}

/// Waits for many, and sees their failures.
#[job(queue = "fan-orders", retain = all, retain_failed = all)]
pub async fn review(
    it: Whole,
    ctx: Context,
    book: State<Book>,
    inputs: Inputs<Vec<Result<Done, JobFailure>>>,
) -> Result<Done, Failure> {
    let (well, badly): (Vec<_>, Vec<_>) = inputs.0.into_iter().partition(Result::is_ok);
    if badly.is_empty() {
        return Err(Failure::permanent("no failure was seen"));
    }
    whole(&it, names(well.into_iter().flatten().collect()), &ctx, &book)
}

/// Follows from a flow as a whole.
#[job(queue = "fan-users", retain = all, retain_failed = all)]
pub async fn follow(it: Part, ctx: Context, book: State<Book>) -> Result<Done, Failure> {
    part(it, &ctx, &book)
}
