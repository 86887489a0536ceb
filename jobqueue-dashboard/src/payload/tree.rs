//! A value as a tree, with its numbers as they are written: `1200043000000000000001` and `1.10` stay
//! what they are, which no float could.

use std::fmt;

use axum::http::StatusCode;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::web::Problem;

/// How deep a tree is taken apart. What is deeper is shown as text.
const DEEPEST: usize = 64;

/// A value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tree {
    #[default]
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Tree>),
    /// In the order in which it is written.
    Map(Vec<(String, Tree)>),
    /// Hidden by the rule of this name.
    Hidden(String),
    /// Too deep to be taken apart: its length in bytes.
    TooDeep(usize),
}

impl Tree {
    /// A value of ours.
    pub(crate) fn of(value: &impl Serialize) -> Result<Self, Problem> {
        let unwritable = |error: serde_json::Error| {
            let words = format!("This can't be written as JSON: {error}.");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, words)
        };
        let text = serde_json::to_string(value).map_err(unwritable)?;
        Self::read(&text).map_err(unwritable)
    }

    /// JSON.
    pub(crate) fn read(text: &str) -> serde_json::Result<Self> {
        Self::below(serde_json::from_str(text)?, DEEPEST)
    }

    fn below(raw: &RawValue, left: usize) -> serde_json::Result<Self> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'[' | b'{') if left == 0 => Self::TooDeep(text.len()),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                let items = items.into_iter().map(|item| Self::below(item, left - 1));
                Self::List(items.collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let Fields(fields) = serde_json::from_str(text)?;
                let fields = fields.into_iter().map(|(name, value)| {
                    Ok::<_, serde_json::Error>((name, Self::below(value, left - 1)?))
                });
                Self::Map(fields.collect::<Result<_, _>>()?)
            }
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The value of a field, if it is a map and has one.
    pub(crate) fn field_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Self::Map(fields) = self else { return None };
        fields.iter_mut().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    /// As JSON, in one line. What is hidden is a text that says so.
    pub(crate) fn to_json(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, None);
        text
    }

    /// As JSON for people, indented.
    pub(crate) fn to_pretty(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, Some(0));
        text
    }

    /// Whether anything in it isn't shown as it is.
    pub(crate) fn is_partial(&self) -> bool {
        match self {
            Self::Hidden(_) | Self::TooDeep(_) => true,
            Self::List(items) => items.iter().any(Self::is_partial),
            Self::Map(fields) => fields.iter().any(|(_, value)| value.is_partial()),
            _ => false,
        }
    }

    fn write(&self, to: &mut String, indent: Option<usize>) {
        match self {
            Self::Null => to.push_str("null"),
            Self::Bool(value) => to.push_str(if *value { "true" } else { "false" }),
            Self::Number(number) => to.push_str(number),
            Self::Text(text) => quote(text, to),
            Self::Hidden(rule) => quote(&hidden(rule), to),
            Self::TooDeep(bytes) => quote(&format!("({bytes} bytes, too deep to be shown)"), to),
            Self::List(items) => {
                let each = |to: &mut String, item: &Self, indent| item.write(to, indent);
                rows(to, indent, ('[', ']'), items, each);
            }
            Self::Map(fields) => {
                let each =
                    |to: &mut String, (name, value): &(String, Self), indent: Option<usize>| {
                        quote(name, to);
                        to.push(':');
                        if indent.is_some() {
                            to.push(' ');
                        }
                        value.write(to, indent);
                    };
                rows(to, indent, ('{', '}'), fields, each);
            }
        }
    }
}

/// What stands in place of what a rule hides.
pub(super) fn hidden(rule: &str) -> String {
    format!("•••• hidden by rule `{rule}`")
}

fn rows<T>(
    to: &mut String,
    indent: Option<usize>,
    (open, close): (char, char),
    items: &[T],
    each: impl Fn(&mut String, &T, Option<usize>),
) {
    to.push(open);
    let inner = indent.map(|indent| indent + 1);
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            to.push(',');
        }
        line(to, inner);
        each(to, item, inner);
    }
    if !items.is_empty() {
        line(to, indent);
    }
    to.push(close);
}

fn line(to: &mut String, indent: Option<usize>) {
    if let Some(indent) = indent {
        to.push('\n');
        to.extend(std::iter::repeat_n("  ", indent));
    }
}

fn quote(text: &str, to: &mut String) {
    // A text is always JSON.
    to.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// The fields of an object, in their order, twice if they are there twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_order_stay_as_they_are_written() {
        let text = r#"{"z":1200043000000000000001,"a":[1.10,-0,1e400,true,null],"z":"<b>\n"}"#;
        assert_eq!(Tree::read(text).expect("JSON").to_json(), text);
    }

    #[test]
    fn it_is_indented_for_people() {
        let tree = Tree::read(r#"{"a":[1,{}],"b":[]}"#).expect("JSON");
        assert_eq!(tree.to_pretty(), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    }

    #[test]
    fn what_is_too_deep_is_not_taken_apart() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        let tree = Tree::read(&deep).expect("JSON");
        assert!(tree.is_partial());
        assert!(tree.to_json().contains("72 bytes, too deep"), "{}", tree.to_json());
        assert!(Tree::read(&"[".repeat(100_000)).is_err());
    }
}
