//! The limits of a queue: kept in Redis, the same for all its workers.

use std::{future::IntoFuture, ops::RangeInclusive, pin::Pin, time::Duration};

use super::Queue;
use crate::{
    error::{Error, Result},
    job::QueueName,
    policy::{Overflow, Rate, check_events, check_max_active, check_max_length},
    stats::QueueLimits,
    store::{millis, queue, rate_text},
    value_error::Invalid,
};

/// The head starts that aging may give.
const AGING: RangeInclusive<Duration> =
    Duration::from_millis(1)..=Duration::from_secs(100 * 365 * 86_400);

/// In the place of a value: what the code of workers says.
const FROM_CODE: &str = "-";

impl Queue {
    /// What the queue allows now.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn limits(&self) -> Result<QueueLimits> {
        Ok(self.store().call_retrying(&queue::Counts).await?.limits)
    }

    /// Changes what the queue allows, at run time: set what changes, then await it. `None` clears a
    /// limit.
    ///
    /// What is set here wins over what workers set in code, and so does `None`: there is then no
    /// limit, whatever the code says. [`rate_from_code`](SetLimits::rate_from_code) and
    /// [`max_active_from_code`](SetLimits::max_active_from_code) give a limit back to the code.
    /// What is not set stays as it is.
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, Queue, Rate};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// orders.set_limits().rate(Rate::new(100, 1.seconds()).burst(10)).max_active(50).await?;
    /// orders.set_limits().rate(None).max_active_from_code().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_limits(&self) -> SetLimits {
        SetLimits { queue: self.clone(), changes: Vec::new(), invalid: None }
    }
}

/// A change of what a queue allows; see [`Queue::set_limits`]. It is made as a whole, or, if its
/// future is dropped, perhaps not at all.
#[must_use = "limits are set when this is awaited"]
#[derive(Debug)]
pub struct SetLimits {
    queue: Queue,
    changes: Vec<(&'static str, String)>,
    invalid: Option<Invalid>,
}

impl SetLimits {
    /// How many jobs start per time, over all workers; by default as the code of workers says
    /// ([`queue_rate`](crate::WorkerBuilder::queue_rate)), else without a limit.
    pub fn rate(self, rate: impl Into<Option<Rate>>) -> Self {
        let rate = rate.into();
        let checked = rate.map_or(Ok(()), |rate| rate.validate());
        self.check(checked).set("rate", rate.map(rate_text))
    }

    /// Forgets a rate that was set here, or that none was: the one that workers set in code holds
    /// as soon as one starts, and none until then.
    pub fn rate_from_code(self) -> Self {
        self.set("rate", Some(FROM_CODE))
    }

    /// How many jobs are active at once, over all workers, 1 to 1,000,000,000; by default as the
    /// code of workers says ([`queue_concurrency`](crate::WorkerBuilder::queue_concurrency)), else
    /// without a limit. [Pause](Queue::pause) the queue to stop it.
    pub fn max_active(self, max: impl Into<Option<u64>>) -> Self {
        let max = max.into();
        self.check(max.map_or(Ok(()), |max| check_max_active("max_active", max))).set("active", max)
    }

    /// Forgets a limit of active jobs that was set here, or that none was: the one that workers set
    /// in code holds as soon as one starts, and none until then.
    pub fn max_active_from_code(self) -> Self {
        self.set("active", Some(FROM_CODE))
    }

    /// How many jobs may wait or be delayed, 0 to 1,000,000,000; no limit by default. Further adds
    /// are refused with [`Refused::QueueFull`](crate::error::Refused::QueueFull), unless the queue
    /// [overflows](Self::overflow) in another way.
    pub fn max_length(self, max: impl Into<Option<u64>>) -> Self {
        let max = max.into();
        self.check(max.map_or(Ok(()), check_max_length)).set("max_length", max)
    }

    /// What happens to jobs beyond [`max_length`](Self::max_length): by default their add is
    /// refused. With another way, an add of many may be carried out in parts.
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.set("overflow", Some(overflow.to_word()))
    }

    /// The head start that one step of priority is worth, so that no job starves. 1 ms to 100
    /// years; by default there is none, and priorities are strict. Jobs that wait or are active change
    /// their places with it, in one step; if they are more than 100,000, it is refused with
    /// [`TooManyToReorder`](crate::error::Refused::TooManyToReorder).
    pub fn aging(self, step: impl Into<Option<Duration>>) -> Self {
        let step = step.into();
        let checked = match step {
            Some(step) if !AGING.contains(&step) => {
                Err(Invalid::new("aging", format!("{step:?}"), "use 1 ms to 100 years"))
            }
            _ => Ok(()),
        };
        self.check(checked).set("aging", step.map(millis))
    }

    /// How many entries of the event stream are kept, about, 1,000,000,000 at most; 1,000 by
    /// default, 0 for no events at all. Without events, [`result`](super::JobHandle::result) looks
    /// only every few seconds.
    pub fn events(self, entries: u64) -> Self {
        self.check(check_events(entries)).set("events", Some(entries))
    }

    /// How long a job may wait for its first run, counted from when it is due, if neither its add
    /// nor its handler says so. A job that waits longer
    /// [expires](crate::error::FailureReason::Expired). At least 1 ms; no limit by default. It
    /// holds for jobs added from now on.
    pub fn ttl(self, ttl: impl Into<Option<Duration>>) -> Self {
        let ttl = ttl.into();
        let checked = match ttl {
            Some(ttl) if ttl < Duration::from_millis(1) => {
                let advice = "use 1 ms or more, or `None` for no limit";
                Err(Invalid::new("ttl", format!("{ttl:?}"), advice))
            }
            _ => Ok(()),
        };
        self.check(checked).set("ttl", ttl.map(millis))
    }

    /// The dead-letter queue of jobs that fail for good, if neither their handler nor their worker
    /// names one; none by default. Running workers follow with their next turn.
    pub fn dead_letter<'a>(self, queue: impl Into<Option<&'a str>>) -> Self {
        let queue = queue.into();
        let checked = match queue.map(str::parse::<QueueName>) {
            Some(Err(invalid)) => Err(invalid),
            Some(Ok(to)) if to == *self.queue.name() => {
                let advice = "a queue can't be its own dead-letter queue";
                Err(Invalid::new("dead_letter", to, advice))
            }
            _ => Ok(()),
        };
        self.check(checked).set("dead_letter", queue)
    }

    /// Keeps the first mistake.
    fn check(mut self, checked: Result<(), Invalid>) -> Self {
        self.invalid = self.invalid.or(checked.err());
        self
    }

    /// Sets a field, or clears it.
    fn set(mut self, field: &'static str, value: Option<impl ToString>) -> Self {
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        self.changes.retain(|(other, _)| *other != field);
        self.changes.push((field, value));
        self
    }

    async fn run(self) -> Result<()> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        let store = self.queue.store();
        store.call_retrying(&queue::Limits { changes: &self.changes }).await?;
        let to = self.changes.iter().find(|(field, _)| *field == "dead_letter");
        store.list_letters(to.and_then(|(_, to)| to.parse().ok())).await;
        Ok(())
    }
}

impl IntoFuture for SetLimits {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let value = |(field, value): &(&str, String)| format!("{field}={value}");
            let on = self.changes.iter().map(value).collect::<Vec<_>>().join(" ");
            let queue = self.queue.clone();
            queue.audited("set_limits", Some(&on), self.run()).await
        })
    }
}
