//! What holds back the jobs of a queue, and lifting it.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::Queue;
use crate::{
    error::Result,
    policy::Rate,
    store::queue::{Lift, ReadThrottles, Throttling},
};

/// What holds back the jobs of a queue at one moment, but for [held groups](crate::manage::Groups::held):
/// see [`Queue::throttles`].
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Throttles {
    /// The server's clock at that moment.
    pub at: DateTime<Utc>,
    /// How many jobs wait, held back or not.
    pub waiting: u64,
    /// Whether the queue is [paused](Queue::pause).
    pub paused: bool,
    /// Until when nothing starts, as a handler has asked with
    /// [`Failure::rate_limited`](crate::Failure::rate_limited). [`Queue::lift_throttle`] ends it.
    pub throttled_until: Option<DateTime<Utc>>,
    /// Since when it is so.
    pub throttled_since: Option<DateTime<Utc>>,
    /// The queue's rate. [`Queue::set_limits`] changes it.
    pub rate: Option<Rate>,
    /// When the next job may start by that rate, if none may now.
    pub next_start_at: Option<DateTime<Utc>>,
    /// How many jobs are active.
    pub active: u64,
    /// How many may be. [`Queue::set_limits`] changes it.
    pub max_active: Option<u64>,
    /// Handlers whose own limits hold jobs back, in the process of each worker: at most 100.
    pub handlers: Vec<HandlerThrottle>,
    /// [Keys](crate::docs::concurrency_keys) for which jobs wait: at most 100.
    pub keys: Vec<KeyThrottle>,
}

/// Jobs that wait since their handler's own limits left no room for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HandlerThrottle {
    /// The handler's name.
    pub handler: String,
    /// How many of its jobs wait for that.
    pub waiting: u64,
}

/// Jobs that wait since as many of a concurrency key are active as may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyThrottle {
    /// The key.
    pub key: String,
    /// How many jobs wait for it.
    pub waiting: u64,
    /// How many of its jobs are active.
    pub active: u64,
}

impl Throttles {
    /// Whether no job of the queue may start now, whoever is free: it is paused or throttled, its
    /// rate is used up, or as many are active as may be.
    #[must_use]
    pub fn holds_all(&self) -> bool {
        self.paused
            || self.throttled_until.is_some()
            || self.next_start_at.is_some()
            || self.max_active.is_some_and(|max| self.active >= max)
    }
}

impl Queue {
    /// What holds back the jobs of the queue, and until when: a pause, a throttle, its rate, its
    /// limit of active jobs, its handlers' limits, keys. See [waiting](crate::docs::waiting) for what else
    /// may.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
    /// if let Some(until) = orders.throttles().await?.throttled_until {
    ///     println!("nothing starts before {until}");
    ///     orders.lift_throttle().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of any call.
    pub async fn throttles(&self) -> Result<Throttles> {
        let found = self.store().call_retrying(&ReadThrottles).await?;
        let next_start_at = next_start(&found);
        let Throttling { now, paused, rate, max_active, until, since, active, waiting, .. } = found;
        let key = |(key, waiting, active)| KeyThrottle { key, waiting, active };
        let handler = |(handler, waiting)| HandlerThrottle { handler, waiting };
        Ok(Throttles {
            at: now,
            waiting,
            paused,
            throttled_until: until,
            throttled_since: since,
            rate,
            next_start_at,
            active,
            max_active,
            handlers: found.lanes.handlers.into_iter().map(handler).collect(),
            keys: found.lanes.keys.into_iter().map(key).collect(),
        })
    }

    /// Ends a throttle before its time: one that a handler's
    /// [`rate_limited`](crate::Failure::rate_limited) has set. `false` if the queue wasn't
    /// throttled. Jobs start at once, and a handler that is still refused sets it anew.
    ///
    /// # Errors
    /// [`Refused::NoSuchQueue`](crate::error::Refused::NoSuchQueue): it doesn't exist. Those of any
    /// call.
    pub async fn lift_throttle(&self) -> Result<bool> {
        self.audited("lift_throttle", None, self.store().call_retrying(&Lift)).await
    }
}

/// When the next job may start by the rate, if none may now: as `lua/lib/limits.lua` reckons.
fn next_start(found: &Throttling) -> Option<DateTime<Utc>> {
    let (rate, tat) = (found.rate?, found.tat?);
    let (interval, burst) = (rate.interval_ms(), f64::from(rate.burst_size()));
    #[expect(clippy::cast_precision_loss, reason = "ms since the epoch fit")]
    let now = found.now.timestamp_millis() as f64;
    let wait = tat - (burst - 1.0) * interval - now;
    // Further ahead than a burst explains: the clock was set back, and it counts as now.
    let ahead = tat > now + burst * interval + 1.0;
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let wait = wait.ceil() as i64;
    (wait > 0 && !ahead).then(|| found.now + TimeDelta::milliseconds(wait))
}
