//! A server in the process, and a worker that runs when the test says so.

use std::{any::Any, fmt, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use jobqueue_engine::{Clock, Engine};
use tokio::{sync::Mutex, time::timeout};

use crate::{
    client::Client,
    clock::virtual_time::Epoch,
    error::Result,
    job::{IntoJob, QueueName},
    store::{Destination, WorkLeft},
    value_error::Invalid,
    worker::{Handler, Worker, WorkerBuilder},
};

/// For how long jobs may run one after the other until a test is told that they don't end. In the
/// test's own time.
const LONGEST: Duration = Duration::from_secs(3_600);

/// A server in this process, with a client, and a worker that runs when the test says so. See
/// [`testing`](crate::testing).
///
/// Time stands still but for [`advance`](Self::advance), and for what runs meanwhile: a handler that
/// sleeps for a minute moves it by a minute, and doesn't take one. The library's own times follow
/// it, and those of tokio; `Utc::now()` and `SystemTime::now()` don't, so let handlers that need the
/// time have it as state.
pub struct TestQueue {
    client: Client,
    engine: Arc<Engine>,
    epoch: Epoch,
    setup: Mutex<Option<Setup>>,
}

/// The worker, before and after it is built.
enum Setup {
    Builder(Box<WorkerBuilder>),
    Worker(Box<Worker>),
}

impl TestQueue {
    /// In a runtime whose time stands still.
    pub(super) async fn start(epoch: Epoch) -> Result<Self> {
        let now = u64::try_from(epoch.now().timestamp_millis()).unwrap_or_default();
        // A seed of its own would make a failed test another one the next time.
        let engine = Engine::new(Clock::tokio_from(now), 1);
        let client = Client::builder_of(Destination::Engine(engine.clone())).connect().await?;
        let builder = Box::new(Worker::builder(&client));
        Ok(Self { client, engine, epoch, setup: Mutex::new(Some(Setup::Builder(builder))) })
    }

    /// A client of the server.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The test's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.epoch.now()
    }

    /// The worker runs jobs with this handler.
    ///
    /// # Panics
    /// It has run already.
    #[must_use]
    pub fn handler<F, Args>(self, handler: F) -> Self
    where
        F: IntoJob<Args>,
        F::Job: Handler,
    {
        self.worker(|builder| builder.handler(handler))
    }

    /// The worker's handlers can ask for this with [`State`](crate::State).
    ///
    /// # Panics
    /// The worker has run already.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(self, value: T) -> Self {
        self.worker(|builder| builder.state(value))
    }

    /// Sets up what else the worker has.
    ///
    /// # Panics
    /// It has run already.
    #[must_use]
    pub fn worker(mut self, set_up: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        let setup = self.setup.get_mut();
        let Some(Setup::Builder(builder)) = setup.take() else {
            panic!("the worker has run already: set it up before");
        };
        *setup = Some(Setup::Builder(Box::new(set_up(*builder))));
        self
    }

    /// Runs all jobs that are due in the queues of the worker's handlers, and those that they add,
    /// until nothing is left to do before time goes on: a retry waits for its backoff. What is on
    /// its way to other queues arrives.
    ///
    /// # Errors
    /// The worker is set up wrongly, or jobs are left after an hour of the test's time.
    pub async fn run_until_idle(&self) -> Result<()> {
        let mut setup = self.setup.lock().await;
        let worker = built(&mut setup)?;
        let queues: Vec<QueueName> = worker.queues().cloned().collect();
        if self.busy(&queues).is_none() {
            return Ok(());
        }
        worker.handle().begin();
        let mut idle = Ok(());
        let stop = async {
            let done = async {
                while self.busy(&queues).is_some() {
                    self.engine.called().await;
                }
            };
            if timeout(LONGEST, done).await.is_err() {
                idle = self.busy(&queues).map_or(Ok(()), |queue| Err(endless(queue).into()));
            }
        };
        worker.run_once_until(stop).await.and(idle)
    }

    /// Lets time go on, and runs what falls due on the way, each at its time.
    ///
    /// # Errors
    /// As of [`run_until_idle`](Self::run_until_idle).
    pub async fn advance(&self, by: Duration) -> Result<()> {
        let target = self.now() + by;
        let queues: Vec<QueueName> = {
            let mut setup = self.setup.lock().await;
            built(&mut setup)?.queues().cloned().collect()
        };
        loop {
            self.run_until_idle().await?;
            let now = self.now();
            let later = |left: WorkLeft| {
                let next = DateTime::from_timestamp_millis(left.next?)?;
                Some(next).filter(|next| *next > now && *next <= target)
            };
            let next = queues.iter().filter_map(|queue| later(self.left(queue))).min();
            let until = next.unwrap_or(target);
            let Ok(wait) = (until - now).to_std() else { return Ok(()) };
            tokio::time::advance(wait).await;
            if next.is_none() {
                return self.run_until_idle().await;
            }
        }
    }

    fn left(&self, queue: &QueueName) -> WorkLeft {
        self.client.store().work_left(&self.engine, queue, self.now())
    }

    /// A queue with jobs to run or effects on their way, if there is one.
    fn busy<'a>(&self, queues: &'a [QueueName]) -> Option<&'a QueueName> {
        queues.iter().find(|queue| {
            let left = self.left(queue);
            left.jobs + left.effects > 0
        })
    }
}

fn built(setup: &mut Option<Setup>) -> Result<&mut Worker> {
    if let Some(Setup::Builder(builder)) = setup.take_if(|it| matches!(it, Setup::Builder(_))) {
        *setup = Some(Setup::Worker(Box::new(builder.build()?)));
    }
    match setup {
        Some(Setup::Worker(worker)) => Ok(worker),
        _ => Err(Invalid::setup("the test's worker was set up wrongly", "mend its setup").into()),
    }
}

fn endless(queue: &QueueName) -> Invalid {
    let problem = format!("jobs of queue {queue} are left after an hour of the test's time");
    Invalid::setup(problem, "do they add each other for ever, or does a limit hold them?")
}

impl fmt::Debug for TestQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestQueue").field("now", &self.now()).finish_non_exhaustive()
    }
}
