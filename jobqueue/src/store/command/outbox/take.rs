//! Take the next entries to relay.

use std::time::Duration;

use bytes::{Buf as _, Bytes};
use redis::Value;

use crate::{
    job::{Arrival, Gone, JobId, Record, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/outbox/take.lua`
#[derive(Clone, Copy)]
pub(crate) struct Take<'a> {
    /// The relay.
    pub(crate) name: &'a WorkerId,
    /// How long no other relay may take them.
    pub(crate) alone: Duration,
    /// How many entries to look at, at most; 0 releases the outbox.
    pub(crate) most: usize,
    /// The first place to take entries from.
    pub(crate) from: &'a str,
    /// Whether the outbox stays this relay's, even if there are no entries.
    pub(crate) keeps: bool,
    /// Leave out entries that are for these targets alone.
    pub(crate) skip: &'a [String],
    /// Entries that were delivered.
    pub(crate) delivered: &'a [String],
}

/// The answer to a take.
#[derive(Debug)]
pub(crate) enum TakenEntries {
    /// Another relay has the outbox, for this long.
    Busy(Duration),
    /// The next entries without those that were left out, and the last that was looked at; none if
    /// there are no more.
    Entries(Vec<OutboxEntry>, Option<String>),
}

/// One effect to relay.
#[derive(Clone, Debug)]
pub(crate) struct OutboxEntry {
    /// The entry in the outbox.
    pub(crate) entry: String,
    /// Its targets, not parsed yet: see `outbox::target`. Empty if it has none.
    pub(crate) to: String,
    pub(crate) id: JobId,
    pub(crate) priority: i64,
    pub(crate) record: Bytes,
    pub(crate) along: EntryAlong,
}

/// What an entry takes along besides its record.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntryAlong {
    /// How a job that comes back takes its place.
    pub(crate) arrival: Option<Arrival>,
    /// For a dead letter: the errors of its job before the last, newest first.
    pub(crate) errors: Vec<Bytes>,
    /// For a dead letter: the priority that its job had at last.
    pub(crate) priority: Option<i64>,
    /// For nodes of a flow that are to be cancelled: how.
    pub(crate) cancel: Option<Bytes>,
    /// What the runs of the job have recorded.
    pub(crate) steps: Option<Bytes>,
    /// More jobs of the same kind for the same target: ids and records.
    pub(crate) more: Vec<(String, Bytes)>,
    /// For a request that has left its queue without a run: why.
    gone: Option<Gone>,
    /// The outcome that its caller hears, where that is more than why it is gone.
    outcome: Option<Bytes>,
}

impl EntryAlong {
    /// Pairs of a field and its value; fields of newer versions are left out.
    fn read(fields: Vec<Value>) -> Result<Self, Corrupt> {
        const WHAT: &str = Take::ACTION;
        let (mut along, mut fields) = (Self::default(), fields.into_iter());
        while let (Some(field), Some(value)) = (fields.next(), fields.next()) {
            match reply::text(&field, WHAT)? {
                "arrival" => along.arrival = Some(Arrival::parse(reply::text(&value, WHAT)?)),
                "error" => along.errors.push(reply::bytes(value, WHAT)?),
                "steps" => along.steps = Some(reply::bytes(value, WHAT)?),
                "gone" => along.gone = Some(Gone::from_word(reply::text(&value, WHAT)?)),
                "outcome" => along.outcome = Some(reply::bytes(value, WHAT)?),
                "cancel" => along.cancel = Some(reply::bytes(value, WHAT)?),
                "more" => along.more = more(&reply::bytes(value, WHAT)?)?,
                "job_priority" => along.priority = Some(reply::int(&value, WHAT)?),
                _ => {}
            }
        }
        if let Some(arrival) = &mut along.arrival {
            arrival.steps = along.steps.take();
        }
        Ok(along)
    }
}

/// Pairs of an id and a record: the lengths of both, and both.
fn more(text: &Bytes) -> Result<Vec<(String, Bytes)>, Corrupt> {
    let corrupt = || Corrupt::new(Take::ACTION, "jobs that can't be told apart");
    let (mut rest, mut found) = (text.clone(), Vec::new());
    while !rest.is_empty() {
        let mut length = || {
            let end = rest.iter().position(|byte| *byte == b' ')?;
            let digits = rest.split_to(end);
            rest.advance(1);
            std::str::from_utf8(&digits).ok()?.parse::<usize>().ok()
        };
        let (id, record) = (length().ok_or_else(corrupt)?, length().ok_or_else(corrupt)?);
        if id.checked_add(record).is_none_or(|both| both > rest.len()) {
            return Err(corrupt());
        }
        let id = rest.split_to(id);
        let id = std::str::from_utf8(&id).map_err(|_| corrupt())?.to_owned();
        found.push((id, rest.split_to(record)));
    }
    Ok(found)
}

impl OutboxEntry {
    /// How many jobs it carries, and about how many bytes.
    pub(crate) fn size(&self) -> (usize, usize) {
        let Self { to, record, along, .. } = self;
        let more = along.more.iter().map(|(_, record)| record.len()).sum::<usize>();
        (1 + along.more.len(), to.len() + record.len() + more)
    }

    /// The reply to the caller whose request this entry carries: it has left its queue without a
    /// run. If no caller can be read in it, the entry has no target.
    fn reply(mut self, why: Gone) -> Self {
        let caller = Record::decode(&self.record).ok().and_then(|it| it.options.reply_to);
        let to = caller.map(|caller| caller.to_string()).unwrap_or_default();
        let outcome = self.along.outcome.take();
        let record = outcome.unwrap_or_else(|| Bytes::from(why.outcome().encode()));
        Self { to, record, ..self }
    }
}

impl Command for Take<'_> {
    const SCRIPT: &'static Script = script!(
        "outbox" / take,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            ticks, entries, hold, outbox, home, flow, graph, nodes, revival, flowing
        ]
    );
    const KEYS: &'static [Key] = &[Key::Outbox, Key::Relay, Key::Meta];
    const ACTION: &'static str = "relay effects on other queues";
    type Reply = TakenEntries;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.name.as_str()).push(millis(self.alone)).push(self.most);
        args.push(self.from).push(u8::from(self.keeps)).push(self.skip.join("\n"));
        args.push(self.delivered);
    }

    fn read(&self, reply: Value) -> Result<TakenEntries, Corrupt> {
        const WHAT: &str = Take::ACTION;
        let [busy, entries, last] = reply::tuple(reply, WHAT)?;
        let busy = reply::count(&busy, WHAT)?;
        if busy > 0 {
            return Ok(TakenEntries::Busy(Duration::from_millis(busy)));
        }
        let read = |outbox_entry| {
            let mut fields = reply::array(outbox_entry, WHAT)?;
            let along = EntryAlong::read(fields.split_off(fields.len().min(5)))?;
            let [entry, to, id, priority, record] = reply::tuple(Value::Array(fields), WHAT)?;
            let found = OutboxEntry {
                entry: reply::text(&entry, WHAT)?.to_owned(),
                to: reply::text(&to, WHAT)?.to_owned(),
                id: JobId::from_store(reply::text(&id, WHAT)?),
                priority: reply::int(&priority, WHAT)?,
                record: reply::bytes(record, WHAT)?,
                along,
            };
            Ok(match found.along.gone {
                Some(why) => found.reply(why),
                None => found,
            })
        };
        let entries = reply::array(entries, WHAT)?.into_iter().map(read);
        let last = Some(reply::text(&last, WHAT)?.to_owned()).filter(|last| !last.is_empty());
        Ok(TakenEntries::Entries(entries.collect::<Result<_, Corrupt>>()?, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_that_go_together_are_told_apart() {
        let text = Bytes::from_static(b"2 3 ida b4 0 long");
        let found = more(&text).expect("two");
        let of = |id: &str, record: &'static [u8]| (id.to_owned(), Bytes::from_static(record));
        assert_eq!(found, [of("id", b"a b"), of("long", b"")]);
        for bad in ["2", "2 ", "2 3 id", "x 1 ab", "2 18446744073709551615 idx"] {
            assert!(more(&Bytes::from_static(bad.as_bytes())).is_err(), "{bad}");
        }
    }
}
