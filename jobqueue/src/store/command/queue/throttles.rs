//! What holds back the jobs of a queue.

use chrono::{DateTime, Utc};
use redis::Value;

use super::counts::read_rate;
use crate::{
    policy::Rate,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/throttles.lua`
pub(crate) struct ReadThrottles;

/// What holds back the jobs of a queue, as its keys have it.
#[derive(Debug)]
pub(crate) struct Throttling {
    pub(crate) now: DateTime<Utc>,
    pub(crate) paused: bool,
    pub(crate) rate: Option<Rate>,
    /// The theoretical arrival time of the rate, in ms since the epoch.
    pub(crate) tat: Option<f64>,
    pub(crate) max_active: Option<u64>,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) since: Option<DateTime<Utc>>,
    pub(crate) active: u64,
    pub(crate) waiting: u64,
    pub(crate) lanes: Lanes,
}

/// What some jobs wait for.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Handlers whose limits hold jobs back, and how many.
    pub(crate) handlers: Vec<(String, u64)>,
    /// Keys for which jobs wait, how many do, and how many of them are active.
    pub(crate) keys: Vec<(String, u64, u64)>,
}

const WHAT: &str = ReadThrottles::ACTION;

impl Command for ReadThrottles {
    const SCRIPT: &'static Script = script!("queue" / throttles, [clock, layout, active, throttle]);
    const KEYS: &'static [Key] = &[Key::Waiting, Key::Workers, Key::Meta];
    const ACTION: &'static str = "read a queue's throttles";
    type Reply = Throttling;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
    }

    fn read(&self, reply: Value) -> Result<Throttling, Corrupt> {
        let [now, paused, rate, tat, max, until, since, active, waiting, lanes, keys] =
            reply::tuple(reply, WHAT)?;
        let lane = |pair: Value| {
            let [lane, waiting] = reply::tuple(pair, WHAT)?;
            Ok((reply::text(&lane, WHAT)?.to_owned(), reply::count(&waiting, WHAT)?))
        };
        let key = |triple: Value| {
            let [key, waiting, active] = reply::tuple(triple, WHAT)?;
            let key = reply::text(&key, WHAT)?.to_owned();
            Ok((key, reply::count(&waiting, WHAT)?, reply::count(&active, WHAT)?))
        };
        Ok(Throttling {
            now: moment(&now)?,
            paused: reply::optional(&paused).is_some(),
            rate: match reply::optional(&rate) {
                None => None,
                Some(rate) => read_rate(reply::text(rate, WHAT)?)?,
            },
            tat: match reply::optional(&tat) {
                None => None,
                Some(tat) => reply::text(tat, WHAT)?.parse().ok(),
            },
            max_active: reply::optional(&max).map(|it| reply::count(it, WHAT)).transpose()?,
            until: reply::optional(&until).map(moment).transpose()?,
            since: reply::optional(&since).map(moment).transpose()?,
            active: reply::count(&active, WHAT)?,
            waiting: reply::count(&waiting, WHAT)?,
            lanes: Lanes { handlers: read_all(lanes, lane)?, keys: read_all(keys, key)? },
        })
    }
}

fn read_all<T>(list: Value, read: impl Fn(Value) -> Result<T, Corrupt>) -> Result<Vec<T>, Corrupt> {
    reply::array(list, WHAT)?.into_iter().map(read).collect()
}

fn moment(value: &Value) -> Result<DateTime<Utc>, Corrupt> {
    let ms = reply::int(value, WHAT)?;
    DateTime::from_timestamp_millis(ms).ok_or_else(|| Corrupt::new(WHAT, "no time"))
}
