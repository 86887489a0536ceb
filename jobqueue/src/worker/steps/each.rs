//! A loop that goes on at the item at which it stopped.

use std::{fmt, pin::Pin};

use tracing::debug;

use super::{
    error::StepError,
    line::{Busy, Note},
};
use crate::{
    error::Error,
    error_chain::chain,
    task::boxed,
    value_error::{Corrupt, Invalid},
    worker::run::{Context, Part, RunSteps, Spot, number},
};

/// A loop about to begin; see [`Context::each`].
#[must_use = "the loop begins when this is awaited"]
pub struct Each<'a, I> {
    ctx: &'a Context,
    spot: Spot,
    items: I,
    every: u64,
}

/// A loop over items that remembers where it is; see [`Context::each`].
pub struct EachItem<'a, I> {
    cursor: Cursor<'a>,
    items: I,
}

/// How far a loop has come.
struct Cursor<'a> {
    ctx: &'a Context,
    spot: Spot,
    every: u64,
    done: u64,
    recorded: u64,
    /// Whether an item is being worked on.
    at_one: bool,
    /// Which parts the handler had come to when all that is done was done: a run that goes on there
    /// finds its parts where it would, had it done the others.
    counts: String,
}

impl Context {
    /// Goes over items, and on at the item at which an earlier run stopped. What is done with an item
    /// counts when the next one is asked for. The items are the same, in the same order, in each run.
    ///
    /// ```
    /// # use jobqueue::{job, Context, Failure};
    /// # async fn import(_row: String) -> Result<(), Failure> { Ok(()) }
    /// #[job(queue = "imports", attempts = 5, steps)]
    /// async fn import_all(rows: Vec<String>, ctx: Context) -> Result<(), Failure> {
    ///     let mut rows = ctx.each("rows", rows).every(100).await?;
    ///     while let Some(row) = rows.next().await? {
    ///         import(row).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// What is done with an item may have parts of its own: steps, sleeps, waits, but no
    /// [compensation](Self::on_failure), which a run that goes on behind the item couldn't register
    /// again. They count among the job's 1,000.
    ///
    /// In a test of a handler without Redis it goes over all.
    pub fn each<I: IntoIterator>(
        &self,
        name: impl Into<String>,
        items: I,
    ) -> Each<'_, I::IntoIter> {
        let spot = self.spot(Part::Each, name.into());
        Each { ctx: self, spot, items: items.into_iter(), every: 1 }
    }
}

impl<'a, I: Iterator> Each<'a, I> {
    /// How many items are done between two records; 1 by default. It is recorded as well when the run
    /// ends, by an error, a sleep or a shutdown. A run whose process dies does up to so many again.
    pub fn every(mut self, items: u64) -> Self {
        self.every = items;
        self
    }

    async fn begin(self) -> Result<EachItem<'a, I>, StepError> {
        let Self { ctx, spot, mut items, every } = self;
        if every == 0 {
            return Err(Error::from(Invalid::new("number of items", 0, "use 1 or more")).into());
        }
        let mut done = 0;
        if let Some(line) = ctx.line(&spot).await?
            && let Some(entry) = line.find(&spot).await?
        {
            let (number_done, counts) = read(&entry.value)?;
            done = number_done;
            if let (Some(steps), Some(counts)) = (ctx.steps(), counts) {
                steps.resume(counts).map_err(Error::from)?;
            }
        }
        if done > 0 {
            let skip = usize::try_from(done - 1).unwrap_or(usize::MAX);
            let _ = items.nth(skip);
        }
        let counts = ctx.steps().map(RunSteps::counts).unwrap_or_default();
        let cursor = Cursor { ctx, spot, every, done, recorded: done, at_one: false, counts };
        Ok(EachItem { cursor, items })
    }
}

impl<I: Iterator> EachItem<'_, I> {
    /// The next item; the one before is done. `None` when all are.
    ///
    /// # Errors
    /// It can't be recorded how far the loop has come.
    pub async fn next(&mut self) -> Result<Option<I::Item>, StepError> {
        let Self { cursor, items } = self;
        cursor.end_item();
        let item = items.next();
        let unrecorded = cursor.done - cursor.recorded;
        if unrecorded >= cursor.every || (item.is_none() && unrecorded > 0) {
            cursor.record().await?;
        }
        cursor.works(item.is_some());
        Ok(item)
    }

    /// How many items are done, those of earlier runs among them.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.cursor.done
    }
}

/// How many items are done, and which parts had been come to; before, loops didn't say that.
fn read(value: &[u8]) -> Result<(u64, Option<&str>), StepError> {
    let text = std::str::from_utf8(value).map_err(|_| Corrupt::new("a recorded loop", "no text"));
    let text = text.map_err(Error::from)?;
    let (done, counts) = text.split_once(' ').map_or((text, None), |(it, rest)| (it, Some(rest)));
    Ok((number(done.as_bytes()).map_err(Error::from)?, counts))
}

impl Cursor<'_> {
    fn works(&mut self, at_one: bool) {
        if std::mem::replace(&mut self.at_one, at_one) != at_one
            && let Some(steps) = self.ctx.steps()
        {
            steps.works_on_item(at_one);
        }
    }

    fn end_item(&mut self) {
        if self.at_one {
            self.done += 1;
            self.counts = self.ctx.steps().map(RunSteps::counts).unwrap_or_default();
            self.works(false);
        }
    }

    async fn record(&mut self) -> Result<(), StepError> {
        if let Some(line) = self.ctx.line(&self.spot).await? {
            line.record(self.note()).await?;
        }
        self.recorded = self.done;
        Ok(())
    }

    fn note(&self) -> Note {
        Note::new(&self.spot, format!("{} {}", self.done, self.counts).into_bytes())
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        self.works(false);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if self.done == self.recorded || self.ctx.shared().is_none() || self.ctx.is_lost() {
            return;
        }
        let (busy, note) = (Busy::new(self.ctx), self.note());
        runtime.spawn(boxed(async move {
            if let Err(error) = busy.record(&note).await {
                debug!(error = %chain(&error), "how far a loop has come could not be recorded");
            }
        }));
    }
}

impl<'a, I: Iterator + Send + 'a> IntoFuture for Each<'a, I> {
    type Output = Result<EachItem<'a, I>, StepError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

impl<I> fmt::Debug for Each<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spot, every, .. } = self;
        f.debug_struct("Each").field("spot", spot).field("every", every).finish_non_exhaustive()
    }
}

impl<I> fmt::Debug for EachItem<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cursor { spot, done, .. } = &self.cursor;
        f.debug_struct("EachItem").field("spot", spot).field("done", done).finish_non_exhaustive()
    }
}
