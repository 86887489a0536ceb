//! Keys of any type, and the server's time.

use bytes::Bytes;

use super::args::{Args, integer};
use crate::{
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
};

pub(super) fn time(keys: &mut Keyspace, _: Args<'_>) -> Answer {
    let now = keys.now();
    Ok(Reply::texts([(now / 1_000_000).to_string(), (now % 1_000_000).to_string()]))
}

pub(super) fn remove(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(args.iter().filter(|key| keys.take(key).is_some()).count()))
}

pub(super) fn exists(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(args.iter().filter(|key| keys.slot(key).is_some()).count()))
}

pub(super) fn rename(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let slot = keys.take(&args[0]).ok_or(Refusal::new("ERR no such key"))?;
    let expires = slot.expires();
    keys.put(args[1].clone(), slot.value, expires);
    keys.touch(&args[1]);
    Ok(Reply::OK)
}

pub(super) fn expire(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let at = keys.now_ms().saturating_add_signed(integer(&args[1])?);
    Ok(Reply::flag(keys.set_expiry(&args[0], Some(at)).is_some()))
}

pub(super) fn expire_at(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    // A time before the epoch is as much in the past as its beginning.
    let at = u64::try_from(integer(&args[1])?).unwrap_or(0);
    Ok(Reply::flag(keys.set_expiry(&args[0], Some(at)).is_some()))
}

pub(super) fn persist(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::flag(keys.set_expiry(&args[0], None).flatten().is_some()))
}

pub(super) fn time_to_live(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let Some(slot) = keys.slot(&args[0]) else { return Ok(Reply::Integer(-2)) };
    let left = |at: u64| i64::try_from(at.saturating_sub(keys.now_ms())).unwrap_or(i64::MAX);
    Ok(Reply::Integer(slot.expires().map_or(-1, left)))
}

pub(super) fn type_of(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::status(keys.slot(&args[0]).map_or("none", |slot| slot.value.type_name())))
}

pub(super) fn size(keys: &mut Keyspace, _: Args<'_>) -> Answer {
    Ok(Reply::count(keys.keys().count()))
}

pub(super) fn names(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let fits = |key: &&Bytes| matches(&args[0], key);
    Ok(Reply::bulks(keys.keys().filter(fits)))
}

pub(super) fn clear(keys: &mut Keyspace, _: Args<'_>) -> Answer {
    keys.clear();
    Ok(Reply::OK)
}

/// Whether a text fits a pattern with `*`, `?` and `\`.
pub(crate) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|at| matches(rest, &text[at..])),
        ([b'?', rest @ ..], [_, more @ ..]) => matches(rest, more),
        ([b'\\', same, rest @ ..] | [same, rest @ ..], [first, more @ ..]) => {
            same == first && matches(rest, more)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("jq:*:jobs", "jq:{q}:jobs", true),
            ("jq:?", "jq:", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
