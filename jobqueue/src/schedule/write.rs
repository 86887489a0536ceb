//! Writing schedules: what they were before decides what they are then.

use bytes::Bytes;

use crate::{
    error::{Operation, Refused, Result},
    job::{ScheduleId, ScheduleRule},
    policy::schedule::TickRule,
    store::{
        QueueStore,
        schedule::{Marks, NextTick, Put, Read, ReadSchedules, ScheduleEntry},
    },
};

/// Who writes a schedule.
#[derive(Clone, Copy, Debug)]
pub(super) enum By<'a> {
    /// A program, when it starts for instance.
    Program,
    /// The code of this owner, whose handler declares it.
    Owner(&'a str),
}

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) entry: ScheduleEntry,
    /// The owner that it has, if that is another: then nothing was written.
    pub(super) other_owner: Option<String>,
}

/// How often others may change a schedule between reading and writing it.
const TRIES: usize = 20;

/// Reads schedules, each or none in the order of their ids.
pub(super) async fn read(store: &QueueStore, ids: &[ScheduleId]) -> Result<ReadSchedules> {
    let mut read = store.call_retrying(&Read { ids }).await?;
    while let Some(rest @ [_, ..]) = ids.get(read.entries.len()..) {
        let more = store.call_retrying(&Read { ids: rest }).await?;
        if more.entries.is_empty() {
            break;
        }
        read.entries.extend(more.entries);
    }
    Ok(read)
}

/// Reads one schedule, and the server's time.
pub(super) async fn read_one(
    store: &QueueStore,
    id: &ScheduleId,
) -> Result<(i64, Option<ScheduleEntry>)> {
    let read = read(store, std::slice::from_ref(id)).await?;
    Ok((read.now, read.entries.into_iter().next().flatten()))
}

/// What a schedule shall be.
pub(super) struct Change {
    pub(super) rule: Bytes,
    pub(super) marks: Marks,
    pub(super) owner: Option<String>,
    pub(super) next: NextTick,
}

/// Changes a schedule: `change` gets the server's time and what there is, and answers what shall be
/// there, or nothing to leave it. The answer is what is there then.
pub(super) async fn change(
    store: &QueueStore,
    id: &ScheduleId,
    mut change: impl FnMut(i64, Option<&ScheduleEntry>) -> Result<Option<Change>>,
) -> Result<Option<ScheduleEntry>> {
    for _ in 0..TRIES {
        let (now, old) = read_one(store, id).await?;
        let Some(new) = change(now, old.as_ref())? else { return Ok(old) };
        let Change { rule, marks, owner, next } = new;
        let put = Put { id, old: old.as_ref(), rule: &rule, marks, owner: owner.as_deref(), next };
        if store.call_retrying(&put).await? {
            let (_, entry) = read_one(store, id).await?;
            return Ok(entry);
        }
    }
    let operation = Operation::on_key("write a schedule", store.name(), id.as_str());
    Err(Refused::Conflict { operation }.into())
}

/// Makes a schedule, or changes the one that there is.
pub(super) async fn write(
    store: &QueueStore,
    id: &ScheduleId,
    rule: ScheduleRule,
    by: By<'_>,
) -> Result<Written> {
    let mut other_owner = None;
    let entry = change(store, id, |now, old| {
        let Some(old) = old else {
            let owner = if let By::Owner(owner) = by { Some(owner.to_owned()) } else { None };
            let next = rule.ticks.after(now).map_or(NextTick::None, NextTick::At);
            let (rule, marks) = (rule.encode().into(), Marks::default());
            return Ok(Some(Change { rule, marks, owner, next }));
        };
        other_owner = match (by, &old.owner) {
            (By::Owner(own), Some(other)) if own != other => Some(other.clone()),
            _ => None,
        };
        if other_owner.is_some() { Ok(None) } else { Ok(changed(now, old, &rule, by)) }
    });
    let entry = entry.await?.ok_or_else(|| {
        let operation = Operation::on_key("write a schedule", store.name(), id.as_str());
        Refused::Conflict { operation }
    })?;
    Ok(Written { entry, other_owner })
}

/// What becomes of a schedule that is written anew; none if that changes nothing.
fn changed(now: i64, old: &ScheduleEntry, rule: &ScheduleRule, by: By<'_>) -> Option<Change> {
    let mut rule = rule.clone();
    let before = ScheduleRule::decode(&old.rule).ok().map(|before| before.ticks);
    if let Some(before) = before.as_ref().filter(|_| old.marks.moved) {
        keep_timing(&mut rule.ticks, before);
    }
    let same = before.is_some_and(|before| has_timing(&rule.ticks, &before));
    let is_over = rule.limit.is_some_and(|limit| old.fired.count >= limit);
    let after = rule.ticks.after(now).map_or(NextTick::None, NextTick::At);
    let next = match (old.tick, after) {
        _ if old.marks.paused || is_over => NextTick::None,
        // An overdue tick stays, to be caught up with. A later one comes from a clock that was set
        // back.
        (Some(tick), NextTick::At(after)) if same => NextTick::AtOrEarlier(tick.min(after)),
        (Some(tick), _) if same => NextTick::AtOrEarlier(tick),
        (_, after) => after,
    };
    let owner = match by {
        By::Owner(owner) => Some(owner.to_owned()),
        By::Program => old.owner.clone(),
    };
    let (bytes, stands) = (
        Bytes::from(rule.encode()),
        match next {
            NextTick::None => old.tick.is_none(),
            NextTick::At(tick) | NextTick::AtOrEarlier(tick) => old.tick == Some(tick),
        },
    );
    let is_new = bytes != old.rule || owner != old.owner || !stands;
    is_new.then_some(Change { rule: bytes, marks: old.marks, owner, next })
}

/// The timing that an operator has chosen stays.
fn keep_timing(ticks: &mut TickRule, before: &TickRule) {
    ticks.timing = before.timing.clone();
    ticks.offset = before.offset;
}

/// Whether both are due at the same times.
fn has_timing(ticks: &TickRule, other: &TickRule) -> bool {
    let times = |ticks: &TickRule| (ticks.offset, ticks.start, ticks.end);
    ticks.timing == other.timing && times(ticks) == times(other)
}
