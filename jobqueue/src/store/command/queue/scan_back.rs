//! The jobs of a set before a place, backwards.

use bytes::Bytes;
use redis::Value;

use super::SetPosition;
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

/// `lua/queue/scan_back.lua`
pub(crate) struct ScanBack<'a> {
    /// The set, as its key goes on behind the queue's.
    pub(crate) set: &'a str,
    pub(crate) most: usize,
    /// Before which to begin; by default the end.
    pub(crate) before: Option<&'a SetPosition>,
    /// Where to end; by default the beginning.
    pub(crate) from: Option<&'a SetPosition>,
    /// Whether the records are wanted.
    pub(crate) records: bool,
}

/// A portion of a set, the last first.
#[derive(Debug)]
pub(crate) struct ScannedBack {
    pub(crate) jobs: Vec<PlacedJob>,
    pub(crate) more: bool,
}

/// A job, and where it stands.
#[derive(Debug)]
pub(crate) struct PlacedJob {
    pub(crate) id: JobId,
    pub(crate) place: SetPosition,
    /// Its record, if that was wanted and it isn't gone.
    pub(crate) record: Option<Bytes>,
}

impl Command for ScanBack<'_> {
    const SCRIPT: &'static Script = script!("queue" / scan_back, [order, fit, walk]);
    const KEYS: &'static [Key] = &[Key::Jobs, Key::Meta];
    const ACTION: &'static str = "look for jobs";
    type Reply = ScannedBack;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.set).push(self.most);
        for place in [self.before, self.from] {
            let (score, id) = place.map_or(("", ""), SetPosition::parts);
            args.push(score).push(id);
        }
        args.push(u8::from(self.records));
    }

    fn read(&self, reply: Value) -> Result<ScannedBack, Corrupt> {
        let [ids, scores, records, more] = reply::tuple(reply, Self::ACTION)?;
        let mut records = reply::array(records, Self::ACTION)?.into_iter();
        let mut jobs = Vec::new();
        let scores = reply::array(scores, Self::ACTION)?;
        for (id, score) in reply::array(ids, Self::ACTION)?.iter().zip(&scores) {
            let record = records.next().map(|it| reply::optional_bytes(it, Self::ACTION));
            let id = reply::text(id, Self::ACTION)?;
            jobs.push(PlacedJob {
                id: JobId::from_store(id),
                place: SetPosition::new(reply::text(score, Self::ACTION)?, id),
                record: record.transpose()?.flatten(),
            });
        }
        let more = reply::text(&more, Self::ACTION)? == "1";
        Ok(ScannedBack { jobs, more })
    }
}
