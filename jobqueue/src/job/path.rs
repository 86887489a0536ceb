//! A way into a payload, and how what stands there is compared.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::Serialize;

use super::{codec::Codec, filter::quoted, value::Value};
use crate::value_error::{Invalid, PayloadError};

/// A value as a codec says it, written and read again: an enum's variant is a text.
pub(super) fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, PayloadError> {
    let codec = Codec::MessagePack;
    codec.decode(&codec.encode(value)?)
}

/// A way into a payload: `order.items[0].sku`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// A field of this name, or an entry with this key.
    Name(String),
    /// An element by its place, from 0.
    Index(usize),
    /// Any element.
    Any,
    /// Any element of a list, and none of a map.
    Element,
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
            if let Some(inner) = rest.strip_prefix('[')
                && inner.starts_with('"')
            {
                let (name, behind) = quoted::read(inner).map_err(|_| wrong())?;
                steps.push(Step::Name(name));
                rest = behind.strip_prefix(']').ok_or_else(wrong)?;
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
    /// How many steps it has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The names in it.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.0.iter().filter_map(|step| match step {
            Step::Name(name) => Some(name.clone()),
            _ => None,
        });
        names.collect()
    }

    /// `[*]` leads to elements of lists alone from now on.
    pub(super) fn lists_only(&mut self) {
        for step in &mut self.0 {
            if *step == Step::Any {
                *step = Step::Element;
            }
        }
    }

    /// Whether it leads to a value of this kind.
    pub(super) fn any(&self, payload: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
        leads(&self.0, payload, test)
    }
}

/// With a dot before each plain name, also the first: as it stands behind `payload`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| match step {
            Step::Name(name) if is_plain(name) => write!(f, ".{name}"),
            Step::Name(name) => write!(f, "[{}]", quoted::Quoted(name)),
            Step::Index(place) => write!(f, "[{place}]"),
            Step::Any | Step::Element => f.write_str("[*]"),
        })
    }
}

/// Whether a name needs no quotes, neither in a path nor in a filter.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|char| char.is_alphanumeric() || "_-$@/".contains(char))
}

fn leads(steps: &[Step], at: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return test(at) };
    match (step, at) {
        (Step::Name(name), Value::Map(entries)) => {
            let mut found = entries.iter().filter(|(key, _)| is_key(key, name));
            found.any(|(_, value)| leads(rest, value, test))
        }
        (Step::Index(place), Value::List(values)) => {
            values.get(*place).is_some_and(|value| leads(rest, value, test))
        }
        (Step::Any | Step::Element, Value::List(values)) => {
            values.iter().any(|value| leads(rest, value, test))
        }
        (Step::Any, Value::Map(entries)) => {
            entries.iter().any(|(_, value)| leads(rest, value, test))
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
pub(super) fn same(left: &Value, right: &Value) -> bool {
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

/// Which of two numbers is larger, or of two texts comes later; none of other pairs.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Value::Text(left), Value::Text(right)) = (left, right) {
        return Some(left.cmp(right));
    }
    match (number(left)?, number(right)?) {
        (Number::Whole(left), Number::Whole(right)) => Some(left.cmp(&right)),
        (Number::Broken(left), Number::Broken(right)) => left.partial_cmp(&right),
        // What is no whole number stands between two of them.
        (Number::Whole(left), Number::Broken(right)) => between(right, left).map(Ordering::reverse),
        (Number::Broken(left), Number::Whole(right)) => between(left, right),
    }
}

/// Where a number that isn't whole, or is too large to be, stands beside a whole one.
fn between(broken: f64, whole: i128) -> Option<Ordering> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    let floor = broken.floor() as i128;
    match floor.cmp(&whole) {
        _ if broken.is_nan() => None,
        Ordering::Equal => Some(Ordering::Greater),
        order => Some(order),
    }
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
        let path_to: Path = path.parse().expect("a path");
        let wanted = to_value(&value).expect("a value");
        let in_codec = |codec: Codec| {
            let bytes = codec.encode(payload).expect("bytes");
            let payload = codec.decode(&bytes).expect("a value");
            path_to.any(&payload, &|at| same(at, &wanted))
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
    fn elements_of_lists_are_no_fields_of_maps() {
        let mut path: Path = "a[*].b".parse().expect("a path");
        let leads = |path: &Path, payload: serde_json::Value| {
            path.any(&to_value(&payload).expect("a value"), &|at| *at != Value::Nil)
        };
        let (map, list) = (json!({"a": {"x": {"b": 1}}}), json!({"a": [{"b": 1}]}));
        assert!(leads(&path, map.clone()) && leads(&path, list.clone()));
        path.lists_only();
        assert!(!leads(&path, map) && leads(&path, list));
        assert_eq!((path.to_string(), path.names().len()), (".a[*].b".to_owned(), 2));
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
        assert!(same(&short, &to_value(&0.1).expect("a value")));
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
            assert!(path.parse::<Path>().is_err(), "{path}");
        }
    }

    #[test]
    fn a_path_is_written_as_it_is_read() {
        for (path, written) in [
            ("", ""),
            ("a.b-c[0][*].d", ".a.b-c[0][*].d"),
            (r#"["a"]["b.c"][" "]"#, r#".a["b.c"][" "]"#),
            (r#"["a\"]b\\"]"#, r#"["a\"]b\\"]"#),
            ("a b", r#"["a b"]"#),
        ] {
            let read: Path = path.parse().expect("a path");
            assert_eq!(read.to_string(), written);
            assert_eq!(written.strip_prefix('.').unwrap_or(written).parse(), Ok(read));
        }
    }

    #[test]
    fn numbers_have_an_order_to_the_last_digit() {
        let order = |left, right| {
            let value = |it: &serde_json::Value| to_value(it).expect("a value");
            let order = compare(&value(&left), &value(&right));
            assert_eq!(compare(&value(&right), &value(&left)), order.map(Ordering::reverse));
            order
        };
        let (big, next) = (json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_993_u64));
        assert_eq!(order(big, next), Some(Ordering::Less));
        assert_eq!(order(json!(1), json!(1.5)), Some(Ordering::Less));
        assert_eq!(order(json!(2), json!(1.5)), Some(Ordering::Greater));
        assert_eq!(order(json!(-2), json!(-1.5)), Some(Ordering::Less));
        assert_eq!(order(json!(u64::MAX), json!(1e300)), Some(Ordering::Less));
        assert_eq!(order(json!(5.0), json!(5)), Some(Ordering::Equal));
        assert_eq!(order(json!("b"), json!("a")), Some(Ordering::Greater));
        assert_eq!(order(json!("1"), json!(1)), None);
    }
}
