//! A field of a payload that must have a value.

use std::str::FromStr;

use serde::Serialize;

use super::{codec::Codec, record::Record, value::Value};
use crate::value_error::{Invalid, PayloadError};

/// A path into a payload, and the value that must be there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    path: Path,
    value: Value,
}

impl Field {
    pub(super) fn new<T: Serialize + ?Sized>(path: &str, value: &T) -> Result<Self, FieldError> {
        let path = path.parse().map_err(FieldError::Path)?;
        // Written and read again, it is as a codec says it: an enum's variant is a text.
        let codec = Codec::MessagePack;
        let value = codec.encode(value).and_then(|bytes| codec.decode(&bytes));
        Ok(Self { path, value: value.map_err(FieldError::Value)? })
    }

    /// Whether the payload's field has the value.
    ///
    /// # Errors
    /// The payload can't be read.
    pub(super) fn matches(&self, payload: &Value) -> bool {
        self.path.leads(payload, &self.value)
    }
}

/// All that a payload says.
pub(super) fn read(record: &Record) -> Result<Value, PayloadError> {
    record.codec.decode(&record.payload)
}

/// What is wrong with a field to look for.
#[derive(Clone, Debug)]
pub(super) enum FieldError {
    Path(Invalid),
    Value(PayloadError),
}

/// A way into a payload: `order.items[0].sku`.
#[derive(Clone, Debug, PartialEq)]
struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A field of this name, or an entry with this key.
    Name(String),
    /// An element by its place, from 0.
    Index(usize),
    /// Any element.
    Any,
}

impl FromStr for Path {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || {
            let advice = "use names, places and quoted names, such as `order.items[0].sku`, \
                          `items[*]` or `[\"a.b\"]`; an empty path is the payload itself";
            Invalid::new("path", text, advice)
        };
        let (mut steps, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix("[\"") {
                let (name, behind) = inner.split_once("\"]").ok_or_else(wrong)?;
                steps.push(Step::Name(name.to_owned()));
                rest = behind;
            } else if let Some(inner) = rest.strip_prefix('[') {
                let (place, behind) = inner.split_once(']').ok_or_else(wrong)?;
                steps.push(match place {
                    "*" => Step::Any,
                    place => Step::Index(place.parse().map_err(|_| wrong())?),
                });
                rest = behind;
            } else {
                // A dot stands between names, and not before the first.
                let name = match (rest.strip_prefix('.'), steps.is_empty()) {
                    (Some(name), false) => name,
                    (None, true) => rest,
                    _ => return Err(wrong()),
                };
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, behind) = name.split_at_checked(end).ok_or_else(wrong)?;
                if name.is_empty() || name.contains(']') {
                    return Err(wrong());
                }
                steps.push(Step::Name(name.to_owned()));
                rest = behind;
            }
        }
        Ok(Self(steps))
    }
}

impl Path {
    fn leads(&self, payload: &Value, wanted: &Value) -> bool {
        leads(&self.0, payload, wanted)
    }
}

fn leads(steps: &[Step], at: &Value, wanted: &Value) -> bool {
    let Some((step, rest)) = steps.split_first() else { return same(at, wanted) };
    match (step, at) {
        (Step::Name(name), Value::Map(entries)) => {
            let mut found = entries.iter().filter(|(key, _)| is_key(key, name));
            found.any(|(_, value)| leads(rest, value, wanted))
        }
        (Step::Index(place), Value::List(values)) => {
            values.get(*place).is_some_and(|value| leads(rest, value, wanted))
        }
        (Step::Any, Value::List(values)) => values.iter().any(|value| leads(rest, value, wanted)),
        (Step::Any, Value::Map(entries)) => {
            entries.iter().any(|(_, value)| leads(rest, value, wanted))
        }
        _ => false,
    }
}

/// Keys of maps may be numbers, which JSON writes as texts.
fn is_key(key: &Value, name: &str) -> bool {
    match key {
        Value::Text(key) => key == name,
        Value::Unsigned(key) => name.parse() == Ok(*key),
        Value::Signed(key) => name.parse() == Ok(*key),
        Value::Bool(key) => name.parse() == Ok(*key),
        _ => false,
    }
}

/// Whether two values are the same: numbers, however they are written; entries, in any order.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Map(left), Value::Map(right)) => {
            let has = |(key, value): &(Value, Value)| {
                right.iter().any(|(other, it)| same(key, other) && same(value, it))
            };
            left.len() == right.len() && left.iter().all(has)
        }
        // One that was written short has no more digits to compare.
        (Value::Single(left), Value::Double(right))
        | (Value::Double(right), Value::Single(left)) => {
            f64::from(*left) == *right || Some(*left) == short(*right)
        }
        (left, right) => match (number(left), number(right)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        },
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what it is written as in fewer digits")]
fn short(value: f64) -> Option<f32> {
    value.is_finite().then_some(value as f32)
}

/// A whole number exactly, another as a float.
#[derive(PartialEq)]
enum Number {
    Whole(i128),
    Broken(f64),
}

fn number(value: &Value) -> Option<Number> {
    let float = |value: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and no larger")]
        if value.fract() == 0.0 && value.abs() < 1e30 {
            return Number::Whole(value as i128);
        }
        Number::Broken(value)
    };
    match value {
        Value::Unsigned(value) => Some(Number::Whole((*value).into())),
        Value::Signed(value) => Some(Number::Whole((*value).into())),
        Value::Single(value) => Some(float((*value).into())),
        Value::Double(value) => Some(float(*value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether a payload, in each codec, has the value at the path.
    fn has<T: Serialize>(payload: &T, path: &str, value: impl Serialize) -> bool {
        let field = Field::new(path, &value).expect("a field");
        let in_codec = |codec: Codec| {
            let bytes = codec.encode(payload).expect("bytes");
            field.matches(&codec.decode(&bytes).expect("a value"))
        };
        let found = in_codec(Codec::MessagePack);
        assert_eq!(found, in_codec(Codec::Json), "{path}");
        found
    }

    #[test]
    fn paths_lead_to_fields_elements_and_keys() {
        let payload = json!({
            "order": {"user": 42, "items": [{"sku": "a"}, {"sku": "b"}], "a.b": true},
            "7": "seven", "none": null,
        });
        for (path, value, expected) in [
            ("order.user", json!(42), true),
            ("order.user", json!(43), false),
            ("order.user", json!("42"), false),
            ("order.items[1].sku", json!("b"), true),
            ("order.items[2].sku", json!("b"), false),
            ("order.items[*].sku", json!("b"), true),
            ("order.items[*].sku", json!("c"), false),
            ("order[*]", json!(42), true),
            ("order[\"a.b\"]", json!(true), true),
            ("[\"order\"].user", json!(42), true),
            ("order.items[0]", json!({"sku": "a"}), true),
            ("order.items", json!([{"sku": "b"}, {"sku": "a"}]), false),
            ("7", json!("seven"), true),
            ("none", json!(null), true),
            ("missing", json!(null), false),
            ("order.user.name", json!(42), false),
        ] {
            assert_eq!(has(&payload, path, &value), expected, "{path} {value}");
        }
        assert!(has(&7, "", 7) && has(&[1, 2], "[1]", 2) && has(&"x", "", "x"));
        assert!(has(&json!({"a": 1, "b": 2}), "", json!({"b": 2, "a": 1})));
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert!(has(&json!({"n": 5}), "n", 5.0) && has(&json!({"n": 5.0}), "n", 5_u8));
        assert!(has(&json!({"n": -5}), "n", -5.0) && !has(&json!({"n": 5.5}), "n", 5));
        assert!(has(&json!({"n": u64::MAX}), "n", u64::MAX));
        assert!(!has(&json!({"n": u64::MAX}), "n", u64::MAX - 1));
        assert!(!has(&json!({"n": 9_007_199_254_740_993_u64}), "n", 9_007_199_254_740_992_u64));
        let short = Codec::MessagePack.encode(&0.1_f32).expect("bytes");
        let short: Value = Codec::MessagePack.decode(&short).expect("a value");
        assert!(Field::new("", &0.1).expect("a field").matches(&short));
        let keys = std::collections::BTreeMap::from([(7, "seven")]);
        assert!(has(&keys, "7", "seven"));
    }

    #[test]
    fn variants_are_texts() {
        #[derive(Serialize)]
        enum Kind {
            Express,
        }
        assert!(has(&json!({"kind": "Express"}), "kind", Kind::Express));
    }

    #[test]
    fn paths_that_lead_nowhere_are_refused() {
        for path in
            [".", "a.", ".a", "a..b", "a[", "a[x]", "a[-1]", "[\"a", "a]", "a[0]b", "a[\"b\""]
        {
            assert!(matches!(Field::new(path, &1), Err(FieldError::Path(_))), "{path}");
        }
    }
}
