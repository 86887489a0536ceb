//! From a text to the conditions of a filter.

use std::str::FromStr;

use super::{
    build::JobFilter,
    error::{FilterError, MAX_TEXT},
    quoted,
    read::{Operator, Reader, TermStart, Token},
    term::{
        Comparison, Document, EXISTS, LengthKey, NumberKey, Term, Test, TextKey, TextMatch,
        TimeKey, key_of,
    },
    values,
};
use crate::job::path::Path;

const KEYS: &str = "a word in quotes, or one of the keys id, name, queue, state, priority, \
                    attempts, worker, error, kind, tag, group, trace, flow, schedule, added, due, \
                    started, ended, waited, ran, payload.…, result.… and header.…";

/// The most conditions.
const MAX_TERMS: usize = 64;

/// The most steps of a path.
const MAX_STEPS: usize = 32;

impl FromStr for JobFilter {
    type Err = FilterError;

    /// Reads the grammar that [the guide](crate::docs::finding#in-a-line) has.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut reader = Reader::new(text);
        if text.len() > MAX_TEXT {
            return Err(reader.wrong(MAX_TEXT, MAX_TEXT + 1, "at most 4,096 bytes"));
        }
        let mut terms = Vec::new();
        loop {
            reader.skip_spaces();
            if reader.rest().is_empty() {
                return Ok(Self { terms, problem: None });
            }
            if terms.len() == MAX_TERMS {
                return Err(reader.wrong_here("at most 64 conditions"));
            }
            terms.push(term(&mut reader)?);
        }
    }
}

fn term(reader: &mut Reader<'_>) -> Result<Term, FilterError> {
    let negated = reader.take("-");
    let at = reader.at();
    if reader.rest().is_empty() || reader.rest().starts_with(char::is_whitespace) {
        return Err(reader.wrong(at, at, format!("behind `-` {KEYS}")));
    }
    let test = match reader.head()? {
        TermStart::Word(word) if word.is_empty() => {
            return Err(reader.wrong(at, reader.at(), "a word with at least one letter"));
        }
        TermStart::Word(word) if word.starts_with('-') => {
            return Err(reader.wrong(at, reader.at(), "one `-` alone; or a word in quotes"));
        }
        TermStart::Word(word) => Test::Word(word),
        TermStart::Key(key) => {
            let end = reader.at();
            let key = Key::read(key).map_err(|expected| reader.wrong(at, end, expected))?;
            let operator_at = reader.at();
            let operator = reader.operator();
            let test = key.test(reader, operator, operator_at)?;
            reader.end_of_term("a comma and another value, or a space")?;
            test
        }
    };
    Ok(Term { negated, test })
}

/// What is asked about.
enum Key {
    State,
    Kind,
    Text(TextKey),
    Number(NumberKey),
    Time(TimeKey),
    Length(LengthKey),
    Header(String),
    Field(Document, Path),
}

impl Key {
    /// # Errors
    /// What may stand there instead.
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "state" => return Ok(Self::State),
            "kind" => return Ok(Self::Kind),
            _ => {}
        }
        let key = key_of(&TextKey::ALL, text).map(Self::Text);
        let key = key.or_else(|| key_of(&NumberKey::ALL, text).map(Self::Number));
        let key = key.or_else(|| key_of(&TimeKey::ALL, text).map(Self::Time));
        let key = key.or_else(|| key_of(&LengthKey::ALL, text).map(Self::Length));
        if let Some(key) = key {
            return Ok(key);
        }
        if let Some(name) = text.strip_prefix("header") {
            return header(name).map(Self::Header);
        }
        for (document, name) in Document::ALL {
            let Some(path) = text.strip_prefix(name) else { continue };
            let begins = path.is_empty() || path.starts_with(['.', '[']);
            let path = match path.strip_prefix('.') {
                Some("") => None,
                Some(path) if !path.starts_with('[') => path.parse().ok(),
                Some(_) => None,
                None => path.parse().ok(),
            };
            let path: Option<Path> = path.filter(|path: &Path| path.len() <= MAX_STEPS && begins);
            let example = format!(
                "a path of at most {MAX_STEPS} steps, such as `{name}.order.items[0].sku`, \
                 `{name}.items[*]` or `{name}[\"a.b\"]`"
            );
            return path.map(|path| Self::Field(document, path)).ok_or(example);
        }
        Err(KEYS.to_owned())
    }

    fn test(
        self,
        reader: &mut Reader<'_>,
        operator: Operator,
        at: usize,
    ) -> Result<Test, FilterError> {
        let refuse = |reader: &Reader<'_>, expected: &str| {
            let until = reader.at();
            Err(reader.wrong(at, until, expected))
        };
        Ok(match (self, operator) {
            (Self::State, Operator::Fits | Operator::Is) => {
                Test::State(reader.list(values::STATES, values::state)?)
            }
            (Self::Kind, Operator::Fits | Operator::Is) => {
                Test::Kind(reader.list(values::KINDS, values::kind)?)
            }
            (Self::State | Self::Kind, _) => return refuse(reader, "`:`: it has no order"),
            (Self::Text(_) | Self::Header(_), Operator::Compares(_)) => {
                return refuse(reader, "`:`, `=` or `~`: it has no order");
            }
            (Self::Text(key), operator) => {
                let rules = TextRules {
                    operator,
                    by_part: key.by_part(),
                    may_be_missing: key.may_be_missing(),
                };
                Test::Text(key, rules.read(reader)?)
            }
            (Self::Header(name), operator) => {
                let rules = TextRules { operator, by_part: true, may_be_missing: true };
                Test::Header(name, rules.read(reader)?)
            }
            (Self::Field(document, path), operator) => {
                Test::Field(document, path, values::field(reader, operator)?)
            }
            (_, Operator::Begins) => return refuse(reader, "`:`, `<`, `>`, `<=` or `>=`"),
            (Self::Number(key), operator) => {
                let numbers = reader.list(values::NUMBER, values::number)?;
                Test::Number(key, compares(operator), numbers)
            }
            (Self::Length(key), operator) => {
                let lengths = reader.list(values::LENGTH, values::length)?;
                Test::Length(key, compares(operator), lengths)
            }
            (Self::Time(key), operator) => {
                let comparison = compares(operator);
                let time = |token: &Token| values::time(token, comparison);
                let expected = match comparison {
                    Comparison::Equal => values::MOMENT,
                    _ => values::TIME,
                };
                Test::Time(key, comparison, reader.list(expected, time)?)
            }
        })
    }
}

fn compares(operator: Operator) -> Comparison {
    match operator {
        Operator::Compares(comparison) => comparison,
        Operator::Fits | Operator::Is | Operator::Begins => Comparison::Equal,
    }
}

/// The name of a header: all that stands behind the dot, or in quotes.
fn header(text: &str) -> Result<String, String> {
    let quoted = || {
        let inner = text.strip_prefix('[')?;
        let (name, behind) = quoted::read(inner).ok()?;
        (behind == "]").then_some(name)
    };
    let plain = || text.strip_prefix('.').filter(|name| !name.is_empty()).map(str::to_owned);
    let name = if text.starts_with('[') { quoted() } else { plain() };
    name.ok_or_else(|| "a name, such as `header.tenant` or `header[\"a b\"]`".to_owned())
}

/// How the texts of a key are asked for.
struct TextRules {
    operator: Operator,
    by_part: bool,
    may_be_missing: bool,
}

impl TextRules {
    fn read(&self, reader: &mut Reader<'_>) -> Result<Vec<TextMatch>, FilterError> {
        reader.each(|reader| {
            let Token { mut text, quoted, .. } = reader.value("a text")?;
            let by_mark =
                self.operator == Operator::Fits && values::begins(reader, &mut text, quoted);
            Ok(match self.operator {
                Operator::Begins => TextMatch::Begins(text),
                _ if by_mark => TextMatch::Begins(text),
                Operator::Fits if !quoted && text == EXISTS && self.may_be_missing => {
                    TextMatch::Exists
                }
                Operator::Fits if self.by_part => TextMatch::Has(text),
                _ => TextMatch::Is(text),
            })
        })
    }
}
