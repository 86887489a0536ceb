//! The whole keyspace of a server, as text.
//!
//! ```text
//! jq:{orders}:jobs hash
//!   01J… = "…"
//! jq:{orders}:unique:mail-7 string, expires
//!   01J…
//! jq:{orders}:waiting zset
//!   4503599627370496 01J…
//! ```

use std::{collections::BTreeMap, fmt};

use expect_test::Expect;
use redis::{Connection, cmd};

use crate::text::{diff, readable};

/// Of all keys that begin with ARGV 1: key, type, whether it expires, how many values, and these.
/// One text, each part after its length: a tree of replies would be slow to read thousands of
/// times.
const SCRIPT: &str = "
local parts = {}
local function put(part)
  parts[#parts + 1] = string.len(part) .. ':' .. part
end
local function flat(entries)
  local values = {}
  for _, entry in ipairs(entries) do
    values[#values + 1] = #entry[2]
    for _, value in ipairs(entry[2]) do values[#values + 1] = value end
  end
  return values
end
local readers = {
  string = function(key) return { redis.call('GET', key) } end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  stream = function(key) return flat(redis.call('XRANGE', key, '-', '+')) end,
}
for _, key in ipairs(redis.call('KEYS', '*')) do
  if string.sub(key, 1, #ARGV[1]) == ARGV[1] then
    local kind = redis.call('TYPE', key).ok
    local values = readers[kind] and readers[kind](key) or {}
    put(key)
    put(kind)
    put(redis.call('PTTL', key) >= 0 and 1 or 0)
    put(#values)
    for _, value in ipairs(values) do put(value) end
  end
end
return table.concat(parts)
";

/// Keys and what they hold, at one moment. Compare two, or one with a text.
///
/// Bytes are shown by [`readable`], so nothing is lost and everything can be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump(pub BTreeMap<String, Dumped>);

/// What one key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dumped {
    /// Its value.
    pub content: Content,
    /// Whether it has a time to live. Which one isn't said, since that changes as one looks.
    pub expires: bool,
}

/// A value, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A string.
    Str(String),
    /// Elements from left to right.
    List(Vec<String>),
    /// Members, sorted.
    Set(Vec<String>),
    /// Fields and values, sorted by field.
    Hash(BTreeMap<String, String>),
    /// Scores, as Redis writes them, and members; in the order of the set.
    ZSet(Vec<(String, String)>),
    /// Fields and values of each entry. Entries' ids are left out: the server makes them of its
    /// time.
    Stream(Vec<Vec<(String, String)>>),
}

impl Dump {
    /// The whole keyspace of the connection's database.
    ///
    /// # Panics
    /// The server can't be read.
    #[must_use]
    pub fn of(connection: &mut Connection) -> Self {
        Self::of_prefix(connection, "")
    }

    /// The keys that begin with `prefix`, for a server that others use too. One round trip, at one
    /// moment.
    ///
    /// # Panics
    /// The server can't be read.
    #[must_use]
    pub fn of_prefix(connection: &mut Connection, prefix: &str) -> Self {
        let mut call = cmd("EVAL");
        let all: Vec<u8> = call
            .arg(SCRIPT)
            .arg(0)
            .arg(prefix)
            .query(connection)
            .expect("the keyspace can be read");
        let mut parts = Parts(&all);
        let mut dump = Self::default();
        while !parts.0.is_empty() {
            let (key, kind) = (parts.text(), parts.text());
            let expires = parts.text() == "1";
            let count = parts.count();
            let values = (0..count).map(|_| parts.text()).collect();
            dump.0.insert(
                key.clone(),
                Dumped { content: Content::read(&key, &kind, values), expires },
            );
        }
        dump
    }

    /// Checks that it reads as `expected`. With `UPDATE_EXPECT=1` it writes what it reads as into
    /// the test instead; so each `expect!` must be checked once in a run, not in a loop.
    ///
    /// # Panics
    /// It doesn't; the output has both, and their difference.
    #[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
    pub fn assert_is(&self, expected: Expect) {
        expected.assert_eq(&self.to_string());
    }

    /// Checks that nothing differs from an earlier dump, whatever `UPDATE_EXPECT` says.
    ///
    /// # Panics
    /// Something does; the message has both, line by line.
    #[track_caller]
    pub fn assert_unchanged_since(&self, earlier: &Self) {
        self.assert_equals(earlier, "the keyspace has changed (-: before, +: after)");
    }

    /// Checks that nothing differs from the dump of another case, whatever `UPDATE_EXPECT` says.
    ///
    /// # Panics
    /// Something does; the message has both, line by line.
    #[track_caller]
    pub fn assert_same_as(&self, other: &Self) {
        self.assert_equals(other, "the keyspaces differ (-: the other, +: this one)");
    }

    #[track_caller]
    fn assert_equals(&self, other: &Self, complaint: &str) {
        assert!(self == other, "{complaint}:\n{}", diff(&other.to_string(), &self.to_string()));
    }
}

impl Content {
    fn read(key: &str, kind: &str, mut values: Vec<String>) -> Self {
        match kind {
            "string" => Self::Str(values.swap_remove(0)),
            "list" => Self::List(values),
            "set" => {
                values.sort();
                Self::Set(values)
            }
            "hash" => Self::Hash(pairs(values.into_iter()).collect()),
            "zset" => {
                let members = pairs(values.into_iter());
                Self::ZSet(members.map(|(member, score)| (score, member)).collect())
            }
            "stream" => {
                let (mut values, mut entries) = (values.into_iter(), Vec::new());
                while let Some(count) = values.next() {
                    let count = count.parse().expect("a count");
                    entries.push(pairs(values.by_ref().take(count)).collect());
                }
                Self::Stream(entries)
            }
            other => panic!("{key} is of type {other}, which is not ours"),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Str(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Hash(_) => "hash",
            Self::ZSet(_) => "zset",
            Self::Stream(_) => "stream",
        }
    }

    fn lines(&self) -> Vec<String> {
        let equals = |(field, value): (&String, &String)| format!("{field} = {}", shown(value));
        match self {
            Self::Str(value) => vec![shown(value).to_owned()],
            Self::List(values) | Self::Set(values) => {
                values.iter().map(|value| shown(value).to_owned()).collect()
            }
            Self::Hash(fields) => fields.iter().map(equals).collect(),
            Self::ZSet(members) => {
                members.iter().map(|(score, member)| format!("{score} {}", shown(member))).collect()
            }
            Self::Stream(entries) => {
                let entry = |fields: &Vec<(String, String)>| {
                    let fields = fields.iter().map(|(field, value)| equals((field, value)));
                    fields.collect::<Vec<_>>().join(", ")
                };
                entries.iter().map(entry).collect()
            }
        }
    }
}

/// An empty value has to be seen, and no line may end in a blank.
fn shown(value: &str) -> &str {
    if value.is_empty() { "\"\"" } else { value }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, dumped) in &self.0 {
            let expires = if dumped.expires { ", expires" } else { "" };
            writeln!(f, "{key} {}{expires}", dumped.content.kind())?;
            for line in dumped.content.lines() {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

/// The parts of the script's answer that are still to be read.
struct Parts<'a>(&'a [u8]);

impl Parts<'_> {
    fn text(&mut self) -> String {
        let colon = self.0.iter().position(|byte| *byte == b':').expect("a length");
        let length = std::str::from_utf8(&self.0[..colon]).ok().and_then(|it| it.parse().ok());
        let (part, rest) = self.0[colon + 1..].split_at(length.expect("a length"));
        self.0 = rest;
        readable(part)
    }

    fn count(&mut self) -> usize {
        self.text().parse().expect("a count")
    }
}

fn pairs(mut values: impl Iterator<Item = String>) -> impl Iterator<Item = (String, String)> {
    std::iter::from_fn(move || Some((values.next()?, values.next()?)))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::{raw::run, server::RedisServer};

    #[test]
    fn every_type_is_readable() {
        let server = RedisServer::start();
        let mut connection = server.connection();
        for command in [
            "SET text value PX 100000",
            "RPUSH list b a",
            "SADD set b a",
            "HSET hash b 2 a 1",
            "ZADD zset 4503599627370497 z 1.5 b 1.5 a",
            "XADD stream * waiting 1 failed 2",
        ] {
            run(&mut connection, command);
        }
        let () = cmd("SET").arg(b"\xff").arg("").query(&mut connection).unwrap();
        Dump::of(&mut connection).assert_is(expect![[r#"
            \xff string
              ""
            hash hash
              a = 1
              b = 2
            list list
              b
              a
            set set
              a
              b
            stream stream
              waiting = 1, failed = 2
            text string, expires
              value
            zset zset
              1.5 a
              1.5 b
              4503599627370497 z
        "#]]);
        assert_eq!(Dump::of_prefix(&mut connection, "te").0.len(), 1);
    }

    #[test]
    #[should_panic(expected = "  list list\n    a\n+   b\n")]
    fn a_difference_is_shown_line_by_line() {
        let server = RedisServer::start();
        let mut connection = server.connection();
        run(&mut connection, "RPUSH list a");
        let before = Dump::of(&mut connection);
        run(&mut connection, "RPUSH list b");
        Dump::of(&mut connection).assert_unchanged_since(&before);
    }
}
