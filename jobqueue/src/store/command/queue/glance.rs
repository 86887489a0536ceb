//! Read what a list of many queues shows of one.

use std::time::Duration;

use redis::Value;

use super::stats::{age, time};
use crate::{
    job::QueueName,
    stats::QueueGlance,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/glance.lua`
pub(crate) struct Glance<'a> {
    pub(crate) queue: &'a QueueName,
}

const WHAT: &str = "a glance at a queue";

impl Command for Glance<'_> {
    const SCRIPT: &'static Script =
        script!("queue" / glance, [clock, layout, rank, lanes, key, group_of, group_since, oldest]);
    const KEYS: &'static [Key] =
        &[Key::Waiting, Key::Delayed, Key::Failed, Key::Workers, Key::Meta];
    const ACTION: &'static str = "glance at a queue";
    /// None if it doesn't exist.
    type Reply = Option<QueueGlance>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let count = |value: &Value| reply::count(value, WHAT);
        let maybe = |value: &Value| reply::optional(value).map(count).transpose();
        let [now, waiting, delayed, active, failed, workers, alive, oldest, due, meta] =
            reply::tuple(reply, WHAT)?;
        let [layout, paused, added, completed, total_failed, cancelled, throttled] =
            reply::tuple(meta, WHAT)?;
        if reply::optional(&layout).is_none() {
            return Ok(None);
        }
        let now = count(&now)?;
        let throttled = maybe(&throttled)?.and_then(|until| until.checked_sub(now));
        Ok(Some(QueueGlance {
            queue: self.queue.clone(),
            at: time(now)?,
            paused: reply::optional(&paused).is_some(),
            waiting: count(&waiting)?,
            delayed: count(&delayed)?,
            active: count(&active)?,
            failed: count(&failed)?,
            workers: count(&workers)?,
            workers_alive: count(&alive)?,
            total_added: maybe(&added)?.unwrap_or(0),
            total_completed: maybe(&completed)?.unwrap_or(0),
            total_failed: maybe(&total_failed)?.unwrap_or(0),
            total_cancelled: maybe(&cancelled)?.unwrap_or(0),
            oldest_waiting: age(&oldest, now)?,
            next_due: maybe(&due)?.map(time).transpose()?,
            throttled_for: throttled.filter(|left| *left > 0).map(Duration::from_millis),
        }))
    }
}
