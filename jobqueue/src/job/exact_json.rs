//! JSON that is kept as it is written.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// A text that isn't JSON, or that no payload could keep as it is written; see [`exact_json`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InexactJson {
    /// It isn't JSON, or a field stands in an object twice.
    #[error("it isn't JSON: {0}")]
    NotJson(String),
    /// A number would be rounded: it has more digits than 64 bits hold.
    #[error("the number {0} would be rounded: write it as a text, in quotes")]
    Rounded(String),
}

/// Reads JSON that somebody wrote by hand, such as a payload that was edited, if nothing of it gets
/// lost: neither digits of a number nor one of two fields of the same name.
///
/// ```
/// use jobqueue::payload::exact_json;
///
/// assert_eq!(exact_json(r#"{"order": 7, "price": 0.10}"#)?["order"], 7);
/// assert!(exact_json(r#"{"order": 18446744073709551616}"#).is_err());
/// assert!(exact_json(r#"{"order": 7, "order": 8}"#).is_err());
/// # Ok::<_, jobqueue::payload::InexactJson>(())
/// ```
///
/// # Errors
/// [`InexactJson`], which names the number or the field.
pub fn exact_json(text: &str) -> Result<Value, InexactJson> {
    let read = serde_json::from_str(text);
    let Distinct(value) = read.map_err(|error| InexactJson::NotJson(error.to_string()))?;
    match numbers(text).find(|number| !is_exact(number)) {
        Some(number) => Err(InexactJson::Rounded(number.to_owned())),
        None => Ok(value),
    }
}

/// The numbers of a text that is JSON.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let is_of_number = |letter: char| letter.is_ascii_digit() || "+-.eE".contains(letter);
    plain(text).flat_map(move |piece| {
        let words = piece.split(move |letter| !is_of_number(letter));
        // `true` and `false` have an `e`.
        words.filter(|word| word.starts_with(|first: char| first == '-' || first.is_ascii_digit()))
    })
}

/// What stands between the texts.
fn plain(mut left: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, behind) = match left.split_once('"') {
            Some((piece, behind)) => (piece, after_text(behind)),
            None if left.is_empty() => return None,
            None => (left, ""),
        };
        left = behind;
        Some(piece)
    })
}

/// What stands behind the quote that ends a text.
fn after_text(text: &str) -> &str {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or("", |end| &text[end + 1..])
}

/// Whether a number is kept to its last digit.
fn is_exact(number: &str) -> bool {
    if number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok() {
        return true;
    }
    let is_whole = !number.contains(['.', 'e', 'E']);
    let float = number.parse::<f64>().ok().filter(|float| float.is_finite());
    // The shortest text of a float is the one that is written for it.
    float
        .is_some_and(|float| !is_whole && Decimal::of(number) == Decimal::of(&format!("{float:e}")))
}

/// A number by its digits, without zeros at both ends, and how far the point stands behind them.
#[derive(PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// None of what is no number.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
        let short = digits.trim_end_matches('0');
        let moved = i64::try_from(digits.len() - short.len()).ok()?;
        let behind = i64::try_from(fraction.len()).ok()?;
        let digits = short.trim_start_matches('0').to_owned();
        let exponent = exponent.parse::<i64>().ok()?.checked_add(moved)?.checked_sub(behind)?;
        Some(Self { exponent: if digits.is_empty() { 0 } else { exponent }, digits })
    }
}

/// A value whose fields have names of their own.
struct Distinct(Value);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Distinct;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Distinct, E> {
                Ok(Distinct(Value::Null))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Distinct, E> {
                Ok(Distinct(value.into()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Distinct, E> {
                Ok(Distinct(value.into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Distinct, E> {
                Ok(Distinct(value.into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Distinct, E> {
                Ok(Distinct(value.into()))
            }

            fn visit_str<E>(self, value: &str) -> Result<Distinct, E> {
                Ok(Distinct(value.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Distinct, A::Error> {
                let mut items = Vec::new();
                while let Some(Distinct(item)) = from.next_element()? {
                    items.push(item);
                }
                Ok(Distinct(items.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Distinct, A::Error> {
                let mut fields = Map::new();
                while let Some(name) = from.next_key::<String>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format_args!(
                            "the field {name:?} is there twice"
                        )));
                    }
                    let Distinct(value) = from.next_value()?;
                    fields.insert(name, value);
                }
                Ok(Distinct(fields.into()))
            }
        }
        from.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_be_rounded_is_refused() {
        for text in [
            "1",
            "-9223372036854775808",
            "18446744073709551615",
            "1.10",
            "1e3",
            "0.1",
            "0.0",
            "-0.0",
            "0.30000000000000004",
            "1E+2",
            "0e9",
            "1.5e300",
            "5e-324",
            "\"18446744073709551616\"",
            r#"{"a\\": "\"18446744073709551616", "b": [true, false, null]}"#,
        ] {
            exact_json(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "100000000000000000000",
            "0.123456789012345678",
            "1e400",
            "1e-400",
            "1e99999999999999999999",
        ] {
            let error = exact_json(&format!("{{\"\\\"ä1\": [1, {text}]}}")).expect_err(text);
            assert!(matches!(error, InexactJson::Rounded(_) | InexactJson::NotJson(_)), "{error}");
            assert!(text.starts_with("1e") || error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn neither_of_two_fields_gets_lost() {
        let error = exact_json(r#"[{"a": {"b": 1, "\u0062": 2}}]"#).expect_err("twice");
        assert!(error.to_string().contains(r#"the field "b" is there twice"#), "{error}");
        assert!(exact_json(r#"[{"a": 1}, {"a": {"a": 2}}]"#).is_ok());
        assert!(exact_json("{").is_err() && exact_json("").is_err() && exact_json("1 2").is_err());
    }

    proptest! {
        #[test]
        fn floats_are_exact_as_they_are_written(bits in any::<u64>()) {
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            let text = serde_json::to_string(&float).expect("a number");
            prop_assert_eq!(exact_json(&text).expect("exact").as_f64(), Some(float));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"\\\\0-9eE+.a-]{0,40}") {
            let read = serde_json::from_str::<Value>(&text);
            if let Ok(exact) = exact_json(&text) {
                prop_assert_eq!(exact, read.expect("JSON"));
            }
        }
    }
}
