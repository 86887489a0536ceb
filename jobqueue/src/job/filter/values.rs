//! The values of keys, each kind as it is read.

use super::{
    error::FilterError,
    length::Length,
    literal::{self, PACKED, TooLarge},
    moment::Moment,
    read::{Operator, Reader, Token},
    term::{Comparison, EXISTS, FieldMatch, Likeness, TimeValue, kind_name},
};
use crate::job::{job_failure::FailureReason, state::JobState, value::Value};

pub(super) const STATES: &str = "waiting, delayed, active, completed, failed or cancelled";
pub(super) const KINDS: &str = "a kind of failure: error, permanent, timeout, panic, stalled, \
                                bad_payload, unknown_name, newer_version, corrupt, expired, \
                                deadline, retries_over, snoozes_over, child_failed, overflow, \
                                taken, removed, cancelled or other";
pub(super) const NUMBER: &str = "a whole number";
pub(super) const LENGTH: &str = "a length of time, such as `90m` or `1.5s`";
pub(super) const TIME: &str =
    "how long ago, such as `2h`, or a time, such as `2026-11-28` or `2026-11-28T14:00`";
pub(super) const MOMENT: &str =
    "a time, such as `2026-11-28` or `2026-11-28T14:00`; `<` or `>` for how long ago it is";

pub(super) fn state(token: &Token) -> Option<JobState> {
    token.text.parse().ok()
}

pub(super) fn kind(token: &Token) -> Option<FailureReason> {
    let written = token.text.replace([' ', '-'], "_");
    FailureReason::all().find(|reason| kind_name(*reason) == written)
}

pub(super) fn number(token: &Token) -> Option<i64> {
    token.text.parse().ok()
}

pub(super) fn length(token: &Token) -> Option<Length> {
    Length::read(&token.text)
}

pub(super) fn time(token: &Token, comparison: Comparison) -> Option<TimeValue> {
    if let Some(moment) = Moment::read(&token.text) {
        return Some(TimeValue::At(moment));
    }
    match comparison {
        Comparison::Equal => (token.text == EXISTS && !token.quoted).then_some(TimeValue::Exists),
        _ => Length::read(&token.text).map(TimeValue::Away),
    }
}

/// Whether a text is the beginning of those that are meant: a `~` stands behind it.
pub(super) fn begins(reader: &mut Reader<'_>, text: &mut String, quoted: bool) -> bool {
    if quoted {
        return reader.take("~");
    }
    let begins = text.len() > 1 && text.ends_with('~');
    if begins {
        text.pop();
    }
    begins
}

/// How a field of a payload or result must be.
pub(super) fn field(
    reader: &mut Reader<'_>,
    operator: Operator,
) -> Result<FieldMatch, FilterError> {
    Ok(match operator {
        Operator::Fits => FieldMatch::Like(reader.each(|reader| {
            let Token { mut text, quoted, .. } = reader.value("a value")?;
            Ok(if begins(reader, &mut text, quoted) {
                Likeness::Begins(text)
            } else if text == EXISTS && !quoted {
                Likeness::Exists
            } else {
                Likeness::Has(text)
            })
        })?),
        Operator::Begins => FieldMatch::Like(
            reader
                .each(|reader| reader.value("a text").map(|token| Likeness::Begins(token.text)))?,
        ),
        Operator::Is => FieldMatch::Is(reader.each(exact)?),
        Operator::Compares(comparison) => FieldMatch::Order(comparison, reader.each(ordered)?),
    })
}

/// A value of JSON, or a text.
fn exact(reader: &mut Reader<'_>) -> Result<Value, FilterError> {
    let at = reader.at();
    if reader.rest().starts_with(['{', '[']) {
        let mut values = serde_json::Deserializer::from_str(reader.rest()).into_iter::<Value>();
        let value = values.next().and_then(Result::ok);
        let read = values.byte_offset();
        let value = value.ok_or_else(|| {
            reader.wrong(at, usize::MAX, "a list or a map in JSON, such as `{\"a\":1}`")
        })?;
        reader.skip(read);
        return Ok(value);
    }
    if reader.rest().starts_with(PACKED)
        && reader.rest().get(PACKED.len()..).is_some_and(|rest| rest.starts_with('"'))
    {
        reader.skip(PACKED.len());
        let hex = reader.quoted()?;
        return literal::unpack(&hex).ok_or_else(|| {
            reader.wrong(at, reader.at(), "one value in MessagePack, in hexadecimal")
        });
    }
    let token = reader.value("a value")?;
    Ok(plain(reader, &token)?.unwrap_or(Value::Text(token.text)))
}

/// A number or a text: others have no order.
fn ordered(reader: &mut Reader<'_>) -> Result<Value, FilterError> {
    let token = reader.value("a number or a text")?;
    let value = plain(reader, &token)?;
    match value {
        Some(Value::Bool(_) | Value::Nil) => {
            Err(reader.wrong(token.at, token.until, "a number or a text: others have no order"))
        }
        value => Ok(value.unwrap_or(Value::Text(token.text))),
    }
}

/// A number, `true`, `false` or `null`.
fn plain(reader: &Reader<'_>, token: &Token) -> Result<Option<Value>, FilterError> {
    if token.quoted {
        return Ok(None);
    }
    literal::read(&token.text).map_err(|TooLarge| {
        let expected = "a whole number of up to 64 bits; in quotes, a text of these digits";
        reader.wrong(token.at, token.until, expected)
    })
}
