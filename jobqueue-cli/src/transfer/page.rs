//! What stands at a key, page by page.

use anyhow::{Result, anyhow};
use redis::{Cmd, Value, aio::MultiplexedConnection, cmd};

use super::key::Kind;

/// How many items a page has, about. Records may have a mebibyte each.
const ITEMS: usize = 100;

/// One item: its words, as the command that adds it takes them.
pub(super) type Item = Vec<Vec<u8>>;

/// Reads what stands at a key.
pub(super) struct Pages<'a> {
    key: &'a [u8],
    kind: Kind,
    place: Option<Place>,
}

/// Where the next page begins.
enum Place {
    Cursor(String),
    /// How many items were read.
    Index(usize),
    /// Behind this entry.
    Behind(Vec<u8>),
}

impl<'a> Pages<'a> {
    pub(super) fn new(key: &'a [u8], kind: Kind) -> Self {
        let place = match kind {
            Kind::Text | Kind::List | Kind::SortedSet => Place::Index(0),
            Kind::Hash | Kind::Set => Place::Cursor("0".to_owned()),
            Kind::Stream => Place::Behind(Vec::new()),
        };
        Self { key, kind, place: Some(place) }
    }

    /// The next page; none behind the last one.
    pub(super) async fn next(
        &mut self,
        redis: &mut MultiplexedConnection,
    ) -> Result<Option<Vec<Item>>> {
        let Some(place) = self.place.take() else { return Ok(None) };
        let answer: Value = self.command(&place).query_async(redis).await?;
        let (page, next) = match (place, answer) {
            (Place::Index(_), Value::BulkString(text)) => (vec![vec![text]], None),
            // The text has expired.
            (Place::Index(_), Value::Nil) => (Vec::new(), None),
            (Place::Index(read), Value::Array(values)) => {
                let page = items(&values, if self.kind == Kind::List { 1 } else { 2 })?;
                let next = (!page.is_empty()).then(|| Place::Index(read + page.len()));
                (page, next)
            }
            (Place::Cursor(_), Value::Array(parts)) => {
                let (cursor, values) = with_list(parts)?;
                let cursor = String::from_utf8(bytes(cursor)?)?;
                let page = items(&values, if self.kind == Kind::Set { 1 } else { 2 })?;
                (page, (cursor != "0").then_some(Place::Cursor(cursor)))
            }
            (Place::Behind(_), Value::Array(entries)) => {
                let page: Vec<Item> = entries.into_iter().map(entry).collect::<Result<_>>()?;
                let last = page.last().map(|entry| Place::Behind(entry[0].clone()));
                (page, last)
            }
            (_, other) => return Err(unexpected(vec![other])),
        };
        self.place = next;
        Ok(Some(page))
    }

    fn command(&self, place: &Place) -> Cmd {
        let mut command = cmd(match self.kind {
            Kind::Text => "GET",
            Kind::Hash => "HSCAN",
            Kind::Set => "SSCAN",
            Kind::List => "LRANGE",
            Kind::SortedSet => "ZRANGE",
            Kind::Stream => "XRANGE",
        });
        command.arg(self.key);
        match place {
            Place::Index(_) if self.kind == Kind::Text => {}
            Place::Index(first) => {
                command.arg(first).arg(first + ITEMS - 1);
                if self.kind == Kind::SortedSet {
                    command.arg("WITHSCORES");
                }
            }
            Place::Cursor(cursor) => {
                command.arg(cursor).arg("COUNT").arg(ITEMS);
            }
            Place::Behind(entry) => {
                let from =
                    if entry.is_empty() { b"-".to_vec() } else { [b"(", &entry[..]].concat() };
                command.arg(from).arg("+").arg("COUNT").arg(ITEMS);
            }
        }
        command
    }
}

/// A value, and a list.
fn with_list(parts: Vec<Value>) -> Result<(Value, Vec<Value>)> {
    match <[Value; 2]>::try_from(parts).map_err(unexpected)? {
        [value, Value::Array(list)] => Ok((value, list)),
        other => Err(unexpected(other.to_vec())),
    }
}

/// Items of so many words each.
fn items(values: &[Value], words: usize) -> Result<Vec<Item>> {
    let words_of = |chunk: &[Value]| chunk.iter().cloned().map(bytes).collect();
    values.chunks(words).map(words_of).collect()
}

fn entry(value: Value) -> Result<Item> {
    let Value::Array(parts) = value else { return Err(unexpected(vec![value])) };
    let (id, fields) = with_list(parts)?;
    let mut words = vec![bytes(id)?];
    for field in fields {
        words.push(bytes(field)?);
    }
    Ok(words)
}

fn bytes(value: Value) -> Result<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        Value::SimpleString(text) => Ok(text.into_bytes()),
        other => Err(unexpected(vec![other])),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unexpected(values: Vec<Value>) -> anyhow::Error {
    let kinds = values.iter().map(|value| match value {
        Value::Nil => "nothing",
        Value::Int(_) => "a number",
        Value::BulkString(_) => "a text",
        Value::Array(_) => "a list",
        _ => "something",
    });
    let kinds: Vec<_> = kinds.collect();
    anyhow!("a server answered {}, which isn't what was asked for", kinds.join(", "))
}
