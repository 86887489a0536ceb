//! How many jobs are in each state, and the limits in force.

use redis::Value;

use crate::{
    flaw::Corrupt,
    job::{QueueCounts, QueueName},
    policy::Overflow,
    store::{
        command::{Args, Command},
        keys::{Column, Keys},
        reply,
        script::{Script, script},
    },
};

/// `lua/queue/counts.lua`
pub(crate) struct Counts;

/// What a queue holds and allows.
pub(crate) struct Census {
    pub(crate) counts: QueueCounts,
    /// Interval in ms and burst.
    pub(crate) rate: Option<(f64, u32)>,
    pub(crate) max_active: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) aging_ms: Option<u64>,
    pub(crate) events: Option<u64>,
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) dead_letter: Option<QueueName>,
    pub(crate) overflow: Overflow,
}

impl Command for Counts {
    const SCRIPT: &'static Script = script!("queue" / counts, [active]);
    const KEYS: &'static [Column] = &[
        Column::Waiting,
        Column::Delayed,
        Column::Completed,
        Column::Failed,
        Column::Workers,
        Column::Meta,
    ];
    const DOING: &'static str = "count jobs";
    type Reply = Census;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
    }

    fn read(&self, reply: Value) -> Result<Census, Corrupt> {
        let count = |value: &Value| reply::count(value, Self::DOING);
        let maybe = |value: &Value| reply::optional(value).map(count).transpose();
        let mut items = reply::array(reply, Self::DOING)?;
        // One more if there are effects on their way, and one again if more is set.
        let more = if items.len() > 8 { items.pop() } else { None };
        let effects = if items.len() > 7 { items.pop() } else { None };
        let [waiting, delayed, active, completed, failed, workers, meta] =
            reply::tuple(Value::Array(items), Self::DOING)?;
        let [
            paused,
            added,
            completions,
            failures,
            rate,
            max_active,
            max_length,
            aging,
            events,
            _layout,
        ] = reply::tuple(meta, Self::DOING)?;
        let counts = QueueCounts {
            waiting: count(&waiting)?,
            delayed: count(&delayed)?,
            active: count(&active)?,
            completed: count(&completed)?,
            failed: count(&failed)?,
            workers: count(&workers)?,
            paused: reply::optional(&paused).is_some(),
            total_added: maybe(&added)?.unwrap_or(0),
            total_completed: maybe(&completions)?.unwrap_or(0),
            total_failed: maybe(&failures)?.unwrap_or(0),
            effects: effects.as_ref().map(count).transpose()?.unwrap_or(0),
        };
        let rate = match reply::optional(&rate) {
            None => None,
            Some(rate) => Some(read_rate(reply::text(rate, Self::DOING)?)?),
        };
        let [ttl, dead_letter, overflow] = match more {
            Some(more) => reply::tuple(more, Self::DOING)?,
            None => [Value::Nil, Value::Nil, Value::Nil],
        };
        let word = |value: &Value| match reply::optional(value) {
            None => Ok(None),
            Some(text) => reply::text(text, Self::DOING).map(|text| Some(text.to_owned())),
        };
        Ok(Census {
            counts,
            rate,
            max_active: maybe(&max_active)?,
            max_length: maybe(&max_length)?,
            aging_ms: maybe(&aging)?,
            events: maybe(&events)?,
            ttl_ms: maybe(&ttl)?,
            overflow: word(&overflow)?.map(|word| Overflow::from_word(&word)).unwrap_or_default(),
            dead_letter: word(&dead_letter)?.and_then(|name| name.parse().ok()),
        })
    }
}

fn read_rate(text: &str) -> Result<(f64, u32), Corrupt> {
    let (interval, burst) =
        text.split_once(' ').ok_or_else(|| Corrupt::new("a queue's rate", text))?;
    match (interval.parse(), burst.parse()) {
        (Ok(interval), Ok(burst)) => Ok((interval, burst)),
        _ => Err(Corrupt::new("a queue's rate", text)),
    }
}
