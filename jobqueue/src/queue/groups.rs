//! The groups of a queue.

use serde::Serialize;

use super::Queue;
use crate::{
    error::Result,
    job::validate_group,
    store::queue::{ReadGroups, Weigh},
    value_error::Invalid,
};

/// The groups of a queue, among which it is shared fairly: see [`Queue::groups`].
#[derive(Clone, Debug)]
pub struct Groups {
    queue: Queue,
}

/// A group with jobs that wait.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GroupInfo {
    /// Its name; `None` for all jobs without a group.
    pub name: Option<String>,
    /// How many of its jobs wait, about: there may be one less, and jobs that are removed, cancelled or
    /// expire while they wait count until their turn has come.
    pub waiting: u64,
    /// How many turns it has for one of a group of weight 1.
    pub weight: u32,
}

/// The largest weight of a group.
const MAX_WEIGHT: u32 = 1_000;

impl Queue {
    /// The groups of the queue, among which it is shared fairly. Jobs belong to the group that
    /// [`Add::group`](crate::Add::group) or their handler names.
    ///
    /// ```no_run
    /// # async fn example(orders: jobqueue::Queue) -> jobqueue::Result<()> {
    /// let groups = orders.groups();
    /// groups.set_weight("gold-customer", 3).await?;
    /// for group in groups.longest(10).await? {
    ///     println!("{:?}: {} jobs wait", group.name, group.waiting);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn groups(&self) -> Groups {
        Groups { queue: self.clone() }
    }
}

impl Groups {
    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }

    /// The groups with the most turns ahead, at most so many, up to 1,000; and all jobs without a
    /// group, if any wait.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn longest(&self, most: usize) -> Result<Vec<GroupInfo>> {
        let call = ReadGroups { most: most.clamp(1, 1_000) };
        let found = self.queue.store().call_retrying(&call).await?;
        let weight =
            |weight: Option<u64>| weight.and_then(|it| u32::try_from(it).ok()).unwrap_or(1);
        let group =
            |(name, waiting, set)| GroupInfo { name: Some(name), waiting, weight: weight(set) };
        let mut groups: Vec<GroupInfo> = found.groups.into_iter().map(group).collect();
        if found.plain > 0 {
            let weight = weight(found.plain_weight);
            groups.push(GroupInfo { name: None, waiting: found.plain, weight });
        }
        groups
            .sort_by(|one, other| other.waiting.cmp(&one.waiting).then(one.name.cmp(&other.name)));
        groups.truncate(most);
        Ok(groups)
    }

    /// How many turns the group has for one of a group of weight 1: 1 to 1,000; 1 by default. It holds
    /// for jobs that come from now on.
    ///
    /// # Errors
    /// [`Invalid`]: the name or the weight is out of range. Those of any call.
    pub async fn set_weight(&self, group: &str, weight: u32) -> Result<()> {
        validate_group(group)?;
        self.weigh(Some(group), Some(weight)).await
    }

    /// The same for all jobs without a group, which are one more.
    ///
    /// # Errors
    /// As for [`set_weight`](Self::set_weight).
    pub async fn set_weight_of_others(&self, weight: u32) -> Result<()> {
        self.weigh(None, Some(weight)).await
    }

    /// The group's weight is 1 again.
    ///
    /// # Errors
    /// As for [`set_weight`](Self::set_weight).
    pub async fn reset_weight(&self, group: &str) -> Result<()> {
        validate_group(group)?;
        self.weigh(Some(group), None).await
    }

    async fn weigh(&self, group: Option<&str>, weight: Option<u32>) -> Result<()> {
        if let Some(weight) = weight.filter(|weight| !(1..=MAX_WEIGHT).contains(weight)) {
            return Err(Invalid::new("weight", weight, "use 1 to 1,000").into());
        }
        let call = Weigh { group, weight };
        let named = group.unwrap_or("(no group)");
        self.queue
            .audited("set_weight", Some(&named), self.queue.store().call_retrying(&call))
            .await
    }
}
