//! A consumer that receives by hand: the settings of its receives.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{
    connections::WaitConnections,
    rules::{Rules, check_visibility},
};
use crate::{policy::Retain, queue::Queue, value_error::Invalid};

/// A consumer of a queue that fetches jobs by hand. Cheap to clone: clones share the bound on
/// unacknowledged jobs.
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
    pub(super) queue: Queue,
    pub(super) connections: WaitConnections,
    pub(super) rules: Rules,
    /// One for each job that may be unacknowledged.
    pub(super) permits: Option<Arc<Semaphore>>,
    pub(super) invalid: Option<Invalid>,
}

/// The highest bound on unacknowledged jobs.
const MOST_OUT: usize = 100_000;

impl Receiver {
    fn new(queue: Queue) -> Self {
        let (connections, rules) = (WaitConnections::default(), Rules::DEFAULT);
        Self { queue, connections, rules, permits: None, invalid: None }
    }

    /// For how long no other consumer gets a received job: if it isn't acknowledged by then, it is
    /// handed out again. 30 s by default; 100 ms to 12 h. [`extend`](super::Delivery::extend)
    /// changes it for one job.
    #[must_use]
    pub fn visibility(mut self, timeout: Duration) -> Self {
        self.invalid = self.invalid.or_else(|| check_visibility("visibility", timeout).err());
        self.rules.visibility = timeout;
        self
    }

    /// How many unacknowledged jobs this receiver and its clones may have: at that number, a
    /// receive waits until one is acknowledged, or its visibility timeout is over. No bound by
    /// default; 1 to 100,000.
    #[must_use]
    pub fn prefetch(mut self, jobs: usize) -> Self {
        if jobs == 0 || jobs > MOST_OUT {
            let invalid = Invalid::new("prefetch", jobs, "use 1 to 100,000");
            self.invalid = self.invalid.or(Some(invalid));
        }
        self.permits = Some(Arc::new(Semaphore::new(jobs.min(MOST_OUT))));
        self
    }

    /// How often a job may be handed out before it fails for good, and goes to the dead-letter
    /// queue if there is one; no bound by default. Failed attempts and visibility timeouts that ran
    /// out count; a [release](super::Delivery::release) doesn't.
    #[must_use]
    pub fn max_receives(mut self, times: u32) -> Self {
        if times == 0 {
            let invalid = Invalid::new("max_receives", 0, "use 1 or more");
            self.invalid = self.invalid.or(Some(invalid));
        }
        self.rules.max_receives = Some(times);
        self
    }

    /// The dead-letter queue of jobs that fail for good; the one that the queue names by default
    /// ([`SetLimits::dead_letter`](crate::manage::SetLimits::dead_letter)).
    #[must_use]
    pub fn dead_letter(mut self, queue: &str) -> Self {
        match queue.parse() {
            Ok(name) => self.rules.dead_letter = Some(name),
            Err(invalid) => self.invalid = self.invalid.or(Some(invalid)),
        }
        self
    }

    /// Which completed jobs are kept, unless their add says so; the newest 1,000 by default.
    #[must_use]
    pub fn retain(mut self, retain: Retain) -> Self {
        self.invalid = self.invalid.or_else(|| retain.validate().err());
        self.rules.defaults.retain = retain;
        self
    }

    /// Which failed jobs are kept, unless their add says so; the newest 5,000 by default.
    #[must_use]
    pub fn retain_failed(mut self, retain: Retain) -> Self {
        self.invalid = self.invalid.or_else(|| retain.validate().err());
        self.rules.defaults.retain_failed = retain;
        self
    }
}

impl Queue {
    /// A consumer that receives jobs by hand, with settings of its own.
    #[must_use]
    pub fn receiver(&self) -> Receiver {
        Receiver::new(self.clone())
    }
}
