//! The schedules that handlers declare.

use super::{
    add::AddSchedule,
    write::{By, write},
};
use crate::{
    error::Result,
    job::ScheduleId,
    store::{
        QueueStore,
        schedule::{Owned, Remove},
    },
};

/// The schedules that the handlers of a queue declare.
pub(crate) struct Declare<'a> {
    pub(crate) store: &'a QueueStore,
    /// Who declares them; what this owner declares no more is retired.
    pub(crate) owner: Option<&'a str>,
}

/// What has come of the declarations.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// Schedules that an operator has changed, or that another owner has.
    pub(crate) kept: Vec<(ScheduleId, Kept)>,
    /// Those that are declared no more, and are gone.
    pub(crate) retired: Vec<ScheduleId>,
}

/// Why a schedule isn't as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// An operator has paused it.
    Paused,
    /// An operator has given it another timing.
    Moved,
    /// It belongs to another owner.
    Other(String),
}

impl Declare<'_> {
    /// Writes all of them. It can be repeated.
    pub(crate) async fn declare(
        &self,
        schedules: impl Iterator<Item = AddSchedule>,
    ) -> Result<Declared> {
        let (mut declared, mut ids) = (Declared::default(), Vec::new());
        for schedule in schedules {
            let (_, id, rule) = schedule.checked()?;
            let by = self.owner.map_or(By::Program, By::Owner);
            let written = write(self.store, &id, rule, by).await?;
            let marks = written.entry.marks;
            let kept = match written.other_owner {
                Some(other) => Some(Kept::Other(other)),
                None if marks.paused => Some(Kept::Paused),
                None if marks.moved => Some(Kept::Moved),
                None => None,
            };
            declared.kept.extend(kept.map(|kept| (id.clone(), kept)));
            ids.push(id);
        }
        if let Some(owner) = self.owner {
            let mut retired = self.store.call_retrying(&Owned { owner }).await?;
            retired.retain(|id| !ids.contains(id));
            for id in &retired {
                self.store.call_retrying(&Remove { id }).await?;
            }
            declared.retired = retired;
        }
        Ok(declared)
    }
}
