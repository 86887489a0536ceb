//! A filter as text: what is written is read as the same.

use std::fmt;

use super::{
    build::JobFilter,
    literal::Literal,
    quoted::{Quoted, is_needless},
    term::{
        Comparison, Document, EXISTS, FieldMatch, LengthKey, Likeness, NumberKey, Term, Test,
        TextKey, TextMatch, TimeKey, TimeValue, kind_name, name_of,
    },
};
use crate::job::path;

/// A value that may need quotes.
struct Word<'a>(&'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            text if is_needless(text) && text != EXISTS => f.write_str(text),
            text => write!(f, "{}", Quoted(text)),
        }
    }
}

impl fmt::Display for TextMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(text) | Self::Has(text) => write!(f, "{}", Word(text)),
            Self::Begins(text) => write!(f, "{}~", Word(text)),
            Self::Exists => f.write_str(EXISTS),
        }
    }
}

impl fmt::Display for TimeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(length) => write!(f, "{length}"),
            Self::At(moment) => write!(f, "{moment}"),
            Self::Exists => f.write_str(EXISTS),
        }
    }
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Has(text) => write!(f, "{}", Word(text)),
            Self::Begins(text) => write!(f, "{}~", Word(text)),
            Self::Exists => f.write_str(EXISTS),
        }
    }
}

/// Values with commas between them.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    values: &[T],
    write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        write(f, value)?;
    }
    Ok(())
}

fn plain<T: fmt::Display>(f: &mut fmt::Formatter<'_>, values: &[T]) -> fmt::Result {
    list(f, values, |f, value| write!(f, "{value}"))
}

fn texts(f: &mut fmt::Formatter<'_>, by_part: bool, any: &[TextMatch]) -> fmt::Result {
    let exact = by_part && any.iter().any(|each| matches!(each, TextMatch::Is(_)));
    f.write_str(if exact { "=" } else { ":" })?;
    plain(f, any)
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(states) => {
                f.write_str("state:")?;
                plain(f, states)
            }
            Self::Kind(kinds) => {
                f.write_str("kind:")?;
                list(f, kinds, |f, reason| f.write_str(&kind_name(*reason)))
            }
            Self::Text(key, any) => {
                f.write_str(name_of(&TextKey::ALL, *key))?;
                texts(f, key.by_part(), any)
            }
            Self::Header(name, any) => {
                match name {
                    name if path::is_plain(name) => write!(f, "header.{name}")?,
                    name => write!(f, "header[{}]", Quoted(name))?,
                }
                texts(f, true, any)
            }
            Self::Number(key, comparison, any) => {
                write!(f, "{}{comparison}", name_of(&NumberKey::ALL, *key))?;
                plain(f, any)
            }
            Self::Time(key, comparison, any) => {
                write!(f, "{}{comparison}", name_of(&TimeKey::ALL, *key))?;
                plain(f, any)
            }
            Self::Length(key, comparison, any) => {
                write!(f, "{}{comparison}", name_of(&LengthKey::ALL, *key))?;
                plain(f, any)
            }
            Self::Field(document, path, wanted) => {
                write!(f, "{}{path}", name_of(&Document::ALL, *document))?;
                field(f, wanted)
            }
            Self::Word(word)
                if is_needless(word) && !word.starts_with('-') && !word.contains(':') =>
            {
                f.write_str(word)
            }
            Self::Word(word) => write!(f, "{}", Quoted(word)),
        }
    }
}

fn field(f: &mut fmt::Formatter<'_>, wanted: &FieldMatch) -> fmt::Result {
    match wanted {
        FieldMatch::Like(any) => {
            f.write_str(":")?;
            plain(f, any)
        }
        FieldMatch::Is(any) => {
            f.write_str("=")?;
            list(f, any, |f, value| write!(f, "{}", Literal(value)))
        }
        FieldMatch::Order(comparison, any) => {
            match comparison {
                Comparison::Equal => f.write_str("=")?,
                comparison => write!(f, "{comparison}")?,
            }
            list(f, any, |f, value| write!(f, "{}", Literal(value)))
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.negated { "-" } else { "" }, self.test)
    }
}

/// As [`parse`](str::parse) reads it; a filter without conditions is empty.
impl fmt::Display for JobFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}
