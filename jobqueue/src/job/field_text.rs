//! Texts that are made of a payload's fields, for keys and groups.

use serde::Serialize;
use serde_json::Value;

use crate::value_error::PayloadError;

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

/// What stands for a text that can't be used as it is.
pub(super) fn hashed(text: &str) -> String {
    format!("sha1:{}", sha1_smol::Sha1::from(text).digest())
}
