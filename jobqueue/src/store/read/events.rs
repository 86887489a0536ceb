//! The queue's stream of events, as entries of kind and ids.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use crate::{
    error::Result,
    job::JobId,
    store::{entry_id::EntryId, keys::Key, queue_store::QueueStore, reply, server_error},
    value_error::Corrupt,
};

/// A place in the stream: the id of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamPosition(pub(crate) String);

impl StreamPosition {
    /// Whether it comes after another one.
    pub(crate) fn is_after(&self, other: &Self) -> bool {
        EntryId::of(&self.0) > EntryId::of(&other.0)
    }
}

/// One entry: what happened, to which jobs.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) position: StreamPosition,
    pub(crate) kind: String,
    pub(crate) ids: Vec<JobId>,
    /// The progress that was reported, if that is small.
    pub(crate) progress: Option<Bytes>,
}

impl Entry {
    /// About how many bytes it takes on the way.
    pub(crate) fn size(&self) -> usize {
        let ids: usize = self.ids.iter().map(|id| id.as_str().len()).sum();
        ids + self.progress.as_ref().map_or(0, Bytes::len)
    }
}

const ACTION: &str = "read events";

impl QueueStore {
    /// The place after the newest entry.
    pub(crate) async fn stream_end(&self) -> Result<StreamPosition> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(self.shared(Key::Events)).arg("+").arg("-").arg("COUNT").arg(1);
        let entries = reply::array(self.request_retrying(&command, ACTION).await?, ACTION)?;
        let newest = entries.into_iter().next().map(read_entry).transpose()?;
        Ok(newest.map_or_else(|| StreamPosition("0-0".into()), |entry| entry.position))
    }

    /// Up to `most` entries after `from`, without a wait.
    pub(crate) async fn stream_so_far(
        &self,
        from: &StreamPosition,
        most: usize,
    ) -> Result<Vec<Entry>> {
        let mut command = redis::cmd("XRANGE");
        command.arg(self.shared(Key::Events)).arg(format!("({}", from.0)).arg("+");
        command.arg("COUNT").arg(most);
        let entries = reply::array(self.request_retrying(&command, ACTION).await?, ACTION)?;
        Ok(entries.into_iter().map(read_entry).collect::<Result<_, _>>()?)
    }

    /// Up to `most` entries after `from`. Waits for one up to `limit`, and then returns none.
    ///
    /// Needs its [own connection](Self::with_own_connection), which it blocks.
    pub(crate) async fn stream_after(
        &self,
        from: &StreamPosition,
        limit: Duration,
        most: usize,
    ) -> Result<Vec<Entry>> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(most).arg("BLOCK").arg(crate::store::millis(limit).max(1));
        command.arg("STREAMS").arg(self.shared(Key::Events)).arg(&from.0);
        let limit = limit.saturating_add(self.response_limit());
        let reply = self.route.request_within(&command, limit).await;
        let reply = reply.map_err(|error| server_error::explain(error, self.about_action(ACTION)));
        let behind = (self.shared(Key::Events), &*from.0, most);
        let entries = self.or_poll(reply, behind, ACTION).await?.into_iter().map(read_entry);
        Ok(entries.collect::<Result<_, _>>()?)
    }
}

pub(crate) fn read_entry(value: Value) -> Result<Entry, Corrupt> {
    let [position, fields] = reply::tuple(value, ACTION)?;
    let mut fields = reply::array(fields, ACTION)?;
    // Then a name and the value that goes along, if one does.
    let mut along = fields.split_off(2.min(fields.len())).into_iter();
    let progress = along.nth(1).map(|value| reply::bytes(value, ACTION)).transpose()?;
    let [kind, ids] = reply::tuple(Value::Array(fields), ACTION)?;
    let ids = reply::text(&ids, ACTION)?;
    Ok(Entry {
        position: StreamPosition(reply::text(&position, ACTION)?.to_owned()),
        kind: reply::text(&kind, ACTION)?.to_owned(),
        ids: crate::store::ids::read(ids),
        progress,
    })
}
