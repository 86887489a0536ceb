//! Setting a worker up.

use std::{any::Any, collections::BTreeMap, fmt, sync::Arc, time::Duration};

use super::{
    broadcast::{Listener, Listeners},
    config::{Config, SpanHook},
    extract::{MissingState, States},
    handle::WorkerHandle,
    handler::Handler,
    registry::Registry,
    telemetry::{Alert, DeadLettered, HookTask, Hooks},
};
use crate::{
    client::Client,
    error::{Error, Result},
    job::{JobName, QueueName, TraceContext},
    policy::{Rate, Retain},
    value_error::Invalid,
};

/// A worker: handlers, and the queues they are for.
///
/// ```no_run
/// # use jobqueue::{job, Client, State, Worker};
/// # #[derive(Clone)] struct Db;
/// # #[job(queue = "orders")]
/// # async fn process_order(_order: u64, _db: State<Db>) {}
/// # async fn example(client: Client, db: Db) -> jobqueue::Result<()> {
/// Worker::builder(&client)
///     .state(db)
///     .handler(process_order)
///     .concurrency(100)
///     .run() // until SIGTERM or SIGINT
///     .await
/// # }
/// ```
///
/// # Metrics
///
/// With the feature `metrics` a worker tells the facade of that name what it does; handles are made when they are
/// first used, so install a recorder before the first job runs. These are of this process;
/// [`Queue::stats`](crate::Queue::stats) is of all workers together.
///
/// | name | type | labels | what |
/// | --- | --- | --- | --- |
/// | `jobqueue_worker_started_total` | counter | `queue`, `job` | runs that began |
/// | `jobqueue_worker_completed_total` | counter | `queue`, `job` | runs that ended well |
/// | `jobqueue_worker_retried_total` | counter | `queue`, `job` | runs that failed, and whose jobs are tried again |
/// | `jobqueue_worker_failed_total` | counter | `queue`, `job` | jobs that failed for good, also those that were not run |
/// | `jobqueue_worker_dead_lettered_total` | counter | `queue`, `job` | those of them that went to a dead-letter queue |
/// | `jobqueue_worker_released_total` | counter | `queue` | jobs handed back without a run that counts |
/// | `jobqueue_worker_lost_total` | counter | `queue` | jobs lost with the worker's lease |
/// | `jobqueue_worker_wait_seconds` | histogram | `queue`, `job` | how long first attempts waited, as in [`QueueStats::wait`](crate::stats::QueueStats::wait) |
/// | `jobqueue_worker_run_seconds` | histogram | `queue`, `job` | how long runs took |
/// | `jobqueue_worker_running` | gauge | `queue` | runs that are alive |
/// | `jobqueue_worker_slots` | gauge | `queue` | how many there may be |
///
/// The label `job` is the handler's name, and `unknown` for jobs of which no handler is known here.
#[derive(Debug)]
pub struct Worker {
    pub(crate) client: Client,
    pub(crate) config: Arc<Config>,
    pub(crate) states: Arc<States>,
    pub(crate) registries: BTreeMap<QueueName, Registry>,
    pub(crate) listeners: Listeners,
    pub(crate) handle: WorkerHandle,
    /// Hooks, until the worker starts.
    pub(crate) hook_task: Option<HookTask>,
}

impl Worker {
    /// Sets a worker up.
    pub fn builder(client: &Client) -> WorkerBuilder {
        WorkerBuilder {
            client: client.clone(),
            config: Config::DEFAULT,
            states: States::default(),
            registries: BTreeMap::new(),
            listeners: Listeners::default(),
            mistake: None,
            checks: Vec::new(),
            hooks: Hooks::default(),
        }
    }
}

/// Checks a handler's arguments against the state that the worker was given.
type Check = Box<dyn Fn(&States) -> Result<(), MissingState> + Send>;

/// Sets up a [`Worker`]: add handlers and options, then [`run`](Self::run) it. See [`Worker::builder`].
#[must_use = "a worker starts when it is run"]
pub struct WorkerBuilder {
    client: Client,
    config: Config,
    states: States,
    registries: BTreeMap<QueueName, Registry>,
    listeners: Listeners,
    /// The first mistake, told when the worker is built.
    mistake: Option<Invalid>,
    /// Made when the worker is built, so that state may be given after the handlers that use it.
    checks: Vec<(&'static str, Check)>,
    hooks: Hooks,
}

impl WorkerBuilder {
    /// Runs jobs of this kind, from its own queue. A worker with handlers of several queues serves them
    /// all, each with [`concurrency`](Self::concurrency) slots.
    pub fn handler<H: Handler>(mut self, handler: H) -> Self {
        let definition = H::DEFINITION;
        let added = definition.queue.parse().and_then(|queue: QueueName| {
            definition.name.parse::<JobName>()?;
            self.registries.entry(queue).or_default().insert(handler)
        });
        self.mistake = self.mistake.or(added.err());
        self.checks.push((definition.name, Box::new(move |states| handler.check(states))));
        self
    }

    /// Runs this listener for each of its broadcasts, from any process; as many at once as the worker has
    /// [slots](Self::concurrency), in no order. A worker may have listeners alone.
    ///
    /// ```no_run
    /// # use jobqueue::{broadcast, Client, Worker};
    /// # #[broadcast("cache-invalidation")]
    /// # async fn forget(_key: String) {}
    /// # async fn example(client: Client) -> jobqueue::Result<()> {
    /// Worker::builder(&client).listener(forget).run().await
    /// # }
    /// ```
    pub fn listener<L: Listener>(mut self, listener: L) -> Self {
        self.mistake = self.mistake.or(self.listeners.insert(listener).err());
        self.checks.push((L::CHANNEL.name, Box::new(move |states| listener.check(states))));
        self
    }

    /// Adds shared state that handlers receive as [`State<T>`](super::State). One value per type; a later
    /// one replaces it.
    pub fn state<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// How many jobs of a queue run at once; 10 by default.
    pub fn concurrency(mut self, slots: usize) -> Self {
        self.config.slots.concurrency = slots;
        self
    }

    /// How many jobs of a queue are fetched ahead of free slots; none by default. Other workers can't run
    /// them meanwhile; they go back at a shutdown.
    ///
    /// It pays where a handler takes less time than a call to Redis: with as many as there are slots, one
    /// half runs while the other is fetched and settled, and a worker of one slot does twice the work. Where
    /// handlers take longer it gains nothing, and a job waits behind a slow one although another worker is
    /// free. If the worker dies, jobs fetched ahead count as stalled, too.
    pub fn prefetch(mut self, jobs: usize) -> Self {
        self.config.slots.prefetch = jobs;
        self
    }

    /// How long after its last sign of life other workers get this worker's jobs; 10 s by default, 100 ms
    /// to 1 h. The worker renews the lease three times in that time.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.config.lease = lease;
        self
    }

    /// How long runs may go on when the worker is asked to stop; 30 s by default. Then they are cancelled,
    /// ended a second later, and their jobs go back at once.
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.config.drain = limit;
        self
    }

    /// How often a job's workers may die or lose their lease before it fails for good; 2 by default.
    pub fn max_stalls(mut self, stalls: u32) -> Self {
        self.config.care.max_stalls = stalls;
        self
    }

    /// What to do with a job whose name no handler here has, or whose payload is of a newer
    /// [version](crate::Payload) than its handler knows: it goes back for `delay`, for a worker that knows
    /// it, and fails for good after `limit` times. 10 s and 30 times by default. While it is away, this
    /// worker leaves jobs that fall due to other workers for a third of a second.
    pub fn unknown_names(mut self, delay: Duration, limit: u32) -> Self {
        self.config.care.unknown_delay = delay;
        self.config.care.unknown_limit = limit;
        self
    }

    /// What is kept of completed jobs whose handler and add say nothing; the newest 1,000 by default.
    pub fn retain(mut self, retain: Retain) -> Self {
        self.config.care.retain = retain;
        self
    }

    /// What is kept of failed jobs whose handler and add say nothing; the newest 5,000 by default.
    pub fn retain_failed(mut self, retain: Retain) -> Self {
        self.config.care.retain_failed = retain;
        self
    }

    /// The dead-letter queue of jobs whose handler names none; by default the queue's own, which is none
    /// unless [set](crate::manage::SetLimits::dead_letter). There each is a [`DeadLetter`](crate::dead_letter::DeadLetter), beside what is [kept](Self::retain_failed) of it in its
    /// own queue.
    pub fn dead_letter(mut self, queue: &str) -> Self {
        match queue.parse() {
            Ok(queue) => self.config.dead_letter = Some(queue),
            Err(invalid) => self.mistake = self.mistake.or(Some(invalid)),
        }
        self
    }

    /// Called with the tracing span of each run whose job was sent with a trace, and with the run's own place
    /// in it, before the run starts: for OpenTelemetry, whose layer must be told the parent. Without it the
    /// span has the fields `trace_id`, `span_id` and `parent_span_id`.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, Worker};
    /// # #[job] async fn work(_: ()) {}
    /// # fn example(client: Client) {
    /// Worker::builder(&client).handler(work).on_span(|span, trace| {
    ///     // `span.set_parent(…)` with the ids of the trace and of the span that the job was sent with:
    ///     let (_trace, _parent) = (trace.trace_id().to_bytes(), trace.parent_span_id());
    ///     let _ = span;
    /// });
    /// # }
    /// ```
    pub fn on_span(
        mut self,
        hook: impl Fn(&tracing::Span, &TraceContext) + Send + Sync + 'static,
    ) -> Self {
        self.config.on_span = Some(SpanHook::new(hook));
        self
    }

    /// Called for each job of this worker that goes to a dead-letter queue. May be given more than once.
    ///
    /// Hooks run one after another on a task of their own: a slow one delays no job, and one that panics
    /// harms nothing. They follow what this process decides: if it dies right then, a hook may be missed, or
    /// called for a failure that another worker finds again.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, Worker};
    /// # #[job] async fn charge(_: ()) {}
    /// # fn example(client: Client) {
    /// Worker::builder(&client)
    ///     .handler(charge)
    ///     .dead_letter("payments-dlq")
    ///     .on_dead_letter(|dead| eprintln!("{} is in {}: {}", dead.id, dead.to, dead.failure))
    ///     .on_alert(|alert| eprintln!("{} error: {}", alert.class, alert.failure));
    /// # }
    /// ```
    pub fn on_dead_letter(mut self, hook: impl Fn(&DeadLettered) + Send + Sync + 'static) -> Self {
        self.hooks.dead_letter.push(Box::new(hook));
        self
    }

    /// Called for each error of a class that needs a person, such as one of
    /// [authentication](crate::retry::ErrorClass::Auth); see [`RetryRule::alert`](crate::retry::RetryRule::alert). As
    /// [`on_dead_letter`](Self::on_dead_letter) otherwise.
    pub fn on_alert(mut self, hook: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.hooks.alert.push(Box::new(hook));
        self
    }

    /// How many jobs of a queue start per time, over all workers; no limit by default. A rate that an
    /// operator has set at run time ([`Queue::set_limits`](crate::Queue::set_limits)) wins.
    pub fn queue_rate(mut self, rate: Rate) -> Self {
        self.config.rate = Some(rate);
        self
    }

    /// How many jobs of a queue are active at once, over all workers; no limit by default. One that an
    /// operator has set at run time ([`Queue::set_limits`](crate::Queue::set_limits)) wins.
    pub fn queue_concurrency(mut self, max: u64) -> Self {
        self.config.max_active = Some(max);
        self
    }

    /// Builds the worker, without starting it.
    ///
    /// # Errors
    /// [`Error::Invalid`]: no handler and no listener, two of one name, an option out of range, or state that a handler
    /// asks for and that was not given.
    pub fn build(self) -> Result<Worker> {
        if let Some(mistake) = self.mistake {
            return Err(mistake.into());
        }
        if self.registries.is_empty() && self.listeners.is_empty() {
            let advice = "add one with `.handler(…)`, or a listener with `.listener(…)`";
            return Err(Invalid::new("worker", "with no handler", advice).into());
        }
        self.config.validate()?;
        for (name, check) in &self.checks {
            check(&self.states)
                .map_err(|missing| Invalid::new("handler", name, missing.to_string()))?;
        }
        let (bell, hook_task) = self.hooks.connect();
        Ok(Worker {
            client: self.client,
            config: Arc::new(self.config),
            states: Arc::new(self.states),
            registries: self.registries,
            listeners: self.listeners,
            handle: WorkerHandle::new(bell),
            hook_task,
        })
    }

    /// Builds the worker and runs it until SIGTERM or SIGINT; see [`Worker::run`].
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and [`Worker::run`].
    pub async fn run(self) -> Result<(), Error> {
        self.build()?.run().await
    }

    /// Builds the worker and runs it until `stop` is ready; see [`Worker::run_until`].
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and [`Worker::run_until`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        self.build()?.run_until(stop).await
    }
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("config", &self.config)
            .field("registries", &self.registries)
            .field("ears", &self.listeners)
            .field("mistake", &self.mistake)
            .finish_non_exhaustive()
    }
}
