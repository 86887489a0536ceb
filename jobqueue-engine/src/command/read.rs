//! `XREAD`, which may wait.

use bytes::Bytes;

use super::{
    args::{Args, integer, is},
    stream::entry,
};
use crate::{
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::{Id, Stream},
};

/// An `XREAD`, which may be tried again.
#[derive(Debug)]
pub(crate) struct Read {
    most: usize,
    /// In ms; 0 is for ever. None: it doesn't wait.
    block: Option<u64>,
    streams: Vec<(Bytes, After)>,
}

#[derive(Clone, Copy, Debug)]
enum After {
    Id(Id),
    /// What comes from now on.
    Now,
}

/// Within a script it never waits.
pub(super) fn now(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Read::parse(args)?.found(keys)?.unwrap_or(Reply::NilArray))
}

impl Read {
    /// The arguments behind `XREAD`.
    pub(crate) fn parse(args: Args<'_>) -> Result<Self, Refusal> {
        let mut read = Self { most: usize::MAX, block: None, streams: Vec::new() };
        let mut rest = args;
        loop {
            rest = match rest {
                [word, most, rest @ ..] if is(word, "COUNT") => {
                    // 0 and less are no bound.
                    let most = usize::try_from(integer(most)?).unwrap_or(0);
                    read.most = if most == 0 { usize::MAX } else { most };
                    rest
                }
                [word, ms, rest @ ..] if is(word, "BLOCK") => {
                    const NEGATIVE: Refusal = Refusal::new("ERR timeout is negative");
                    read.block = Some(u64::try_from(integer(ms)?).map_err(|_| NEGATIVE)?);
                    rest
                }
                [word, streams @ ..] if is(word, "STREAMS") && !streams.is_empty() => {
                    read.streams = parse_streams(streams)?;
                    return Ok(read);
                }
                _ => return Err(Refusal::SYNTAX),
            }
        }
    }

    /// For how many ms it waits, 0 for ever, if it waits at all.
    pub(crate) fn block(&self) -> Option<u64> {
        self.block
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Bytes> {
        self.streams.iter().map(|(key, _)| key)
    }

    /// From now on, `$` means the entries after those that are there.
    pub(crate) fn begin(&mut self, keys: &Keyspace) -> Result<(), Refusal> {
        for (key, after) in &mut self.streams {
            if let After::Now = after {
                *after = After::Id(keys.get::<Stream>(key)?.map_or(Id::MIN, Stream::last_id));
            }
        }
        Ok(())
    }

    /// What there is now, if anything.
    pub(crate) fn found(&self, keys: &Keyspace) -> Result<Option<Reply>, Refusal> {
        let mut found = Vec::new();
        for (key, after) in &self.streams {
            let (Some(stream), After::Id(after)) = (keys.get::<Stream>(key)?, *after) else {
                continue;
            };
            let Some(next) = after.next() else { continue };
            let entries: Vec<_> = stream.range(next, Id::MAX).take(self.most).map(entry).collect();
            if !entries.is_empty() {
                found.push(Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Array(entries)]));
            }
        }
        Ok(if found.is_empty() { None } else { Some(Reply::Array(found)) })
    }
}

fn parse_streams(args: Args<'_>) -> Result<Vec<(Bytes, After)>, Refusal> {
    if args.len() % 2 == 1 {
        return Err(Refusal::new(
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be \
             specified.",
        ));
    }
    let (keys, ids) = args.split_at(args.len() / 2);
    let after = |id: &Bytes| match id.as_ref() {
        b"$" => Ok(After::Now),
        id => Id::parse(id, 0).map(After::Id).ok_or(Refusal::BAD_STREAM_ID),
    };
    keys.iter().zip(ids).map(|(key, id)| Ok((key.clone(), after(id)?))).collect()
}
