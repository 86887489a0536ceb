//! Building a worker.

use std::{any::Any, collections::BTreeMap, fmt, sync::Arc, time::Duration};

use super::{
    broadcast::{Listener, Listeners},
    config::{Config, SpanHook},
    handle::WorkerHandle,
    handler::Handler,
    registry::Registry,
    runtime::Worker,
    states::{MissingState, States},
    telemetry::{Alert, DeadLettered, Hooks, Outage},
};
use crate::{
    client::Client,
    error::{Error, Result},
    job::{
        Broadcast as _, IntoBroadcast, IntoJob, Job as _, JobName, QueueName, TraceContext,
        WorkerId,
    },
    policy::{Rate, Retain},
    value_error::Invalid,
};

impl Worker {
    /// Builds a worker.
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

/// Sets up a [`Worker`]: add handlers and options, then [`run`](Self::run) it. See
/// [`Worker::builder`].
#[must_use = "a worker starts when it is run"]
pub struct WorkerBuilder {
    client: Client,
    config: Config,
    states: States,
    registries: BTreeMap<QueueName, Registry>,
    listeners: Listeners,
    /// The first mistake, reported when the worker is built.
    mistake: Option<Invalid>,
    /// Run when the worker is built, so that state may be added after the handlers that use it.
    checks: Vec<(&'static str, Check)>,
    hooks: Hooks,
}

impl WorkerBuilder {
    /// Adds a handler, for jobs of its own queue. A worker with handlers of several queues serves
    /// them all, each with [`concurrency`](Self::concurrency) slots.
    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    pub fn handler<F, Args>(mut self, handler: F) -> Self
    where
        F: IntoJob<Args>,
        F::Job: Handler,
    {
        // Its type says it all.
        let _ = handler;
        let definition = F::Job::DEFINITION;
        let added = definition.queue.parse().and_then(|queue: QueueName| {
            definition.name.parse::<JobName>()?;
            self.registries.entry(queue).or_default().insert::<F::Job>()
        });
        self.mistake = self.mistake.or(added.err());
        self.checks.push((definition.name, Box::new(F::Job::check)));
        self
    }

    /// Runs this listener for each of its broadcasts, from any process; as many at once as the
    /// worker has [slots](Self::concurrency), in no order. A worker may have listeners alone.
    ///
    /// ```no_run
    /// # use jobqueue::{broadcast, Client, Worker};
    /// # #[broadcast("cache-invalidation")]
    /// # async fn forget(_key: String) {}
    /// # async fn example(client: Client) -> jobqueue::Result<()> {
    /// Worker::builder(&client).listener(forget).run().await
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    pub fn listener<F, Args>(mut self, listener: F) -> Self
    where
        F: IntoBroadcast<Args>,
        F::Broadcast: Listener,
    {
        let _ = listener;
        self.mistake = self.mistake.or(self.listeners.insert::<F::Broadcast>().err());
        self.checks.push((F::Broadcast::CHANNEL.name, Box::new(F::Broadcast::check)));
        self
    }

    /// Adds shared state that handlers receive as [`State<T>`](super::State). One value per type; a
    /// later one replaces it.
    pub fn state<T: Any + Send + Sync>(mut self, value: T) -> Self {
        self.states.insert(value);
        self
    }

    /// How many jobs of a queue run at once; 10 by default, 1 to 100,000 together with those that
    /// are [fetched ahead](Self::prefetch).
    pub fn concurrency(mut self, slots: usize) -> Self {
        self.config.capacity.concurrency = slots;
        self
    }

    /// How many jobs of a queue are fetched ahead of free slots; none by default. Other workers
    /// can't run them meanwhile; they go back at a shutdown.
    ///
    /// It pays where a handler takes less time than a call to Redis: with as many as there are
    /// slots, one half runs while the other is fetched and settled, and a worker of one slot does
    /// twice the work. Where handlers take longer it gains nothing, and a job waits behind a slow
    /// one although another worker is free. If the worker dies, jobs fetched ahead count as
    /// stalled, too.
    pub fn prefetch(mut self, jobs: usize) -> Self {
        self.config.capacity.prefetch = jobs;
        self
    }

    /// How long after its last sign of life other workers get this worker's jobs; 10 s by default,
    /// 100 ms to 1 h. The worker renews the lease three times in that time.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.config.lease = lease;
        self
    }

    /// How long runs may go on when the worker is asked to stop; 30 s by default. Then they are
    /// cancelled, ended a second later, and their jobs go back at once.
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.config.drain = limit;
        self
    }

    /// How often a job's workers may die or lose their lease before it fails for good; 2 by
    /// default.
    ///
    /// A worker that died before it heard of the job doesn't count, since nothing had run. A worker
    /// says with its next call that it has heard, or after 50 ms. A job that kills it sooner looks
    /// the same; so when it is fetched again, the worker says so before it begins.
    pub fn max_stalls(mut self, stalls: u32) -> Self {
        self.config.defaults.max_stalls = stalls;
        self
    }

    /// What to do with a job whose name no handler here has, or whose payload, or a recorded result of
    /// its [steps](crate::steps::Step::versioned), is of a newer [version](crate::Payload) than its
    /// handler knows: it goes back for `delay`, for a worker that knows it, and fails for good after
    /// `limit` times. 10 s and 30 times by default, at most a day. After one that it couldn't begin, this
    /// worker leaves jobs that fall due to other workers for a third of a second.
    pub fn unknown_names(mut self, delay: Duration, limit: u32) -> Self {
        self.config.defaults.unknown_delay = delay;
        self.config.defaults.unknown_limit = limit;
        self
    }

    /// Which completed jobs are kept of all handlers together that don't say so, unless an add says
    /// so; the newest 1,000 by default.
    pub fn retain(mut self, retain: Retain) -> Self {
        self.config.defaults.retain = retain;
        self
    }

    /// Which failed jobs are kept of all handlers together that don't say so, unless an add says so;
    /// the newest 5,000 by default.
    pub fn retain_failed(mut self, retain: Retain) -> Self {
        self.config.defaults.retain_failed = retain;
        self
    }

    /// The dead-letter queue of jobs whose handler names none; by default the queue's own, which is
    /// none unless [set](crate::manage::SetLimits::dead_letter). There each is a
    /// [`DeadLetter`](crate::dead_letter::DeadLetter), beside what is [kept](Self::retain_failed)
    /// of it in its own queue.
    pub fn dead_letter(mut self, queue: &str) -> Self {
        match queue.parse() {
            Ok(queue) => self.config.dead_letter = Some(queue),
            Err(invalid) => self.mistake = self.mistake.or(Some(invalid)),
        }
        self
    }

    /// Called with the tracing span of each run whose job was sent with a trace, and with the run's
    /// own place in it, before the run waits for its handler's limits and starts: for
    /// OpenTelemetry, whose layer must be told the parent. The span has the fields `trace_id`,
    /// `span_id` and `parent_span_id`, with this hook or without it. The last hook that is given
    /// counts, and one that panics costs no run.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, Worker};
    /// # #[job] async fn work(_: ()) {}
    /// # fn example(client: Client) {
    /// Worker::builder(&client).handler(work).on_span(|span, trace| {
    ///     // `span.set_parent(…)` with the ids that the job was sent with:
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

    /// Called for each job of this worker that goes to a dead-letter queue. May be given more than
    /// once.
    ///
    /// Hooks run one after another on a task of their own: a slow one delays no job, and one that
    /// panics harms nothing. They follow what this process decides: if it dies right then, a hook
    /// may be missed, or called for a failure that another worker finds again.
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
    /// [authentication](crate::retry::ErrorClass::Auth); see
    /// [`RetryRule::alert`](crate::retry::RetryRule::alert). As
    /// [`on_dead_letter`](Self::on_dead_letter) otherwise.
    pub fn on_alert(mut self, hook: impl Fn(&Alert) + Send + Sync + 'static) -> Self {
        self.hooks.alert.push(Box::new(hook));
        self
    }

    /// How many jobs of a queue start per time, over all workers; no limit by default. What an
    /// operator has set at run time ([`Queue::set_limits`](crate::Queue::set_limits)) wins, also
    /// `None`, until he [gives it back](crate::manage::SetLimits::rate_from_code).
    pub fn queue_rate(mut self, rate: Rate) -> Self {
        self.config.rate = Some(rate);
        self
    }

    /// How many jobs of a queue are active at once, over all workers, 1 to 1,000,000,000; no limit
    /// by default. What an operator has set at run time
    /// ([`Queue::set_limits`](crate::Queue::set_limits)) wins, also `None`, until he [gives it
    /// back](crate::manage::SetLimits::max_active_from_code).
    pub fn queue_concurrency(mut self, max: u64) -> Self {
        self.config.max_active = Some(max);
        self
    }

    /// The owner of the schedules that handlers [declare](crate::docs::schedules#declared), a name
    /// for your program: those that it declares no more are removed when a worker starts, from the
    /// queues of that worker. Without an owner none is ever removed. 1 to 128 bytes.
    ///
    /// All programs of one owner must declare the same. While an old and a new version run side by
    /// side, what the one that started last declares counts.
    pub fn schedules_of(mut self, owner: impl Into<String>) -> Self {
        self.config.schedules_of = Some(owner.into());
        self
    }

    /// Whether it has a handler of this name for this queue.
    #[cfg(feature = "testing")]
    pub(crate) fn has_handler(&self, queue: &str, name: &str) -> bool {
        let registry = self.registries.iter().find(|(it, _)| it.as_str() == queue);
        registry.is_some_and(|(_, registry)| registry.get(name).is_some())
    }

    /// Whether a handler of it subscribes to a topic.
    #[cfg(feature = "testing")]
    pub(crate) fn subscribes(&self) -> bool {
        self.registries.iter().any(|(_, registry)| registry.subscriptions().next().is_some())
    }

    /// Whether it has nothing to do, and was set up without a mistake.
    #[cfg(feature = "testing")]
    pub(crate) fn is_empty(&self) -> bool {
        self.registries.is_empty() && self.listeners.is_empty() && self.mistake.is_none()
    }

    /// Whether it has a listener for broadcasts of this name.
    #[cfg(feature = "testing")]
    pub(crate) fn listens_to(&self, channel: &QueueName) -> bool {
        !self.listeners.of(channel).is_empty()
    }

    /// Checks the settings, without starting.
    ///
    /// # Errors
    /// [`Error::Invalid`]: no handler and no listener, two of one name, an option out of range, or
    /// state that a handler asks for and that was not given.
    pub fn build(mut self) -> Result<Worker> {
        if let Some(mistake) = self.mistake {
            return Err(mistake.into());
        }
        if self.registries.is_empty() && self.listeners.is_empty() {
            let advice = "add one with `.handler(…)`, or a listener with `.listener(…)`";
            return Err(Invalid::setup("the worker has no handler", advice).into());
        }
        self.config.validate()?;
        for (name, check) in &self.checks {
            check(&self.states).map_err(|missing| missing.of_handler(name))?;
        }
        self.config.instance = Some(WorkerId::generate());
        let (hooks, hook_task) = self.hooks.connect();
        let handle = WorkerHandle::new(hooks, self.client.shared::<Outage>().clone());
        Ok(Worker {
            client: self.client,
            config: Arc::new(self.config),
            states: Arc::new(self.states),
            registries: self
                .registries
                .into_iter()
                .map(|(queue, it)| (queue, Arc::new(it)))
                .collect(),
            listeners: Arc::new(self.listeners),
            handle,
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
            .field("listeners", &self.listeners)
            .field("mistake", &self.mistake)
            .finish_non_exhaustive()
    }
}
