//! From the replies of Redis to values. Nothing here panics on any reply.

use bytes::Bytes;
use redis::Value;

use crate::{
    job::{JobState, Tries},
    value_error::Corrupt,
};

/// A reply that isn't of the shape its script promises.
fn unexpected(what: &'static str, value: &Value) -> Corrupt {
    // The kind alone: a reply may hold a payload, which must not get into errors or logs.
    let kind = match value {
        Value::Nil => "nil",
        Value::Int(_) => "a number",
        Value::BulkString(_) | Value::SimpleString(_) | Value::Okay => "text",
        Value::Array(_) => "an array",
        _ => "something else",
    };
    Corrupt::new(what, format!("the server answered {kind}"))
}

/// The elements of an array.
pub(crate) fn array(value: Value, what: &'static str) -> Result<Vec<Value>, Corrupt> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(unexpected(what, &other)),
    }
}

/// The elements of an array of `N`.
pub(crate) fn tuple<const N: usize>(
    value: Value,
    what: &'static str,
) -> Result<[Value; N], Corrupt> {
    let items = array(value, what)?;
    let found = items.len();
    items.try_into().map_err(|_| Corrupt::new(what, format!("{found} elements instead of {N}")))
}

/// A whole number, also where it stands as text.
pub(crate) fn int(value: &Value, what: &'static str) -> Result<i64, Corrupt> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::BulkString(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| Corrupt::new(what, "no whole number")),
        other => Err(unexpected(what, other)),
    }
}

/// A whole number from zero.
pub(crate) fn count(value: &Value, what: &'static str) -> Result<u64, Corrupt> {
    u64::try_from(int(value, what)?).map_err(|_| Corrupt::new(what, "a negative number"))
}

/// A count in a sparse column: 0 if there is none.
pub(crate) fn sparse(value: &Value, what: &'static str) -> Result<u32, Corrupt> {
    match optional(value) {
        None => Ok(0),
        Some(value) => u32::try_from(count(value, what)?)
            .map_err(|_| Corrupt::new(what, "a number out of range")),
    }
}

/// A word for each of so many ids, in one text.
pub(crate) fn words<'a>(
    value: &'a Value,
    ids: usize,
    what: &'static str,
) -> Result<Vec<&'a str>, Corrupt> {
    let words: Vec<&str> = text(value, what)?.split(' ').collect();
    if words.len() != ids {
        return Err(Corrupt::new(what, "an answer for other ids than asked for"));
    }
    Ok(words)
}

/// The state that such a word names.
pub(crate) fn state(word: &str, what: &'static str) -> Result<JobState, Corrupt> {
    word.parse().map_err(|error| Corrupt::new(what, error))
}

/// How often a job was tried, in a sparse column.
pub(crate) fn tries(value: &Value, what: &'static str) -> Result<Tries, Corrupt> {
    let Some(value) = optional(value) else { return Ok(Tries::default()) };
    text(value, what)?.parse().map_err(|_| Corrupt::new(what, "no count of attempts"))
}

/// How many answers with a job may be lost, before its run could begin as far as is known, until
/// they count as a stall. So many that no network and no deployment fails a job, and few enough to
/// catch one that kills its workers as soon as it begins.
const LOST_PER_STALL: u32 = 10;

/// A job's stalls, from `<stalls>` or `<stalls>+<lost answers>`.
pub(crate) fn stalls(value: &Value, what: &'static str) -> Result<u32, Corrupt> {
    let Some(value) = optional(value) else { return Ok(0) };
    let found = text(value, what)?;
    let (stalls, lost) = found.split_once('+').unwrap_or((found, "0"));
    let number =
        |part: &str| part.parse::<u32>().map_err(|_| Corrupt::new(what, "no count of stalls"));
    Ok(number(stalls)?.saturating_add(number(lost)? / LOST_PER_STALL))
}

/// Whether an answer with a job was lost, as far as is known, from the same text.
pub(crate) fn was_lost(value: &Value) -> bool {
    matches!(value, Value::BulkString(text) if text.contains(&b'+'))
}

/// Bytes.
pub(crate) fn bytes(value: Value, what: &'static str) -> Result<Bytes, Corrupt> {
    match value {
        Value::BulkString(bytes) => Ok(Bytes::from(bytes)),
        Value::SimpleString(text) => Ok(Bytes::from(text)),
        Value::Okay => Ok(Bytes::from_static(b"OK")),
        other => Err(unexpected(what, &other)),
    }
}

/// Bytes, or nothing.
pub(crate) fn optional_bytes(value: Value, what: &'static str) -> Result<Option<Bytes>, Corrupt> {
    if optional(&value).is_none() { Ok(None) } else { bytes(value, what).map(Some) }
}

/// Text.
pub(crate) fn text<'a>(value: &'a Value, what: &'static str) -> Result<&'a str, Corrupt> {
    match value {
        Value::BulkString(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| Corrupt::new(what, "no UTF-8"))
        }
        Value::SimpleString(text) => Ok(text),
        other => Err(unexpected(what, other)),
    }
}

/// The value, unless it says that there is none. Lua's `false` arrives as nil.
pub(crate) fn optional(value: &Value) -> Option<&Value> {
    match value {
        Value::Nil | Value::Boolean(false) => None,
        value => Some(value),
    }
}
