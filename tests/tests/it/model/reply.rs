//! Replies, as scripts make them.

use redis::Value;

pub(super) fn text(text: impl AsRef<str>) -> Value {
    Value::BulkString(text.as_ref().as_bytes().to_vec())
}

pub(super) fn number(n: impl TryInto<i64>) -> Value {
    Value::Int(n.try_into().ok().expect("a small number"))
}

pub(super) fn optional(value: Option<impl ToString>) -> Value {
    value.map_or(Value::Nil, |value| text(value.to_string()))
}

pub(super) fn texts<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> Value {
    Value::Array(all.into_iter().map(text).collect())
}
