//! Count the jobs in each state, and read the limits.

use std::time::Duration;

use redis::Value;

use crate::{
    job::{QueueCounts, QueueName},
    policy::{Overflow, Rate},
    stats::QueueLimits,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/counts.lua`
pub(crate) struct Counts;

/// The jobs and limits of a queue.
pub(crate) struct QueueSnapshot {
    pub(crate) counts: QueueCounts,
    pub(crate) limits: QueueLimits,
}

impl Command for Counts {
    const SCRIPT: &'static Script = script!("queue" / counts, [active]);
    const KEYS: &'static [Key] =
        &[Key::Waiting, Key::Delayed, Key::Completed, Key::Failed, Key::Workers, Key::Meta];
    const ACTION: &'static str = "count jobs";
    type Reply = QueueSnapshot;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
    }

    fn read(&self, reply: Value) -> Result<QueueSnapshot, Corrupt> {
        let count = |value: &Value| reply::count(value, Self::ACTION);
        let mut items = reply::array(reply, Self::ACTION)?;
        // One more if effects wait in the outbox, and another if more limits are set.
        let more = if items.len() > 8 { items.pop() } else { None };
        let effects = if items.len() > 7 { items.pop() } else { None };
        let [waiting, delayed, active, completed, failed, workers, meta] =
            reply::tuple(Value::Array(items), Self::ACTION)?;
        let mut meta = reply::array(meta, Self::ACTION)?;
        let _layout = meta.pop();
        let Meta { counts, mut limits } = Meta::read(meta)?;
        let (mut cancelled, mut total_cancelled, mut waiting_children) = (0, 0, 0);
        if let Some(more) = more {
            let mut more = reply::array(more, Self::ACTION)?;
            let [total, now, parents] =
                reply::tuple(Value::Array(more.split_off(3.min(more.len()))), Self::ACTION)?;
            cancelled = count(&now)?;
            total_cancelled = reply::optional(&total).map_or(Ok(0), count)?;
            waiting_children = count(&parents)?;
            read_more(&mut limits, more)?;
        }
        let counts = QueueCounts {
            waiting: count(&waiting)?,
            delayed: count(&delayed)?.saturating_sub(waiting_children),
            waiting_children,
            active: count(&active)?,
            completed: count(&completed)?,
            failed: count(&failed)?,
            workers: count(&workers)?,
            cancelled,
            total_cancelled,
            effects: effects.as_ref().map(count).transpose()?.unwrap_or(0),
            ..counts
        };
        Ok(QueueSnapshot { counts, limits })
    }
}

/// The fields of `meta`.
pub(crate) struct Meta {
    /// Whether it is paused, and the totals; the rest is 0.
    pub(crate) counts: QueueCounts,
    pub(crate) limits: QueueLimits,
}

impl Meta {
    /// Reads paused, added, completed, failed, rate, active, `max_length`, aging and events, or
    /// nothing for each.
    pub(crate) fn read(fields: Vec<Value>) -> Result<Self, Corrupt> {
        const WHAT: &str = "a queue's meta";
        let maybe = |value: &Value| {
            reply::optional(value).map(|value| reply::count(value, WHAT)).transpose()
        };
        let [paused, added, completed, failed, rate, active, length, aging, events] =
            reply::tuple(Value::Array(fields), WHAT)?;
        let rate = match reply::optional(&rate) {
            None => None,
            Some(rate) => read_rate(reply::text(rate, WHAT)?)?,
        };
        Ok(Self {
            counts: QueueCounts {
                paused: reply::optional(&paused).is_some(),
                total_added: maybe(&added)?.unwrap_or(0),
                total_completed: maybe(&completed)?.unwrap_or(0),
                total_failed: maybe(&failed)?.unwrap_or(0),
                ..QueueCounts::default()
            },
            limits: QueueLimits {
                rate,
                max_active: maybe(&active)?,
                max_length: maybe(&length)?,
                aging: maybe(&aging)?.map(Duration::from_millis),
                events: maybe(&events)?,
                ..QueueLimits::default()
            },
        })
    }
}

/// Reads ttl, `dead_letter` and overflow, or nothing for each.
pub(crate) fn read_more(limits: &mut QueueLimits, fields: Vec<Value>) -> Result<(), Corrupt> {
    const WHAT: &str = "a queue's meta";
    let [ttl, dead_letter, overflow] = reply::tuple(Value::Array(fields), WHAT)?;
    let ttl = reply::optional(&ttl).map(|value| reply::count(value, WHAT)).transpose()?;
    limits.ttl = ttl.map(Duration::from_millis);
    limits.dead_letter = match reply::optional(&dead_letter) {
        None => None,
        Some(name) => reply::text(name, WHAT)?.parse::<QueueName>().ok(),
    };
    limits.overflow = match reply::optional(&overflow) {
        None => Overflow::default(),
        Some(word) => Overflow::from_word(reply::text(word, WHAT)?),
    };
    Ok(())
}

/// Interval in ms and burst. None if the interval is longer than a duration can be.
pub(super) fn read_rate(text: &str) -> Result<Option<Rate>, Corrupt> {
    let corrupt = || Corrupt::new("a queue's rate", text);
    let (interval, burst) = text.split_once(' ').ok_or_else(corrupt)?;
    let interval: f64 = interval.parse().map_err(|_| corrupt())?;
    let burst = burst.parse().map_err(|_| corrupt())?;
    Ok(Rate::from_interval(interval, burst))
}
