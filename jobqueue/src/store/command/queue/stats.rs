//! Read the statistics of a queue, at one moment.

use std::time::Duration;

use chrono::{DateTime, Utc};
use redis::Value;

use super::counts::{Meta, read_more};
use crate::{
    job::{QueueCounts, QueueName, WorkerId},
    stats::{Histogram, QueueStats, WorkerStats},
    store::{
        command::{Args, Command, worker::observed},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/stats.lua`
pub(crate) struct Stats<'a> {
    pub(crate) queue: &'a QueueName,
}

const WHAT: &str = "a queue's statistics";

impl Command for Stats<'_> {
    const SCRIPT: &'static Script =
        script!("queue" / stats, [clock, layout, rank, lanes, key, group_of, group_since, oldest]);
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Priority,
        Key::Outbox,
        Key::Histograms,
        Key::Meta,
    ];
    const ACTION: &'static str = "read a queue's statistics";
    type Reply = QueueStats;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
    }

    fn read(&self, reply: Value) -> Result<QueueStats, Corrupt> {
        let count = |value: &Value| reply::count(value, WHAT);
        let [
            now,
            waiting,
            delayed,
            completed,
            failed,
            workers,
            oldest,
            due,
            effects,
            effect,
            meta,
            observed,
            cancelled,
        ] = reply::tuple(reply, WHAT)?;
        let now = count(&now)?;
        let mut meta = reply::array(meta, WHAT)?;
        let more = meta.split_off(meta.len().saturating_sub(3));
        let throttle = meta.pop();
        let mut meta = Meta::read(meta)?;
        read_more(&mut meta.limits, more)?;
        let workers = reply::array(workers, WHAT)?;
        let workers: Vec<_> =
            workers.into_iter().map(|worker| read_worker(worker, now)).collect::<Result<_, _>>()?;
        let [cancelled, total_cancelled, parents] = reply::tuple(cancelled, WHAT)?;
        let waiting_children = count(&parents)?;
        let mut stats = QueueStats {
            queue: self.queue.clone(),
            at: time(now)?,
            counts: QueueCounts {
                waiting: count(&waiting)?,
                delayed: count(&delayed)?.saturating_sub(waiting_children),
                waiting_children,
                active: workers.iter().map(|worker| worker.active).sum(),
                completed: count(&completed)?,
                failed: count(&failed)?,
                cancelled: count(&cancelled)?,
                total_cancelled: reply::optional(&total_cancelled).map_or(Ok(0), count)?,
                workers: workers.len() as u64,
                effects: count(&effects)?,
                ..meta.counts
            },
            total_retried: 0,
            oldest_waiting: age(&oldest, now)?,
            next_due: match reply::optional(&due) {
                None => None,
                Some(due) => DateTime::from_timestamp_millis(number(count(due)?)?),
            },
            throttled_for: match throttle.as_ref().and_then(reply::optional) {
                None => None,
                Some(throttle) => count(throttle)?.checked_sub(now).filter(|left| *left > 0),
            }
            .map(Duration::from_millis),
            workers,
            oldest_effect: read_effect(&effect, now)?,
            limits: meta.limits,
            wait: Histogram::default(),
            run: Histogram::default(),
        };
        observed::read(observed, &mut stats)?;
        Ok(stats)
    }
}

fn number(count: u64) -> Result<i64, Corrupt> {
    i64::try_from(count).map_err(|_| Corrupt::new(WHAT, "a number out of range"))
}

/// A time of the server's.
pub(super) fn time(ms: u64) -> Result<DateTime<Utc>, Corrupt> {
    let at = DateTime::from_timestamp_millis(number(ms)?);
    at.ok_or_else(|| Corrupt::new(WHAT, "a time out of range"))
}

pub(super) fn age(since: &Value, now: u64) -> Result<Option<Duration>, Corrupt> {
    let Some(since) = reply::optional(since) else { return Ok(None) };
    // Under another aging a rank may tell a time before the epoch, or one that is still to come.
    let since = u64::try_from(reply::int(since, WHAT)?).unwrap_or(now);
    Ok(Some(Duration::from_millis(now.saturating_sub(since))))
}

fn read_worker(worker: Value, now: u64) -> Result<WorkerStats, Corrupt> {
    let [id, deadline, active] = reply::tuple(worker, WHAT)?;
    let left = reply::count(&deadline, WHAT)?.saturating_sub(now);
    Ok(WorkerStats {
        id: WorkerId::from_store(reply::text(&id, WHAT)?),
        lease: Duration::from_millis(left),
        active: reply::count(&active, WHAT)?,
    })
}

/// The age of an entry of the outbox: its id begins with the ms of its writing.
fn read_effect(id: &Value, now: u64) -> Result<Option<Duration>, Corrupt> {
    let Some(id) = reply::optional(id) else { return Ok(None) };
    let id = reply::text(id, WHAT)?;
    let ms: Option<u64> = id.split('-').next().and_then(|ms| ms.parse().ok());
    let ms = ms.ok_or_else(|| Corrupt::new(WHAT, format!("the entry {id}")))?;
    Ok(Some(Duration::from_millis(now.saturating_sub(ms))))
}
