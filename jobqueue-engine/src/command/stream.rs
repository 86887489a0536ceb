//! Streams.

use std::mem;

use bytes::Bytes;

use super::args::{Args, integer, is};
use crate::{
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::{Entry, Id, Precision, Stream},
};

/// What a stream keeps.
enum Trim {
    Newest(usize, Precision),
    From(Id, Precision),
}

impl Trim {
    /// `MAXLEN` or `MINID`, then `~`, `=` or neither, and the bound. Also answers what follows.
    fn parse(args: Args<'_>) -> Result<Option<(Self, Args<'_>)>, Refusal> {
        let Some((word, rest)) = args.split_first() else { return Ok(None) };
        let by_length = is(word, "MAXLEN");
        if !by_length && !is(word, "MINID") {
            return Ok(None);
        }
        let (precision, rest) = match rest {
            [sign, rest @ ..] if sign == "~" => (Precision::Nodes, rest),
            [sign, rest @ ..] if sign == "=" => (Precision::Exact, rest),
            _ => (Precision::Exact, rest),
        };
        let (bound, rest) = rest.split_first().ok_or(Refusal::SYNTAX)?;
        let trim = if by_length {
            const NEGATIVE: Refusal = Refusal::new("ERR The MAXLEN argument must be >= 0.");
            Self::Newest(usize::try_from(integer(bound)?).map_err(|_| NEGATIVE)?, precision)
        } else {
            Self::From(Id::parse(bound, 0).ok_or(Refusal::BAD_STREAM_ID)?, precision)
        };
        Ok(Some((trim, rest)))
    }

    fn apply(&self, stream: &mut Stream) -> usize {
        match *self {
            Self::Newest(most, precision) => stream.keep_newest(most, precision),
            Self::From(least, precision) => stream.keep_from(least, precision),
        }
    }
}

pub(super) fn add(keys: &mut Keyspace, args: &mut [Bytes]) -> Answer {
    let (trim, rest) = match Trim::parse(&args[1..])? {
        Some((trim, rest)) => (Some(trim), rest),
        None => (None, &args[1..]),
    };
    let (id, fields) = rest.split_first().ok_or(Refusal::SYNTAX)?;
    if fields.is_empty() || fields.len() % 2 == 1 {
        return Err(Refusal::wrong_number_of_arguments("xadd"));
    }
    let given = match id.as_ref() {
        b"*" => None,
        id => Some(Id::parse(id, 0).ok_or(Refusal::BAD_STREAM_ID)?),
    };
    // Refused before the key is looked at.
    if given == Some(Id::MIN) {
        return Err(Refusal::new("ERR The ID specified in XADD must be greater than 0-0"));
    }
    let last = keys.get::<Stream>(&args[0])?.map_or(Id::MIN, Stream::last_id);
    let id = given.or_else(|| Stream::new_id(last, keys.now_ms())).filter(|id| *id > last);
    let id = id.ok_or(Refusal::new(
        "ERR The ID specified in XADD is equal or smaller than the target stream top item",
    ))?;
    let first = args.len() - fields.len();
    let fields = args[first..].iter_mut().map(mem::take).collect();
    keys.change(&args[0], |stream: &mut Stream| {
        stream.push(id, fields);
        if let Some(trim) = trim {
            trim.apply(stream);
        }
    })?;
    keys.touch(&args[0]);
    Ok(Reply::text(id.text()))
}

/// The fields and values in the arguments of an `XADD` that was carried out.
pub(super) fn fields<'a>(args: Args<'a>) -> Option<Args<'a>> {
    let behind = Trim::parse(&args[1..]).ok()?.map_or(&args[1..], |(_, rest)| rest);
    Some(behind.split_first()?.1)
}

pub(super) fn trim(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (trim, []) = Trim::parse(&args[1..])?.ok_or(Refusal::SYNTAX)? else {
        return Err(Refusal::SYNTAX);
    };
    Ok(Reply::count(keys.change_existing(&args[0], |stream: &mut Stream| trim.apply(stream))?))
}

pub(super) fn remove(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let id = |text: &Bytes| Id::parse(text, 0).ok_or(Refusal::BAD_STREAM_ID);
    let ids: Vec<Id> = args[1..].iter().map(id).collect::<Result<_, _>>()?;
    Ok(Reply::count(keys.change_existing(&args[0], |stream: &mut Stream| {
        ids.into_iter().filter(|id| stream.remove(*id)).count()
    })?))
}

pub(super) fn len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.get::<Stream>(&args[0])?.map_or(0, Stream::len)))
}

pub(super) fn range(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (from, to, most) = ends(&args[1], &args[2], &args[3..])?;
    let Some(stream) = keys.get::<Stream>(&args[0])? else { return Ok(Reply::empty()) };
    Ok(Reply::Array(stream.range(from, to).take(most).map(entry).collect()))
}

pub(super) fn range_from_end(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (from, to, most) = ends(&args[2], &args[1], &args[3..])?;
    let Some(stream) = keys.get::<Stream>(&args[0])? else { return Ok(Reply::empty()) };
    Ok(Reply::Array(stream.range(from, to).rev().take(most).map(entry).collect()))
}

/// The ends of a range, and how many entries of it at most.
fn ends(from: &[u8], to: &[u8], options: Args<'_>) -> Result<(Id, Id, usize), Refusal> {
    let from = Id::bound(from, false).ok_or(Refusal::BAD_STREAM_ID)?;
    let to = Id::bound(to, true).ok_or(Refusal::BAD_STREAM_ID)?;
    let most = match options {
        [] => usize::MAX,
        [word, most] if is(word, "COUNT") => usize::try_from(integer(most)?).unwrap_or(0),
        _ => return Err(Refusal::SYNTAX),
    };
    let from = from.ok_or(Refusal::new("ERR invalid start ID for the interval"))?;
    let to = to.ok_or(Refusal::new("ERR invalid end ID for the interval"))?;
    Ok((from, to, most))
}

/// `XINFO STREAM`: what of it follows from the keyspace alone.
pub(super) fn info(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    if !is(&args[0], "STREAM") {
        return Err(Refusal::new("ERR unknown subcommand of XINFO"));
    }
    let stream = keys.get::<Stream>(&args[1])?.ok_or(Refusal::new("ERR no such key"))?;
    let (first, last) =
        (stream.range(Id::MIN, Id::MAX).next(), stream.range(Id::MIN, Id::MAX).next_back());
    Ok(Reply::Array(vec![
        Reply::text("length"),
        Reply::count(stream.len()),
        Reply::text("last-generated-id"),
        Reply::text(stream.last_id().text()),
        Reply::text("groups"),
        Reply::count(0),
        Reply::text("first-entry"),
        first.map_or(Reply::Nil, entry),
        Reply::text("last-entry"),
        last.map_or(Reply::Nil, entry),
    ]))
}

pub(super) fn entry((id, fields): Entry<'_>) -> Reply {
    Reply::Array(vec![Reply::text(id.text()), Reply::bulks(fields)])
}
