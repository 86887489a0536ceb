//! Values of payloads as they are written in a filter: as JSON, or as MessagePack what JSON can't
//! say.

use std::fmt;

use super::quoted::{Quoted, is_needless};
use crate::job::{codec::Codec, value::Value};

/// A whole number that 64 bits don't hold: compared through a float, it would be others as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// A number, `true`, `false` or `null`; none if the text is no such.
pub(super) fn read(text: &str) -> Result<Option<Value>, TooLarge> {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let is_word = matches!(text, "true" | "false" | "null");
    if !(is_number || is_word) || text.contains(char::is_whitespace) {
        return Ok(None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Double(_)) if !text.contains(['.', 'e', 'E']) => Err(TooLarge),
        Ok(value) => Ok(Some(value)),
        Err(_) => Ok(None),
    }
}

/// What precedes a value in MessagePack, in hexadecimal and in quotes.
pub(super) const PACKED: &str = "msgpack";

/// A value in MessagePack, from hexadecimal.
pub(super) fn unpack(hex: &str) -> Option<Value> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    let bytes = bytes.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty())?;
    Codec::MessagePack.decode(&bytes).ok()
}

/// A value, as it stands behind `=`.
pub(super) struct Literal<'a>(pub(super) &'a Value);

impl fmt::Display for Literal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Text(text) if is_bare(text) => f.write_str(text),
            Value::Text(text) => write!(f, "{}", Quoted(text)),
            value if is_json(value) => {
                // Nothing is in it that JSON doesn't have.
                f.write_str(&serde_json::to_string(value).map_err(|_| fmt::Error)?)
            }
            value => {
                let bytes = Codec::MessagePack.encode(value).map_err(|_| fmt::Error)?;
                write!(f, "{PACKED}\"")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("\"")
            }
        }
    }
}

/// Whether a text is one without quotes as well, and nothing else.
fn is_bare(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_alphabetic());
    begins && is_needless(text) && read(text) == Ok(None)
}

/// Whether JSON says exactly this.
fn is_json(value: &Value) -> bool {
    match value {
        Value::Nil | Value::Bool(_) | Value::Unsigned(_) | Value::Signed(_) | Value::Text(_) => {
            true
        }
        Value::Double(value) => value.is_finite(),
        Value::Single(_) | Value::Bytes(_) => false,
        Value::List(values) => values.iter().all(is_json),
        Value::Map(entries) => {
            entries.iter().all(|(key, value)| matches!(key, Value::Text(_)) && is_json(value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_the_last_digit_or_not_at_all() {
        assert_eq!(
            read("1234567890123456789"),
            Ok(Some(Value::Unsigned(1_234_567_890_123_456_789)))
        );
        assert_eq!(read("-7"), Ok(Some(Value::Signed(-7))));
        assert_eq!(read("1.5"), Ok(Some(Value::Double(1.5))));
        assert_eq!(read("123456789012345678901"), Err(TooLarge));
        for text in ["01J", "1.2.3", "ann", "", "-", "nullable", "1 "] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
    }
}
