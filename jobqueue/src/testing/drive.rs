//! Having the worker run: until nothing is left to do, one queue alone, or while time goes on.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep_until, timeout};

use super::{TestQueue, stage::Mode};
use crate::{
    error::Result,
    job::QueueName,
    store::WorkLeft,
    value_error::Invalid,
    worker::{QueuesAside, Ran, Worker},
};

/// For how long jobs may run one after the other until a test is told that they don't end. In the
/// test's own time.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The same on a real Redis, where it is real time.
const LONGEST_REAL: Duration = Duration::from_secs(60);

/// How long what falls due at the end of [`TestQueue::advance`] may take beyond it.
const AT_THE_END: Duration = Duration::from_millis(50);

/// How long the worker runs.
#[derive(Clone, Copy)]
enum Until {
    /// Until nothing is left to do. It is an error if that takes too long.
    Idle,
    /// The same, but to this time at most; what isn't done by then goes on later.
    Time(DateTime<Utc>),
}

/// On a real Redis runs take time, so what they add falls due a little later.
const SLACK: TimeDelta = TimeDelta::seconds(1);

impl TestQueue {
    /// Runs all jobs that are due in the queues of the worker's handlers, and those that they add,
    /// until nothing is left to do before time goes on: a retry waits for its backoff. What is on
    /// its way to other queues arrives, and listeners hear broadcasts.
    ///
    /// Answers how many runs ended meanwhile.
    ///
    /// # Errors
    /// The worker is set up wrongly, or jobs are left after an hour of the test's time.
    pub async fn run_until_idle(&self) -> Result<Ran> {
        let before = self.stage.watch.ran();
        let queues = self.queues()?;
        self.stage.declare(&self.client).await?;
        self.run_all(&queues, None, Until::Idle).await?;
        Ok(self.stage.watch.ran().since(before))
    }

    /// The same for the jobs of one queue. What these add to other queues waits there.
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, Error};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) -> u64 { user }
    /// # #[job(queue = "reports")]
    /// # async fn report(_: ()) {}
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// # let app = app.handler(welcome).handler(report);
    /// app.client().add(welcome, 7).await?;
    /// app.client().add(report, ()).await?;
    /// assert_eq!(app.drain("mails").await?.completed, 1);
    /// assert_eq!(app.enqueued(report).await?.len(), 1);
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    ///
    /// # Errors
    /// As of [`run_until_idle`](Self::run_until_idle); no handler of the worker has this queue; or
    /// the worker is [live](Self::live), and runs all queues anyway.
    pub async fn drain(&self, queue: impl AsRef<str>) -> Result<Ran> {
        let queue: QueueName = queue.as_ref().parse()?;
        if self.stage.mode() == Mode::Live {
            let problem = format!("queue {queue} can't be drained alone: the worker is live");
            return Err(Invalid::setup(problem, "use `run_until_idle`").into());
        }
        if !self.queues()?.contains(&queue) {
            let problem = format!("the test's worker has no handler of queue {queue}");
            return Err(Invalid::setup(problem, "add one with `.handler(…)`").into());
        }
        let before = self.stage.watch.ran();
        let queues = std::slice::from_ref(&queue);
        self.run_all(queues, Some(&queue), Until::Idle).await?;
        Ok(self.stage.watch.ran().since(before))
    }

    /// Lets time go on, and runs what falls due on the way, each at its time. Answers how many runs
    /// ended meanwhile. What isn't done by then, for a limit holds it, waits for the next call; a
    /// run that is under way at the end is told to stop, as at a shutdown, and begins anew.
    ///
    /// # Errors
    /// As of [`run_until_idle`](Self::run_until_idle).
    pub async fn advance(&self, by: Duration) -> Result<Ran> {
        let before = self.stage.watch.ran();
        let target = self.now() + by;
        if self.stage.mode() == Mode::Live && self.server.is_real() {
            let problem = "time can't be moved under a live worker on a real redis";
            return Err(Invalid::setup(problem, "leave out `live()`, or test it embedded").into());
        }
        if self.stage.mode() == Mode::Live {
            sleep_until(Instant::now() + by).await;
            self.run_until_idle().await?;
        } else {
            self.advance_to(target).await?;
        }
        Ok(self.stage.watch.ran().since(before))
    }

    async fn advance_to(&self, target: DateTime<Utc>) -> Result<()> {
        let queues = self.queues()?;
        self.stage.declare(&self.client).await?;
        let latest = if self.server.is_real() { target + SLACK } else { target };
        let until = if self.server.is_real() { Until::Idle } else { Until::Time(target) };
        loop {
            self.run_all(&queues, None, until).await?;
            let now = self.now();
            if now > target && !self.server.is_real() {
                return Ok(());
            }
            let later = |left: WorkLeft| {
                let next = DateTime::from_timestamp_millis(left.next?)?;
                Some(next).filter(|next| *next > now && *next <= latest)
            };
            let mut next = None;
            for queue in &queues {
                let due = later(self.server.left(&self.client, queue).await?);
                next = due.into_iter().chain(next).min();
            }
            let Ok(wait) = (next.unwrap_or(target) - now).to_std() else { return Ok(()) };
            let all = self.stage.queues().into_iter().chain(queues.iter().cloned());
            let all: BTreeSet<QueueName> = all.collect();
            self.server.pass(wait, &self.client, all.into_iter()).await?;
            if next.is_none() {
                return self.run_all(&queues, None, until).await;
            }
        }
    }

    /// The queues of the worker's handlers.
    pub(super) fn queues(&self) -> Result<Vec<QueueName>> {
        Ok(self.stage.one_by_one()?.queues().cloned().collect())
    }

    async fn run_all(
        &self,
        queues: &[QueueName],
        only: Option<&QueueName>,
        until: Until,
    ) -> Result<()> {
        loop {
            let broadcasts = self.stage.take_broadcasts();
            for (channel, message) in &broadcasts {
                self.stage.one_by_one()?.hear(channel, message).await?;
            }
            let busy = self.busy(queues).await.is_some();
            match self.stage.mode() {
                _ if !busy && broadcasts.is_empty() => return Ok(()),
                _ if !busy => {}
                Mode::Live => self.until_idle(queues, until).await?,
                Mode::Manual | Mode::Inline => self.work(queues, only, until).await?,
            }
            if matches!(until, Until::Time(end) if self.now() >= end) {
                return Ok(());
            }
        }
    }

    /// Has the worker run until nothing is left to do.
    async fn work(
        &self,
        queues: &[QueueName],
        only: Option<&QueueName>,
        until: Until,
    ) -> Result<()> {
        let mut place = self.stage.worker().await;
        let Some(worker) = place.as_mut() else { return Ok(()) };
        let alone = Alone::new(worker, only);
        loop {
            let mut crashes = self.stage.watch.crashes();
            alone.worker.handle().begin();
            let mut idle = Ok(());
            let stop = async { idle = self.until_idle(queues, until).await };
            let ended = tokio::select! {
                biased;
                () = crashes.next() => None,
                ended = alone.worker.run_once_until(stop) => Some(ended),
            };
            // A worker that died leaves its jobs to the next, when its lease is over.
            if let Some(ended) = ended {
                return ended.and(idle);
            }
        }
    }

    /// Waits until nothing is left to do.
    async fn until_idle(&self, queues: &[QueueName], until: Until) -> Result<()> {
        let ran = || self.stage.watch.ran().total();
        let (before, begun) = (ran(), self.now());
        let done = async {
            loop {
                let looked = ran();
                match self.busy(queues).await {
                    // A run that ended meanwhile may have added a job to a queue that was idle.
                    None if ran() == looked => return Ok(()),
                    None => continue,
                    Some(queue) if ran() - before > self.most_runs && self.now() == begun => {
                        let problem = too_many(queue, self.most_runs);
                        return Err(Invalid::setup(problem, ADVICE).into());
                    }
                    Some(_) => self.server.happened().await,
                }
            }
        };
        let longest = match until {
            Until::Time(end) => (end - begun).to_std().unwrap_or_default().max(AT_THE_END),
            Until::Idle if self.server.is_real() => LONGEST_REAL,
            Until::Idle => LONGEST,
        };
        match (timeout(longest, done).await, until) {
            (Ok(idle), _) => return idle,
            (Err(_), Until::Time(_)) => return Ok(()),
            (Err(_), Until::Idle) => {}
        }
        let left = |queue| Err(Invalid::setup(endless(queue), ADVICE).into());
        self.busy(queues).await.map_or(Ok(()), left)
    }

    /// A queue with jobs to run or effects on their way, if there is one.
    async fn busy<'a>(&self, queues: &'a [QueueName]) -> Option<&'a QueueName> {
        for queue in queues {
            match self.server.left(&self.client, queue).await {
                Ok(left) if left.jobs + left.effects == 0 => {}
                // What can't be looked at isn't known to be idle.
                Ok(_) | Err(_) => return Some(queue),
            }
        }
        None
    }
}

/// A worker that runs one of its queues alone, until this is dropped.
struct Alone<'a> {
    worker: &'a mut Worker,
    others: QueuesAside,
}

impl<'a> Alone<'a> {
    fn new(worker: &'a mut Worker, only: Option<&QueueName>) -> Self {
        let others = only.map(|only| worker.put_aside(only)).unwrap_or_default();
        Self { worker, others }
    }
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.worker.take_back(std::mem::take(&mut self.others));
    }
}

const ADVICE: &str = "do they add each other for ever, or does a limit or a long run hold them? \
                      Then let time go on with `advance`";

fn endless(queue: &QueueName) -> String {
    format!("jobs of queue {queue} are left after an hour of the test's time")
}

fn too_many(queue: &QueueName, runs: usize) -> String {
    format!("jobs of queue {queue} are left after {runs} runs, while no time has passed")
}
