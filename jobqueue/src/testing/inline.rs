//! Jobs that run before their add returns.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};

use super::stage::Stage;
use crate::{
    clock,
    error::{Error, Result},
    job::{JobId, QueueName},
    store::OneJob,
    task::boxed,
    value_error::Invalid,
    worker::OneEnd,
};

/// How deep adds that run at once may stand in each other.
const DEEPEST: usize = 100;

/// For how long one run by itself may take. In the test's own time.
const LONGEST_RUN: Duration = Duration::from_secs(86_400);

/// The same on a real Redis, where it is real time.
const LONGEST_REAL_RUN: Duration = Duration::from_secs(60);

/// The runs that stand in each other, each of which waits for the end of the next.
#[derive(Clone, Default)]
struct Chain {
    depth: usize,
    /// How many have begun since the first add.
    runs: Arc<AtomicUsize>,
}

tokio::task_local! {
    static CHAIN: Chain;
}

impl Stage {
    /// Runs all that waits now, each job once, and what it adds.
    pub(super) async fn run_waiting(&self) -> Result<()> {
        let _driving = self.drive();
        let Chain { depth, runs } = CHAIN.try_with(Chain::clone).unwrap_or_default();
        if depth >= DEEPEST {
            let problem = format!("jobs add each other {DEEPEST} deep, and each runs at once");
            return self.leave_waiting(problem).await;
        }
        let this = self.this.upgrade().ok_or(Error::Closed)?;
        // In a task of its own, or the stack would be as deep. It ends with who waits for it.
        let mut task = JoinSet::new();
        let chain = Chain { depth: depth + 1, runs };
        let run = {
            let runs = chain.runs.clone();
            async move { this.run_each_waiting(&runs).await }
        };
        task.spawn(boxed(CHAIN.scope(chain, run)));
        task.join_next().await.and_then(std::result::Result::ok).unwrap_or(Err(Error::Closed))
    }

    async fn run_each_waiting(&self, runs: &AtomicUsize) -> Result<()> {
        let (worker, mut ran) = (self.one_by_one()?, HashSet::new());
        loop {
            let ready = worker.ready().await?;
            let next = |(_, id): &(_, JobId)| !ran.contains(id) && !self.is_left(id);
            let found = ready.into_iter().find(next);
            let most = self.drives.most_runs.load(Ordering::Relaxed);
            let begun = runs.fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
            // Also if a handler within has heard of it and said nothing.
            if begun >= most && (found.is_some() || begun > most) {
                let problem = format!("one add has had {most} jobs run, and more are left");
                return self.leave_waiting(problem).await;
            }
            let Some((queue, id)) = found else { return Ok(()) };
            self.run_one(&queue, &id, None).await?;
            ran.insert(id);
        }
    }

    /// Says that what waits now runs no more at once, and why.
    async fn leave_waiting(&self, problem: String) -> Result<()> {
        let ready = self.one_by_one()?.ready().await?;
        self.leave(ready.into_iter().map(|(_, id)| id));
        Err(Invalid::setup(problem, "test them without `inline()`").into())
    }

    /// Runs one job by itself. None if it doesn't wait any more.
    pub(super) async fn run_one(
        &self,
        queue: &QueueName,
        id: &JobId,
        new: Option<OneJob>,
    ) -> Result<Option<OneEnd>> {
        let (longest, whose) = if clock::is_virtual() {
            (LONGEST_RUN, "a day of the test's time")
        } else {
            (LONGEST_REAL_RUN, "a minute")
        };
        let run = self.one_by_one()?.run(queue.as_str(), id, new);
        timeout(longest, run).await.unwrap_or_else(|_| {
            let problem = format!("the run of job {id} in queue {queue} hasn't ended in {whose}");
            Err(Invalid::setup(problem, "have its handler end, or give it a `timeout`").into())
        })
    }
}
