//! The next jobs of a set.

use bytes::Bytes;
use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/scan.lua`
pub(crate) struct Scan<'a> {
    /// The set, as its key goes on behind the queue's.
    pub(crate) set: &'a str,
    pub(crate) most: usize,
    /// Behind which to begin; by default the beginning.
    pub(crate) after: Option<&'a SetPosition>,
    /// With which to end; by default the last one that is there now.
    pub(crate) until: Option<&'a SetPosition>,
    /// Whether the records are wanted.
    pub(crate) records: bool,
}

/// A place in a set: a score and an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetPosition {
    score: String,
    id: String,
}

impl SetPosition {
    pub(crate) fn new(score: &str, id: &str) -> Self {
        Self { score: score.to_owned(), id: id.to_owned() }
    }

    /// Its score and its id.
    pub(crate) fn parts(&self) -> (&str, &str) {
        (&self.score, &self.id)
    }

    /// Before all jobs of a score.
    pub(crate) fn before(score: i64) -> Self {
        Self { score: score.to_string(), id: String::new() }
    }
}

/// A portion of a set.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// With their records, if these were wanted.
    pub(crate) jobs: Vec<(JobId, Option<Bytes>)>,
    /// Where to go on; none at the end.
    pub(crate) next: Option<SetPosition>,
    /// The end of the walk; none if the set was empty at its beginning.
    pub(crate) until: Option<SetPosition>,
}

impl Command for Scan<'_> {
    const SCRIPT: &'static Script = script!("queue" / scan, [order, fit, walk]);
    const KEYS: &'static [Key] = &[Key::Jobs, Key::Meta];
    const ACTION: &'static str = "look for jobs";
    type Reply = Scanned;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.set).push(self.most);
        for place in [self.after, self.until] {
            let (score, id) = place.map_or(("", ""), SetPosition::parts);
            args.push(score).push(id);
        }
        args.push(u8::from(self.records));
    }

    fn read(&self, reply: Value) -> Result<Scanned, Corrupt> {
        let [ids, records, score, id, last_score, last_id] = reply::tuple(reply, Self::ACTION)?;
        let mut records = reply::array(records, Self::ACTION)?.into_iter();
        let mut jobs = Vec::new();
        for id in reply::array(ids, Self::ACTION)? {
            let record = records.next().map(|it| reply::optional_bytes(it, Self::ACTION));
            let id = JobId::from_store(reply::text(&id, Self::ACTION)?);
            jobs.push((id, record.transpose()?.flatten()));
        }
        let (next, until) = (place(&score, &id)?, place(&last_score, &last_id)?);
        Ok(Scanned { jobs, next, until })
    }
}

fn place(score: &Value, id: &Value) -> Result<Option<SetPosition>, Corrupt> {
    let score = reply::text(score, Scan::ACTION)?.to_owned();
    let id = reply::text(id, Scan::ACTION)?.to_owned();
    Ok((!score.is_empty()).then_some(SetPosition { score, id }))
}
