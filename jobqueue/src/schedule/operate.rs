//! Looking at the schedules of a queue, and changing them.

use std::collections::BTreeSet;

use super::{
    fire::new_job,
    info::ScheduleInfo,
    write::{Change, change, read, read_one},
};
use crate::{
    error::{Refused, Result},
    job::{ScheduleId, ScheduleRule},
    policy::schedule::{Overlap, Timing},
    queue::{JobHandle, Queue},
    store::{
        MAX_BATCH,
        job::Due,
        queue::Counts,
        schedule::{Marks, NextTick, Page, Ran, Remove, Run, ScheduleEntry, Tick},
    },
};

/// The schedules of a queue.
///
/// ```no_run
/// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
/// let schedules = client.queue("reports")?.schedules();
/// for schedule in schedules.list().await? {
///     println!("{}: {:?}, next {:?}", schedule.id, schedule.timing, schedule.next);
/// }
/// schedules.pause("hourly-sales").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Of each call: those of any call; an id that can't be one;
/// [`Refused::NoSchedule`] where a change asks for one that
/// doesn't exist.
#[derive(Clone, Debug)]
pub struct Schedules(Queue);

impl Queue {
    /// The schedules of the queue. Nothing is sent.
    #[must_use]
    pub fn schedules(&self) -> Schedules {
        Schedules(self.clone())
    }
}

impl Schedules {
    pub(super) fn queue(&self) -> &Queue {
        &self.0
    }

    /// One schedule; `None` if there is none of this id.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn get(&self, id: impl AsRef<str>) -> Result<Option<ScheduleInfo>> {
        let id: ScheduleId = id.as_ref().parse()?;
        let (_, entry) = read_one(self.0.store(), &id).await?;
        Ok(entry.map(|entry| ScheduleInfo::new(id, entry)))
    }

    /// All schedules, by id. They are read in portions; one that is made or removed meanwhile may be
    /// there or not.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn list(&self) -> Result<Vec<ScheduleInfo>> {
        let (store, mut ids, mut cursor) = (self.0.store(), BTreeSet::new(), 0);
        loop {
            let (next, page) = store.call_retrying(&Page { cursor }).await?;
            ids.extend(page);
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        let ids: Vec<ScheduleId> = ids.into_iter().collect();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(MAX_BATCH) {
            let entries = read(store, ids).await?.entries;
            let entries = ids.iter().cloned().zip(entries);
            found.extend(entries.filter_map(|(id, entry)| Some(ScheduleInfo::new(id, entry?))));
        }
        Ok(found)
    }

    /// Stops a schedule until it is [resumed](Self::resume); programs that make it anew leave it
    /// paused. False if it was paused already.
    ///
    /// # Errors
    /// Those of any call, and if there is none of this id.
    pub async fn pause(&self, id: impl AsRef<str>) -> Result<bool> {
        self.mark("pause_schedule", id.as_ref(), |_, old| {
            let marks = Marks { paused: true, ..old.marks };
            Ok((!old.marks.paused).then(|| kept(old, marks, NextTick::None)))
        })
        .await
    }

    /// Lets a schedule go on with its next tick after now. Those of the pause are not caught up
    /// with. False if it wasn't paused.
    ///
    /// # Errors
    /// Those of any call, if there is none of this id, and if this program can't read its rule.
    pub async fn resume(&self, id: impl AsRef<str>) -> Result<bool> {
        self.mark("resume_schedule", id.as_ref(), |now, old| {
            let rule = ScheduleRule::decode(&old.rule)?;
            let marks = Marks { paused: false, ..old.marks };
            Ok(old.marks.paused.then(|| kept(old, marks, next(&rule, old, now))))
        })
        .await
    }

    /// Gives a schedule another timing, which programs that make it anew leave alone, until it is
    /// [given back](Self::give_back) to them.
    ///
    /// # Errors
    /// Those of any call, if there is none of this id, if this program can't read its rule, and if
    /// the timing is out of range.
    pub async fn reschedule(&self, id: impl AsRef<str>, timing: impl Into<Timing>) -> Result<()> {
        let timing = timing.into();
        timing.validate()?;
        self.mark("reschedule", id.as_ref(), |now, old| {
            let mut rule = ScheduleRule::decode(&old.rule)?;
            rule.ticks.timing = timing.clone();
            rule.ticks.offset = 0;
            let marks = Marks { moved: true, ..old.marks };
            let next = if marks.paused { NextTick::None } else { next(&rule, old, now) };
            Ok(Some(Change { rule: rule.encode().into(), ..kept(old, marks, next) }))
        })
        .await?;
        Ok(())
    }

    /// Gives the timing back to the program that makes the schedule: the next time that it does so,
    /// its own counts. False if it wasn't an operator's.
    ///
    /// # Errors
    /// Those of any call, and if there is none of this id.
    pub async fn give_back(&self, id: impl AsRef<str>) -> Result<bool> {
        self.mark("give_back_schedule", id.as_ref(), |_, old| {
            let marks = Marks { moved: false, ..old.marks };
            let next = old.tick.map_or(NextTick::None, NextTick::AtOrEarlier);
            Ok(old.marks.moved.then(|| kept(old, marks, next)))
        })
        .await
    }

    /// Removes a schedule. The jobs that it has added stay. False if there was none.
    ///
    /// A program that makes it when it starts makes it anew: then remove it there, too, or
    /// [pause](Self::pause) it.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn remove(&self, id: impl AsRef<str>) -> Result<bool> {
        let id: ScheduleId = id.as_ref().parse()?;
        let remove = Remove { id: &id };
        let call = self.0.store().call_retrying(&remove);
        self.0.audited("remove_schedule", Some(&id), call).await
    }

    /// Adds a job of a schedule now, out of turn: also if it is paused, and whatever runs. Its next
    /// tick stays. The job counts as the schedule's last one, and it is due at once, without jitter
    /// and without the delay of a [debounce](crate::Unique::debounce).
    ///
    /// If another job has its [unique key](super::AddSchedule::unique), that stands for it or becomes it, as
    /// of an add: the handle is that job's then, and [`JobHandle::added`] says what was done.
    ///
    /// # Errors
    /// Those of any call, if there is none of this id, if this program can't read its rule, and if
    /// the queue is full.
    pub async fn run_now(&self, id: impl AsRef<str>) -> Result<JobHandle<serde_json::Value>> {
        let id = id.as_ref();
        self.0.audited("run_schedule", Some(&id), self.run_out_of_turn(id)).await
    }

    async fn run_out_of_turn(&self, id: &str) -> Result<JobHandle<serde_json::Value>> {
        let (id, store) = (id.parse::<ScheduleId>()?, self.0.store());
        let (now, entry) = read_one(store, &id).await?;
        let entry = entry.ok_or_else(|| self.missing(&id))?;
        let rule = ScheduleRule::decode(&entry.rule)?;
        let now = chrono::DateTime::from_timestamp_millis(now).unwrap_or_default();
        let record = rule.record(&id, None, None, now);
        let job = new_job(id.job_now(), &record, Due::Now);
        let job_id = job.id.clone();
        let (moves, overlap) = (None, Overlap::Allow);
        let tick = Tick { schedule: id.clone(), moves, limit: None, overlap, job: Some(job) };
        match store.call_retrying(&Run { tick: &tick }).await? {
            Ran::Added(instead) => Ok(JobHandle::new(self.0.clone(), job_id, instead)),
            Ran::Full => {
                let cap = store.call_retrying(&Counts).await?.limits.max_length.unwrap_or(0);
                Err(Refused::QueueFull { queue: self.0.name().clone(), cap }.into())
            }
            Ran::Missing => Err(self.missing(&id).into()),
        }
    }

    /// Changes what is there. False if that changes nothing.
    async fn mark(
        &self,
        action: &'static str,
        id: &str,
        mark: impl FnMut(i64, &ScheduleEntry) -> Result<Option<Change>>,
    ) -> Result<bool> {
        self.0.audited(action, Some(&id), self.change(id, mark)).await
    }

    async fn change(
        &self,
        id: &str,
        mut mark: impl FnMut(i64, &ScheduleEntry) -> Result<Option<Change>>,
    ) -> Result<bool> {
        let id: ScheduleId = id.parse()?;
        let mut changes = false;
        change(self.0.store(), &id, |now, old| {
            let new = mark(now, old.ok_or_else(|| self.missing(&id))?)?;
            changes = new.is_some();
            Ok(new)
        })
        .await?;
        Ok(changes)
    }

    fn missing(&self, id: &ScheduleId) -> Refused {
        Refused::NoSchedule { queue: self.0.name().clone(), id: id.clone() }
    }
}

/// The schedule as it is, but for its marks and its next tick.
fn kept(old: &ScheduleEntry, marks: Marks, next: NextTick) -> Change {
    Change { rule: old.rule.clone(), marks, owner: old.owner.clone(), next }
}

/// The next tick after now.
fn next(rule: &ScheduleRule, old: &ScheduleEntry, now: i64) -> NextTick {
    let is_over = rule.limit.is_some_and(|limit| old.fired.count >= limit);
    let next = if is_over { None } else { rule.ticks.after(now) };
    next.map_or(NextTick::None, NextTick::At)
}
