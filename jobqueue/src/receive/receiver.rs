//! What holds for all receives of one consumer.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{connections::WaitConnections, receive::Receive};
use crate::{
    job::QueueName, policy::Retain, queue::Queue, settle::JobDefaults, value_error::Invalid,
};

/// A consumer of a queue that fetches jobs by hand. Cheap to clone: clones share the bound on jobs that are
/// out.
///
/// ```no_run
/// # use jobqueue::{DurationExt, Queue};
/// # async fn example(orders: Queue) -> Result<(), Box<dyn std::error::Error>> {
/// let receiver = orders.receiver().visibility(1.minutes()).prefetch(10).max_receives(5);
/// loop {
///     for job in receiver.receive(10, 20.seconds()).await? {
///         tokio::spawn(async move {
///             println!("{}: {:?}", job.id(), job.payload::<serde_json::Value>());
///             job.complete().await
///         });
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Receiver {
    pub(crate) queue: Queue,
    pub(crate) connections: WaitConnections,
    pub(crate) rules: Rules,
    /// One for each job that may be out.
    pub(crate) permits: Option<Arc<Semaphore>>,
    pub(crate) invalid: Option<Invalid>,
}

/// How jobs are received.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) visibility: Duration,
    pub(crate) max_receives: Option<u32>,
    /// Where jobs go that fail for good; else where the queue says.
    pub(crate) dead_letter: Option<QueueName>,
    pub(crate) care: JobDefaults,
}

/// The visibility timeout unless another is set: that of SQS.
const VISIBILITY: Duration = Duration::from_secs(30);

/// The shortest and the longest.
pub(crate) const VISIBILITIES: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(12 * 3_600);

/// The most jobs that may be out.
const MOST_OUT: usize = 100_000;

impl Receiver {
    pub(crate) fn new(queue: Queue) -> Self {
        let rules = Rules {
            visibility: VISIBILITY,
            max_receives: None,
            dead_letter: None,
            care: JobDefaults::DEFAULT,
        };
        Self { queue, connections: WaitConnections::default(), rules, permits: None, invalid: None }
    }

    /// How long a job that was received is nobody else's: if it isn't acknowledged by then, it is handed out
    /// again. 30 s by default; 100 ms to 12 h. A single job's is [extended](super::Delivery::extend).
    #[must_use]
    pub fn visibility(mut self, timeout: Duration) -> Self {
        self.invalid = self.invalid.or_else(|| check_visibility("visibility", timeout).err());
        self.rules.visibility = timeout;
        self
    }

    /// How many jobs may be out unacknowledged, of this receiver and its clones: at that many, a receive waits
    /// until one is acknowledged, or its visibility timeout is over. No bound by default; 1 to 100,000.
    #[must_use]
    pub fn prefetch(mut self, jobs: usize) -> Self {
        if jobs == 0 || jobs > MOST_OUT {
            let flaw = Invalid::new("prefetch", jobs, "use 1 to 100,000");
            self.invalid = self.invalid.or(Some(flaw));
        }
        self.permits = Some(Arc::new(Semaphore::new(jobs.min(MOST_OUT))));
        self
    }

    /// How often a job may be handed out before it fails for good, and goes to the dead-letter queue if there
    /// is one; without a bound by default. Counted are attempts that failed and visibility timeouts
    /// that ran out, not jobs that were [released](super::Delivery::release).
    #[must_use]
    pub fn max_receives(mut self, times: u32) -> Self {
        if times == 0 {
            let flaw = Invalid::new("max_receives", 0, "use 1 or more");
            self.invalid = self.invalid.or(Some(flaw));
        }
        self.rules.max_receives = Some(times);
        self
    }

    /// The queue to which jobs go that fail for good; the queue's own by default
    /// ([`SetLimits::dead_letter`](crate::manage::SetLimits::dead_letter)).
    #[must_use]
    pub fn dead_letter(mut self, queue: &str) -> Self {
        match queue.parse() {
            Ok(name) => self.rules.dead_letter = Some(name),
            Err(flaw) => self.invalid = self.invalid.or(Some(flaw)),
        }
        self
    }

    /// What is kept of completed jobs that don't say so themselves; the newest 1,000 by default.
    #[must_use]
    pub fn retain(mut self, retain: Retain) -> Self {
        self.rules.care.retain = retain;
        self
    }

    /// What is kept of failed jobs that don't say so themselves; the newest 5,000 by default.
    #[must_use]
    pub fn retain_failed(mut self, retain: Retain) -> Self {
        self.rules.care.retain_failed = retain;
        self
    }

    /// Takes up to `max` jobs out, 1 to 1,000; waits up to `wait` if there are none, or no more may be out.
    pub fn receive(&self, max: usize, wait: Duration) -> Receive {
        Receive::new(self.clone(), max, wait)
    }
}

pub(crate) fn check_visibility(what: &'static str, timeout: Duration) -> Result<(), Invalid> {
    if VISIBILITIES.contains(&timeout) {
        return Ok(());
    }
    Err(Invalid::new(what, format!("{timeout:?}"), "use 100 ms to 12 h"))
}
