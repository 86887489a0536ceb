//! What a queue allows, kept in Redis and the same for all its workers.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use super::Queue;
use crate::{
    error::{Error, Result},
    job::QueueName,
    policy::{Overflow, Rate},
    stats::QueueLimits,
    store::{millis, queue, rate_text},
    value_error::Invalid,
};

impl Queue {
    /// What the queue allows now.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn limits(&self) -> Result<QueueLimits> {
        Ok(self.store().call_retrying(&queue::Counts).await?.limits)
    }

    /// Changes what the queue allows, at run time: say what, then await it. What is set here wins over
    /// what workers set in code, until it is cleared.
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, Queue, Rate};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// orders.set_limits().rate(Rate::new(100, 1.seconds()).burst(10)).max_active(50).await?;
    /// orders.set_limits().no_rate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_limits(&self) -> SetLimits {
        SetLimits { queue: self.clone(), changes: Vec::new(), invalid: None }
    }
}

/// A change of what a queue allows: say what, then await it.
#[must_use = "limits are set when this is awaited"]
#[derive(Debug)]
pub struct SetLimits {
    queue: Queue,
    changes: Vec<(&'static str, String)>,
    invalid: Option<Invalid>,
}

impl SetLimits {
    /// How many jobs start per time, over all workers.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.invalid = self.invalid.or(rate.validate().err());
        self.set("rate", rate_text(rate))
    }

    /// No rate, or again the one that workers set in code as soon as one joins.
    pub fn no_rate(self) -> Self {
        self.set("rate", String::new())
    }

    /// How many jobs are active at once, over all workers.
    pub fn max_active(self, max: u64) -> Self {
        self.set("active", max.to_string())
    }

    /// No bound on active jobs, or again the one that workers set in code as soon as one joins.
    pub fn no_max_active(self) -> Self {
        self.set("active", String::new())
    }

    /// How many jobs may wait or be delayed; further adds are refused with
    /// [`Refused::QueueFull`](crate::error::Refused::QueueFull), unless the queue has another way to
    /// [overflow](Self::overflow).
    pub fn max_length(self, max: u64) -> Self {
        self.set("max_length", max.to_string())
    }

    /// No bound on the queue's length.
    pub fn no_max_length(self) -> Self {
        self.set("max_length", String::new())
    }

    /// What becomes of jobs beyond [`max_length`](Self::max_length); they are refused by default. With another
    /// way, an add of many may be carried out in parts.
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.set("overflow", overflow.to_word().to_owned())
    }

    /// Makes one step of priority worth a head start of so long, so that nothing starves. For jobs
    /// added from now on. 1 ms to 100 years.
    pub fn aging(mut self, step: Duration) -> Self {
        if step < Duration::from_millis(1) || step > Duration::from_secs(100 * 365 * 86_400) {
            let advice = "use 1 ms to 100 years";
            self.invalid = self.invalid.or(Some(Invalid::new("aging", step, advice)));
        }
        self.set("aging", step.as_millis().to_string())
    }

    /// Strict priorities, for jobs added from now on.
    pub fn no_aging(self) -> Self {
        self.set("aging", String::new())
    }

    /// How many entries of events are kept, about; 1,000 by default, 0 for no events at all. Without
    /// events, [`result`](super::JobHandle::result) looks only every few seconds.
    pub fn events(self, entries: u64) -> Self {
        self.set("events", entries.to_string())
    }

    /// How long a job may wait for its first run, counted from when it is due, if neither its add nor its
    /// handler says so. One that waits longer [expires](crate::error::FailureReason::Expired). For jobs added from
    /// now on. At least 1 ms.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        if ttl < Duration::from_millis(1) {
            let advice = "use 1 ms or more, or `no_ttl` for no limit";
            self.invalid = self.invalid.or(Some(Invalid::new("ttl", ttl, advice)));
        }
        self.set("ttl", millis(ttl).to_string())
    }

    /// Jobs wait for as long as it takes, unless they say otherwise: those added from now on.
    pub fn no_ttl(self) -> Self {
        self.set("ttl", String::new())
    }

    /// The queue to which jobs go that fail for good, as [`DeadLetter`](crate::dead_letter::DeadLetter), if neither their
    /// handler nor their worker names one. Workers that are at work follow with their next turn.
    pub fn dead_letter(mut self, queue: &str) -> Self {
        match queue.parse::<QueueName>() {
            Err(invalid) => self.invalid = self.invalid.or(Some(invalid)),
            Ok(to) if to == *self.queue.name() => {
                let problem = format!("queue {queue} names itself as its dead-letter queue");
                let invalid = Invalid::setup(problem, "name another queue");
                self.invalid = self.invalid.or(Some(invalid));
            }
            Ok(_) => {}
        }
        self.set("dead_letter", queue.to_owned())
    }

    /// No dead-letter queue, unless a handler or a worker names one.
    pub fn no_dead_letter(self) -> Self {
        self.set("dead_letter", String::new())
    }

    fn set(mut self, field: &'static str, value: String) -> Self {
        self.changes.retain(|(other, _)| *other != field);
        self.changes.push((field, value));
        self
    }
}

impl IntoFuture for SetLimits {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            if let Some(invalid) = self.invalid {
                return Err(invalid.into());
            }
            let limits = queue::Limits { changes: &self.changes };
            self.queue.store().call_retrying(&limits).await
        })
    }
}
