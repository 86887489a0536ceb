//! The messages that a topic keeps.

use bytes::Bytes;
use redis::Value;

use crate::{
    error::Result,
    store::{MAX_BYTES, keys::Key, portion::Portion, queue_store::QueueStore, reply},
    value_error::Corrupt,
};

/// A message that a topic keeps.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Its entry in the stream.
    pub(crate) entry: String,
    pub(crate) id: String,
    pub(crate) record: Bytes,
}

impl QueueStore {
    /// Kept messages from an entry to another, both included unless they begin with `(`: at most
    /// `count`, and about as many bytes as a call may have. Also whether these are all.
    pub(crate) async fn kept(
        &self,
        from: &str,
        to: &str,
        count: usize,
    ) -> Result<(Vec<Kept>, bool)> {
        let (mut kept, mut bytes) = (Vec::new(), 0);
        let (mut from, mut portion) = (from.to_owned(), Portion::of_large(count));
        loop {
            let asked = portion.count().min(count - kept.len());
            let Some(page) = self.kept_page(&from, to, asked, &mut portion).await? else {
                continue;
            };
            let (found, size) = (page.len(), page.iter().map(|kept| kept.record.len()).sum());
            portion.came(found, size);
            bytes += size;
            kept.extend(page);
            let last = kept.last().filter(|_| found == asked);
            let Some(last) = last else { return Ok((kept, true)) };
            if kept.len() == count || bytes >= MAX_BYTES {
                return Ok((kept, false));
            }
            from = format!("({}", last.entry);
        }
    }

    async fn kept_page(
        &self,
        from: &str,
        to: &str,
        count: usize,
        portion: &mut Portion,
    ) -> Result<Option<Vec<Kept>>> {
        const ACTION: &str = "read a topic's messages";
        let mut command = redis::cmd("XRANGE");
        command.arg(self.shared(Key::Messages)).arg(from).arg(to).arg("COUNT").arg(count);
        let read = |value: Value| {
            let [entry, fields] = reply::tuple(value, ACTION)?;
            let [_, id, _, _priority, _, record] = reply::tuple(fields, ACTION)?;
            let text = |value: &Value| reply::text(value, ACTION).map(str::to_owned);
            Ok(Kept { entry: text(&entry)?, id: text(&id)?, record: reply::bytes(record, ACTION)? })
        };
        let Some(page) = self.request_portion(&command, ACTION, portion).await? else {
            return Ok(None);
        };
        let entries = reply::array(page, ACTION)?;
        Ok(Some(entries.into_iter().map(read).collect::<Result<_, Corrupt>>()?))
    }
}
