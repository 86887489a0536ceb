//! What a group may have at once, and per time.

use std::{future::IntoFuture, pin::Pin};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::groups::Groups;
use crate::{
    error::Result,
    job::{JobId, validate_group},
    policy::{AfterFailure, GroupLimits, Rate, check_max_active},
    store::queue::{GoOn, HeldUntil, ReadHeldGroups, SetGroupLimits},
    value_error::Invalid,
};

/// A group of which no job may start now, though some wait.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HeldGroup {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: WhyHeld,
    /// How many of its jobs wait.
    pub waiting: u64,
}

/// Why a group is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhyHeld {
    /// It is paused.
    Paused,
    /// As many of its jobs are active as may be. One in order waits for this job: that is active, or is
    /// to be tried again, or has failed for good and stopped the group.
    Full {
        /// One of the jobs that it waits for.
        by: Option<JobId>,
    },
    /// Its rate allows none before this time, or one of its jobs has said so by
    /// [`Failure::rate_limited`](crate::Failure::rate_limited).
    Until(DateTime<Utc>),
}

/// A change of what groups may have; see [`Groups::set_limits`].
#[must_use = "limits are set when this is awaited"]
#[derive(Debug)]
pub struct SetLimitsOfGroup {
    groups: Groups,
    /// None for all that don't say otherwise.
    group: Option<String>,
    changes: Vec<(char, String)>,
    invalid: Option<Invalid>,
}

/// How many groups are looked at again in a call.
const STEP: u64 = 100_000;

/// Says nothing, so that the default of the queue holds.
const UNSAID: &str = "";

impl Groups {
    /// Changes what this group may have at once, and per time: set what changes, then await it. What
    /// isn't set stays as it is. It holds over all workers, for jobs that start from then on.
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, Queue, Rate, manage::AfterFailure};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let groups = orders.groups();
    /// groups.set_limits_of_all().max_active(5).await?;
    /// groups.set_limits("big-customer").max_active(50).rate(Rate::new(100, 1.seconds())).await?;
    /// groups.set_limits("ledger").in_order(AfterFailure::Stop).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_limits(&self, group: &str) -> SetLimitsOfGroup {
        let invalid = validate_group(group).err();
        let group = Some(group.to_owned());
        SetLimitsOfGroup { groups: self.clone(), group, changes: Vec::new(), invalid }
    }

    /// The same for all groups that have no such limit of their own. Jobs without a group have none.
    pub fn set_limits_of_all(&self) -> SetLimitsOfGroup {
        SetLimitsOfGroup { groups: self.clone(), group: None, changes: Vec::new(), invalid: None }
    }

    /// What this group may have: its own limits, else those of all groups.
    ///
    /// # Errors
    /// [`Invalid`]: the name is out of range. Those of any call.
    pub async fn limits(&self, group: &str) -> Result<GroupLimits> {
        validate_group(group)?;
        self.queue().store().group_limits(group).await
    }

    /// What groups may have that have no such limit of their own.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn limits_of_all(&self) -> Result<GroupLimits> {
        self.queue().store().group_limits("").await
    }

    /// No job of this group starts until it is [resumed](Self::resume). Active ones go on.
    ///
    /// # Errors
    /// As for [`set_limits`](Self::set_limits).
    pub async fn pause(&self, group: &str) -> Result<()> {
        self.set_limits(group).pause().await
    }

    /// Jobs of this group start again, unless all groups are paused.
    ///
    /// # Errors
    /// As for [`set_limits`](Self::set_limits).
    pub async fn resume(&self, group: &str) -> Result<()> {
        self.set_limits(group).resume().await
    }

    /// The groups of which no job may start now, though some wait, at most so many, up to 1,000: first
    /// those whose time comes first.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn held(&self, most: usize) -> Result<Vec<HeldGroup>> {
        let call = ReadHeldGroups { most: most.clamp(1, 1_000) };
        let found = self.queue().store().call_retrying(&call).await?;
        let group = |found: crate::store::queue::HeldGroup| HeldGroup {
            name: found.name,
            waiting: found.waiting,
            why: match found.until {
                HeldUntil::Room => WhyHeld::Full { by: found.by },
                HeldUntil::Resumed => WhyHeld::Paused,
                HeldUntil::At(ms) => WhyHeld::Until(
                    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC),
                ),
            },
        };
        Ok(found.into_iter().map(group).collect())
    }

    /// A group that has [stopped](AfterFailure::Stop) goes on without the job that has failed. Answers
    /// whether it had stopped.
    ///
    /// # Errors
    /// [`Invalid`]: the name is out of range. Those of any call.
    pub async fn go_on(&self, group: &str) -> Result<bool> {
        validate_group(group)?;
        let call = GoOn { group };
        let going = self.queue().store().call_retrying(&call);
        Ok(self.queue().audited("go_on", Some(&group), going).await? > 0)
    }
}

impl SetLimitsOfGroup {
    /// How many jobs of the group are active at once, over all workers, 1 to 1,000,000,000; `None` for no
    /// limit.
    pub fn max_active(self, max: impl Into<Option<u64>>) -> Self {
        let max = max.into();
        let checked = max.map_or(Ok(()), |max| check_max_active("max_active", max));
        self.check(checked).set('a', max)
    }

    /// How many jobs of the group start per time, over all workers; `None` for no limit.
    pub fn rate(self, rate: impl Into<Option<Rate>>) -> Self {
        let rate = rate.into();
        let checked = rate.map_or(Ok(()), |rate| rate.validate());
        let text = |rate: Rate| format!("{},{}", rate.interval_ms(), rate.burst_size());
        self.check(checked).set('r', rate.map(text))
    }

    /// The group's jobs run one by one, in the order in which they became ready: one that is to be tried
    /// again, sleeps or waits for others holds those behind it. `None` for no order.
    pub fn in_order(self, after: impl Into<Option<AfterFailure>>) -> Self {
        let after = after.into();
        self.set('o', after.map(|after| if after == AfterFailure::Stop { 2 } else { 1 }))
    }

    /// No job of the group starts. Active ones go on.
    pub fn pause(self) -> Self {
        self.set('p', Some(1))
    }

    /// Jobs of the group start again, unless all groups are paused.
    pub fn resume(self) -> Self {
        self.set('p', Some(UNSAID))
    }

    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.invalid.is_none()
    }

    /// Forgets all that was set before: for a group, what is set for all groups holds; for those, no limit.
    pub fn forget(mut self) -> Self {
        self.changes = ['p', 'a', 'r', 'o'].map(|letter| (letter, UNSAID.to_owned())).into();
        self
    }

    /// Keeps the first mistake.
    fn check(mut self, checked: Result<(), Invalid>) -> Self {
        self.invalid = self.invalid.or(checked.err());
        self
    }

    fn set(mut self, letter: char, value: Option<impl ToString>) -> Self {
        let value = value.map_or_else(|| "0".to_owned(), |value| value.to_string());
        self.changes.retain(|(other, _)| *other != letter);
        self.changes.push((letter, value));
        self
    }

    async fn run(self) -> Result<()> {
        if let Some(invalid) = self.invalid {
            return Err(invalid.into());
        }
        let call = SetGroupLimits { group: self.group.as_deref(), changes: &self.changes };
        let store = self.groups.queue().store();
        let change = async {
            let mut left = store.call_retrying(&call).await?;
            while left > 0 {
                left = left.saturating_sub(STEP).min(store.call_retrying(&call).await?);
            }
            let stops = self.changes.iter().all(|(letter, value)| *letter != 'o' || value == "2");
            if let (Some(group), false) = (&self.group, stops) {
                // What had stopped it stops it no more.
                store.call_retrying(&GoOn { group }).await?;
            }
            Ok(())
        };
        let named = self.group.as_deref().unwrap_or("(all groups)");
        self.groups.queue().audited("set_group_limits", Some(&named), change).await
    }
}

impl IntoFuture for SetLimitsOfGroup {
    type Output = Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
