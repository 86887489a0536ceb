//! Having the worker run: until nothing is left to do, one queue alone, or while time goes on.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    TestQueue,
    driven_worker::{DrivenWorker, Worked},
    stage::Mode,
};
use crate::{error::Result, job::QueueName, value_error::Invalid, worker::Ran};

/// For how long jobs may run one after the other until a test is told that they don't end. In the
/// test's own time.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The same on a real Redis, where it is real time.
const LONGEST_REAL: Duration = Duration::from_secs(60);

/// How long what falls due at the end of [`TestQueue::advance`] may take beyond it.
const AT_THE_END: Duration = Duration::from_millis(50);

/// By how much time goes on at once. Far beyond that, clocks end.
const MOST_AT_ONCE: Duration = Duration::from_secs(1_000 * 365 * 86_400);

/// How long the worker runs.
#[derive(Clone, Copy)]
enum Until {
    /// Until nothing is left to do. It is an error if that takes too long.
    Idle,
    /// The same, but to this time at most; what isn't done by then goes on later.
    Time(DateTime<Utc>),
}

/// Whether nothing was left to do.
enum Idle {
    Is,
    Not,
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
        let _driving = self.stage.drive();
        let before = self.stage.watch.ran();
        let queues = self.queues()?;
        self.stage.declare(&self.client).await?;
        self.settle_tasks().await;
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
        let _driving = self.stage.drive();
        let before = self.stage.watch.ran();
        self.settle_tasks().await;
        let queues = std::slice::from_ref(&queue);
        self.run_all(queues, Some(&queue), Until::Idle).await?;
        Ok(self.stage.watch.ran().since(before))
    }

    /// Lets time go on, and runs what falls due on the way, each at its time. Answers how many runs
    /// ended meanwhile. What isn't done by then, for a limit holds it, waits for the next call; a
    /// run that is under way at the end goes on in it. Tasks of the test and of its handlers that
    /// wait for a time go on at that time. Without any handler it is the time alone that goes on.
    ///
    /// # Errors
    /// As of [`run_until_idle`](Self::run_until_idle), or it is longer than 1,000 years.
    pub async fn advance(&self, by: Duration) -> Result<Ran> {
        let _driving = self.stage.drive();
        let before = self.stage.watch.ran();
        if by > MOST_AT_ONCE {
            return Err(
                Invalid::new("time", format!("{by:?}"), "advance by 1,000 years at most").into()
            );
        }
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
        let mut queues = Vec::new();
        if self.stage.has_work() {
            queues = self.queues()?;
            self.stage.declare(&self.client).await?;
        }
        let latest = if self.server.is_real() { target + SLACK } else { target };
        let until = if self.server.is_real() { Until::Idle } else { Until::Time(target) };
        loop {
            self.settle_tasks().await;
            self.run_all(&queues, None, until).await?;
            let now = self.now();
            if now >= target && !self.server.is_real() {
                return Ok(());
            }
            let next = self.next_due(&queues, now, latest).await?;
            let Ok(wait) = (next.unwrap_or(target) - now).to_std() else { return Ok(()) };
            let all = self.stage.queues().into_iter().chain(queues.iter().cloned());
            let all: BTreeSet<QueueName> = all.collect();
            let more = self.pass(wait, &queues);
            self.server.pass(wait, more, &self.client, all.into_iter()).await?;
            if next.is_none() && self.server.is_real() {
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
            let mut busy = self.busy(queues).await.is_some();
            if !busy {
                // Tasks that runs have left behind may add more.
                self.settle_tasks().await;
                busy = self.busy(queues).await.is_some();
            }
            match self.stage.mode() {
                _ if !busy && broadcasts.is_empty() => return self.end_rest().await,
                _ if !busy => {}
                Mode::Live => {
                    self.until_idle(queues, until).await?;
                }
                Mode::Manual | Mode::Inline => self.work(queues, only, until).await?,
            }
            if matches!(until, Until::Time(end) if self.now() >= end) {
                return Ok(());
            }
        }
    }

    /// A worker that rested, and whose runs have ended, goes.
    async fn end_rest(&self) -> Result<()> {
        self.stage.drives.rests.store(false, Ordering::Relaxed);
        match self.resting.lock().await.take() {
            Some(driven) => driven.end().await,
            None => Ok(()),
        }
    }

    /// Has the worker run until nothing is left to do.
    async fn work(
        &self,
        queues: &[QueueName],
        only: Option<&QueueName>,
        until: Until,
    ) -> Result<()> {
        let mut place = self.resting.lock().await;
        self.stage.drives.rests.store(false, Ordering::Relaxed);
        let mut rested = place.take();
        if only.is_some()
            && let Some(driven) = rested.take()
        {
            // It has other queues as well.
            driven.end().await?;
        }
        loop {
            let mut driven = match rested.take() {
                Some(driven) => driven,
                None => DrivenWorker::begin(&self.stage, only).await,
            };
            driven.go_on();
            match driven.until(self.until_idle(queues, until)).await {
                Worked::Died => {}
                Worked::Ended(ended) => return ended,
                Worked::Ready(Ok(Idle::Not)) if self.is_running(queues).await => {
                    driven.rest();
                    *place = Some(driven);
                    self.stage.drives.rests.store(true, Ordering::Relaxed);
                    return Ok(());
                }
                Worked::Ready(idle) => return driven.end().await.and(idle.map(drop)),
            }
        }
    }

    /// Waits until nothing is left to do, or the time is over.
    async fn until_idle(&self, queues: &[QueueName], until: Until) -> Result<Idle> {
        let ran = || self.stage.watch.ran().total();
        let (before, begun) = (ran(), self.now());
        let most = self.stage.drives.most_runs.load(Ordering::Relaxed);
        let done = async {
            loop {
                let looked = ran();
                match self.busy(queues).await {
                    // A run that ended meanwhile may have added a job to a queue that was idle.
                    None if ran() == looked => return Ok(Idle::Is),
                    None => continue,
                    Some(queue) if ran() - before > most && self.now() == begun => {
                        let problem = too_many(queue, most);
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
            (Err(_), Until::Time(_)) => return Ok(Idle::Not),
            (Err(_), Until::Idle) => {}
        }
        let left = |queue| Err(Invalid::setup(endless(queue), ADVICE).into());
        self.busy(queues).await.map_or(Ok(Idle::Is), left)
    }

    /// Whether a job of these queues is being run.
    async fn is_running(&self, queues: &[QueueName]) -> bool {
        for queue in queues {
            if self.server.left(&self.client, queue).await.is_ok_and(|left| left.running > 0) {
                return true;
            }
        }
        false
    }

    /// A queue with jobs to run or effects on their way, if there is one.
    pub(super) async fn busy<'a>(&self, queues: &'a [QueueName]) -> Option<&'a QueueName> {
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

const ADVICE: &str = "do they add each other for ever, or does a limit or a long run hold them? \
                      Then let time go on with `advance`";

fn endless(queue: &QueueName) -> String {
    format!("jobs of queue {queue} are left after an hour of the test's time")
}

fn too_many(queue: &QueueName, runs: usize) -> String {
    format!("jobs of queue {queue} are left after {runs} runs, while no time has passed")
}
