//! The workers of a queue.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use redis::Value;

use crate::{
    job::{JobId, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/worker/list.lua`
pub(crate) struct List<'a> {
    pub(crate) after: Option<&'a WorkerId>,
    pub(crate) workers: usize,
    /// How many jobs of each to name.
    pub(crate) jobs: usize,
}

/// Workers, in the order of their names.
#[derive(Debug)]
pub(crate) struct Workers {
    pub(crate) now: DateTime<Utc>,
    pub(crate) workers: Vec<ListedWorker>,
}

/// A worker, as its queue knows it.
#[derive(Debug)]
pub(crate) struct ListedWorker {
    pub(crate) id: WorkerId,
    pub(crate) lease_until: DateTime<Utc>,
    pub(crate) card: Option<Bytes>,
    pub(crate) held: u64,
    pub(crate) jobs: Vec<JobId>,
}

impl Command for List<'_> {
    const SCRIPT: &'static Script = script!("worker" / list, [clock, layout]);
    const KEYS: &'static [Key] = &[Key::Workers, Key::Identities, Key::Meta];
    const ACTION: &'static str = "list a queue's workers";
    type Reply = Workers;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.after.map_or("", WorkerId::as_str));
        args.push(self.workers).push(self.jobs);
    }

    fn read(&self, reply: Value) -> Result<Workers, Corrupt> {
        const WHAT: &str = List::ACTION;
        let mut rows = reply::array(reply, WHAT)?.into_iter();
        let now = moment(&rows.next().unwrap_or_default())?;
        let read = |row: Value| {
            let [id, until, card, held, jobs] = reply::tuple(row, WHAT)?;
            let jobs = reply::text(&jobs, WHAT)?.split_ascii_whitespace();
            Ok(ListedWorker {
                id: WorkerId::from_store(reply::text(&id, WHAT)?),
                lease_until: moment(&until)?,
                card: reply::optional_bytes(card, WHAT)?,
                held: reply::count(&held, WHAT)?,
                jobs: jobs.map(JobId::from_store).collect(),
            })
        };
        let workers = rows.map(read).collect::<Result<_, Corrupt>>()?;
        Ok(Workers { now, workers })
    }
}

fn moment(value: &Value) -> Result<DateTime<Utc>, Corrupt> {
    let ms = reply::int(value, List::ACTION)?;
    DateTime::from_timestamp_millis(ms).ok_or_else(|| Corrupt::new(List::ACTION, "no time"))
}
