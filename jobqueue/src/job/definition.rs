//! What is declared once for every job of a kind.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::Codec, declared_schedule::DeclaredSchedule, payload::PayloadVersions,
    tags::validate_tags, unique::Unique,
};
use crate::{
    policy::{Backoff, Breaker, Rate, Retain, RetryPolicy},
    value_error::{Invalid, PayloadError},
};

/// A kind of job: what goes in, what comes out, and how it is treated.
///
/// [`#[job]`](macro@crate::job) implements it for the handler it is put on, so that the handler's
/// name is all a producer needs: `client.add(process_order, order)`.
///
/// The type that implements it only names the kind; no value of it is ever asked anything.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type that implements `Job`",
    note = "a function with `#[job]` names such a type: code that is generic over handlers asks for `F: IntoJob<Args>`"
)]
pub trait Job: Send + Sync + 'static {
    /// What a job of this kind carries.
    type Payload: Serialize + DeserializeOwned + Send + 'static;
    /// What a successful run gives back.
    type Output: Serialize + DeserializeOwned + Send + 'static;
    /// Its queue, its name and its defaults.
    const DEFINITION: Definition;
    /// Which versions of the payload it can read. [`#[job]`](macro@crate::job) takes them from the
    /// payload's type; written by hand it is `PayloadVersions::of()` for one that implements
    /// [`Payload`](crate::Payload).
    const VERSIONS: PayloadVersions<Self::Payload> = PayloadVersions::none();

    /// The group of a job with this payload, for adds that say none; `#[job(group = "…")]` makes it of
    /// the payload's fields. None by default.
    ///
    /// # Errors
    /// The group can't be made of this payload. Then nothing is added.
    fn group(payload: &Self::Payload) -> Result<Option<String>, PayloadError> {
        let _ = payload;
        Ok(None)
    }

    /// The concurrency keys of a job with this payload, each with how many jobs of it may be active at
    /// once; those that an add says come besides. `#[job(concurrency_key = "…", per_key = …)]` makes them of
    /// the payload's fields. None by default.
    ///
    /// # Errors
    /// They can't be made of this payload. Then nothing is added.
    fn concurrency_keys(payload: &Self::Payload) -> Result<BTreeMap<String, u32>, PayloadError> {
        let _ = payload;
        Ok(BTreeMap::new())
    }

    /// The unique key of a job with this payload, for adds that say none; `#[job(unique(…))]` makes
    /// it of the payload's fields. None by default.
    ///
    /// # Errors
    /// The key can't be made of this payload. Then nothing is added.
    fn unique(payload: &Self::Payload) -> Result<Option<Unique>, PayloadError> {
        let _ = payload;
        Ok(None)
    }
}

/// Where jobs of a kind go and what holds for them unless an add says otherwise.
///
/// What concerns a run (attempts, backoff, timeout, retention) is read by the *worker*, so a new
/// value holds for jobs that already wait. Priority, time to live, codec and tags are read
/// by the *producer*.
///
/// ```
/// use std::time::Duration;
/// use jobqueue::{handler::Definition, Backoff};
///
/// const MAIL: Definition = Definition::new("mails", "welcome")
///     .attempts(5)
///     .backoff(Backoff::exponential(Duration::from_secs(1)))
///     .timeout(Duration::from_secs(30));
/// # let _ = MAIL;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    pub(crate) queue: &'static str,
    pub(crate) name: &'static str,
    pub(crate) priority: i16,
    pub(crate) ttl: Option<Duration>,
    /// From when a job is due.
    pub(crate) deadline: Option<Duration>,
    pub(crate) codec: Codec,
    /// By which its jobs are found.
    pub(crate) tags: &'static [&'static str],
    pub(crate) run: RunRules,
    pub(crate) limits: LocalLimits,
    pub(crate) dead_letter: Option<&'static str>,
    /// A topic, and a pattern.
    pub(crate) subscription: Option<(&'static str, &'static str)>,
    pub(crate) schedule: Option<DeclaredSchedule>,
}

/// How a run of a job ends when it doesn't end well, and what is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunRules {
    pub(crate) attempts: u32,
    pub(crate) backoff: Backoff,
    /// What follows from which class of error.
    pub(crate) retry: &'static RetryPolicy,
    pub(crate) timeout: Option<Duration>,
    /// From when a job is due.
    pub(crate) retry_for: Option<Duration>,
    /// How often a job may be snoozed.
    pub(crate) snoozes: u32,
    /// How long a run of a cancelled job may take to end by itself.
    pub(crate) cancel_grace: Duration,
    pub(crate) retain: Option<Retain>,
    pub(crate) retain_failed: Option<Retain>,
    pub(crate) delivery: Delivery,
    /// Whether its runs record what their parts come to.
    pub(crate) steps: bool,
}

/// How often a job runs when something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It is settled when its run has ended: until then it runs again.
    AtLeastOnce,
    /// It is settled before its run starts, and then never runs again.
    AtMostOnce,
}

/// What one process allows itself for one handler.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LocalLimits {
    pub(crate) concurrency: Option<usize>,
    pub(crate) rate: Option<Rate>,
    pub(crate) breaker: Option<Breaker>,
}

/// The most runs at once: as many jobs as one process holds of a queue.
pub(crate) const MOST_RUNS: usize = 100_000;

/// Attempts of a job whose handler and whose add say nothing.
pub(crate) const DEFAULT_ATTEMPTS: u32 = 3;

/// Snoozes of a job whose handler and whose add say nothing.
pub(crate) const DEFAULT_SNOOZES: u32 = 1_000;

/// How long a run of a cancelled job may take to end by itself, if its handler says nothing.
pub(crate) const DEFAULT_CANCEL_GRACE: Duration = Duration::from_secs(10);

impl RunRules {
    pub(crate) const DEFAULT: Self = Self {
        attempts: DEFAULT_ATTEMPTS,
        backoff: Backoff::DEFAULT,
        retry: &RetryPolicy::STANDARD,
        timeout: None,
        retry_for: None,
        snoozes: DEFAULT_SNOOZES,
        cancel_grace: DEFAULT_CANCEL_GRACE,
        retain: None,
        retain_failed: None,
        delivery: Delivery::AtLeastOnce,
        steps: false,
    };
}

impl Definition {
    /// A kind of job by the name of its queue and its own, with every default.
    #[must_use]
    pub const fn new(queue: &'static str, name: &'static str) -> Self {
        Self {
            queue,
            name,
            priority: 0,
            ttl: None,
            deadline: None,
            codec: Codec::MessagePack,
            tags: &[],
            run: RunRules::DEFAULT,
            limits: LocalLimits { concurrency: None, rate: None, breaker: None },
            dead_letter: None,
            subscription: None,
            schedule: None,
        }
    }

    /// How often a job may run before it fails for good; 3 by default, at least 1. As all numbers
    /// here it is checked when a worker is built; `#[job]` checks them at compile time.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.run.attempts = attempts;
        self
    }

    /// The wait before the next attempt; exponential from 1 s to 1 h by default.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.run.backoff = backoff;
        self
    }

    /// What follows from which class of error; [`RetryPolicy::STANDARD`] by default.
    #[must_use]
    pub const fn retry(mut self, policy: &'static RetryPolicy) -> Self {
        self.run.retry = policy;
        self
    }

    /// How long a run may take; no limit by default.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.run.timeout = Some(timeout);
        self
    }

    /// How long a run may take to end by itself once its job is
    /// [cancelled](crate::JobHandle::cancel), before it is aborted; 10 s by default.
    #[must_use]
    pub const fn cancel_grace(mut self, grace: Duration) -> Self {
        self.run.cancel_grace = grace;
        self
    }

    /// -1024 (first) to 1023 (last); 0 by default.
    #[must_use]
    pub const fn priority(mut self, priority: i16) -> Self {
        self.priority = priority;
        self
    }

    /// How long a job may wait for its first run before it
    /// [expires](crate::error::FailureReason::Expired); the queue's by default, which is for ever.
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// How long after it is due a job ends at the latest, whatever its attempts; no limit by
    /// default. See [`Add::deadline`](crate::Add::deadline).
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// For how long after it is due a job is tried again, if it has attempts left; no limit by
    /// default.
    #[must_use]
    pub const fn retry_for(mut self, time: Duration) -> Self {
        self.run.retry_for = Some(time);
        self
    }

    /// How often a job may be [snoozed](crate::Failure::snooze) before it fails for good; 1,000 by
    /// default.
    #[must_use]
    pub const fn snoozes(mut self, most: u32) -> Self {
        self.run.snoozes = most;
        self
    }

    /// What is kept of completed jobs; the worker's default is the newest 1,000.
    #[must_use]
    pub const fn retain(mut self, retain: Retain) -> Self {
        self.run.retain = Some(retain);
        self
    }

    /// What is kept of failed jobs; the worker's default is the newest 5,000.
    #[must_use]
    pub const fn retain_failed(mut self, retain: Retain) -> Self {
        self.run.retain_failed = Some(retain);
        self
    }

    /// How many runs of this handler one process allows at once, 1 to 100,000; the worker's slots
    /// by default.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: usize) -> Self {
        self.limits.concurrency = Some(concurrency);
        self
    }

    /// How many runs of this handler one process starts per time; no limit by default.
    #[must_use]
    pub const fn rate(mut self, rate: Rate) -> Self {
        self.limits.rate = Some(rate);
        self
    }

    /// When jobs of this handler are left alone since it fails all the time, in one process; never
    /// by default.
    #[must_use]
    pub const fn breaker(mut self, breaker: Breaker) -> Self {
        self.limits.breaker = Some(breaker);
        self
    }

    /// The queue to which jobs go that fail for good, as
    /// [`DeadLetter`](crate::dead_letter::DeadLetter); the worker's by default, which is none.
    #[must_use]
    pub const fn dead_letter(mut self, queue: &'static str) -> Self {
        self.dead_letter = Some(queue);
        self
    }

    /// Settles a job before its run starts, so that it never runs twice, whatever dies; once or
    /// more by default.
    ///
    /// What fails is said in logs and as a [`WorkerEvent`](crate::telemetry::WorkerEvent), and is
    /// not tried again: attempts, backoff and dead letters don't apply to a run, and nothing is
    /// kept of it.
    #[must_use]
    pub const fn at_most_once(mut self) -> Self {
        self.run.delivery = Delivery::AtMostOnce;
        self
    }

    /// Lets the handler have [steps](crate::docs::steps), whose results are recorded; none by
    /// default.
    #[must_use]
    pub const fn steps(mut self) -> Self {
        self.run.steps = true;
        self
    }

    /// The topic whose messages become jobs of this kind, and the pattern that their routing keys
    /// fit. The queue is bound when a worker with the handler starts.
    #[must_use]
    pub const fn subscribe(mut self, topic: &'static str, pattern: &'static str) -> Self {
        self.subscription = Some((topic, pattern));
        self
    }

    /// A schedule of such jobs, which a worker with the handler makes when it starts; none by
    /// default.
    #[must_use]
    pub const fn schedule(mut self, schedule: DeclaredSchedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// Words by which all jobs of the kind are [found](crate::find::JobFilter::tag), beside those of
    /// an add; none by default. What comes from a topic has those of its publish.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.tags = tags;
        self
    }

    /// How payloads are written; MessagePack by default.
    #[must_use]
    pub const fn codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// Checks what no type could, of what concerns runs.
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        let Self { name, run, limits, .. } = self;
        self.validate_values().map_err(|invalid| invalid.of(format!("handler {name:?}")))?;
        let refuse = |problem: &str, advice: &str| {
            Err(Invalid::setup(format!("handler {name:?} has {problem}"), advice))
        };
        if run.attempts == 0 || limits.concurrency == Some(0) {
            return refuse("0 attempts or a concurrency of 0", "use 1 or more");
        }
        if limits.concurrency.is_some_and(|runs| runs > MOST_RUNS) {
            return refuse("too large a concurrency", "use 1 to 100,000");
        }
        if run.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return refuse("a timeout of zero", "leave it out for no limit");
        }
        if [self.deadline, run.retry_for].into_iter().flatten().any(|time| time.is_zero()) {
            return refuse("a deadline or a `retry_for` of zero", "leave it out for no limit");
        }
        if self.dead_letter == Some(self.queue) {
            return refuse("its own queue as dead-letter queue", "name another one");
        }
        self.validate_delivery()
    }

    fn validate_values(&self) -> Result<(), Invalid> {
        let Self { run, limits, .. } = self;
        validate_tags(self.tags.iter().copied())?;
        run.backoff.validate()?;
        run.retry.validate()?;
        for retain in [run.retain, run.retain_failed].into_iter().flatten() {
            retain.validate()?;
        }
        self.schedule.map_or(Ok(()), |schedule| schedule.timing()?.validate())?;
        limits.rate.map_or(Ok(()), |rate| rate.validate())?;
        limits.breaker.map_or(Ok(()), |breaker| breaker.validate())
    }

    /// A handler that runs at most once has no setting that could do nothing for it.
    fn validate_delivery(&self) -> Result<(), Invalid> {
        let Self { name, run, limits, dead_letter, .. } = self;
        let useless = [
            ("a breaker", limits.breaker.is_some()),
            ("a time for retries", run.retry_for.is_some()),
            ("a number of snoozes", run.snoozes != RunRules::DEFAULT.snoozes),
            ("a number of attempts", run.attempts != RunRules::DEFAULT.attempts),
            ("a retention", run.retain.or(run.retain_failed).is_some()),
            ("a dead-letter queue", dead_letter.is_some()),
            ("steps", run.steps),
        ];
        match useless.iter().find(|(_, is_set)| *is_set && run.delivery == Delivery::AtMostOnce) {
            None => Ok(()),
            Some((what, _)) => Err(Invalid::setup(
                format!("handler {name:?} runs at most once and has {what}"),
                "leave that out: such a job is settled before it runs, and never again",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn job() -> Definition {
        Definition::new("orders", "ship")
    }

    #[test]
    fn numbers_at_their_edges() {
        let second = Duration::from_secs(1);
        for fine in [
            job(),
            job().attempts(1).concurrency(1).tags(&["a"; 16]),
            job().attempts(u32::MAX).concurrency(MOST_RUNS).timeout(Duration::MAX),
            job().retain(Retain::count(1_000_000_000)).rate(Rate::new(1_000_000, second)),
            job().backoff(Backoff::fixed(Duration::MAX).jitter(1.0)),
            job().breaker(Breaker::after(1_000_000).pause(Duration::MAX)),
        ] {
            assert_eq!(fine.validate(), Ok(()), "{fine:?}");
        }
        for bad in [
            job().attempts(0),
            job().concurrency(0),
            job().concurrency(MOST_RUNS + 1),
            job().concurrency(usize::MAX),
            job().timeout(Duration::ZERO),
            job().retain(Retain::count(1_000_000_001)),
            job().retain_failed(Retain::count(u64::MAX)),
            job().rate(Rate::new(0, second)),
            job().rate(Rate::new(1, Duration::MAX)),
            job().backoff(Backoff::fixed(second).jitter(f64::NAN)),
            job().breaker(Breaker::after(0)),
            job().breaker(Breaker::after(u32::MAX)),
            job().breaker(Breaker::after(1).pause(Duration::from_nanos(1))),
            job().breaker(Breaker::after(1)).at_most_once(),
            job().dead_letter("orders"),
            job().tags(&["two words"]),
            job().tags(&[""; 1]),
            job().tags(&["a"; 17]),
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
