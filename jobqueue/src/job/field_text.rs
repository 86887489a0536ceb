//! Texts that are made of a payload's fields, for keys and groups.

use serde::Serialize;
use serde_json::Value;

use crate::value_error::PayloadError;

/// The most bytes of the name of a group or a key.
const MAX_BYTES: usize = 255;

/// A value as a text: a text as it is, all else as JSON; none for one that is missing. `what` is what it is
/// for.
pub(super) fn field_text<T: Serialize>(
    value: &T,
    what: &'static str,
) -> Result<Option<String>, PayloadError> {
    match serde_json::to_value(value) {
        Ok(Value::Null) => Ok(None),
        Ok(Value::String(text)) => Ok(Some(text)),
        Ok(value) => Ok(Some(value.to_string())),
        Err(error) => Err(PayloadError::encode::<T>(what, error)),
    }
}

/// Whether a text can name a group or a key.
pub(super) fn is_name(text: &str) -> bool {
    (1..=MAX_BYTES).contains(&text.len()) && !text.contains(char::is_control)
}

/// What stands for a text that can't be used as it is.
pub(super) fn hashed(text: &str) -> String {
    format!("sha1:{}", sha1_smol::Sha1::from(text).digest())
}
