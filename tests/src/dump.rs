//! All that stands in a server, as text.
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

use redis::{Cmd, Connection, FromRedisValue, cmd};

use crate::text::{dedent, diff, readable};

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
    /// Fields and values of each entry. Entries' ids are left out: the server makes them of its time.
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

    /// The keys that begin with `prefix`, for a server that others use too.
    ///
    /// # Panics
    /// The server can't be read.
    #[must_use]
    pub fn of_prefix(connection: &mut Connection, prefix: &str) -> Self {
        // KEYS isn't for servers with much in them; these have little, and nothing changes while it runs.
        let mut keys: Vec<Vec<u8>> = ask(connection, cmd("KEYS").arg("*"));
        keys.retain(|key| key.starts_with(prefix.as_bytes()));
        let dumped = keys.iter().map(|key| (readable(key), Dumped::read(connection, key)));
        Self(dumped.collect())
    }

    /// Checks that it reads as `expected`; indentation that all lines of it share doesn't count.
    ///
    /// # Panics
    /// It doesn't; the message has both, line by line.
    #[track_caller]
    pub fn assert_is(&self, expected: &str) {
        let (expected, found) = (dedent(expected), self.to_string());
        assert!(
            expected == found,
            "the keyspace is not as expected (-: expected, +: found):\n{}",
            diff(&expected, &found)
        );
    }

    /// Checks that nothing differs from an earlier dump.
    ///
    /// # Panics
    /// Something does; the message has both, line by line.
    #[track_caller]
    pub fn assert_unchanged_since(&self, earlier: &Self) {
        assert!(
            self == earlier,
            "the keyspace has changed (-: before, +: after):\n{}",
            diff(&earlier.to_string(), &self.to_string())
        );
    }
}

impl Dumped {
    fn read(connection: &mut Connection, key: &[u8]) -> Self {
        let kind: String = ask(connection, cmd("TYPE").arg(key));
        let ttl: i64 = ask(connection, cmd("PTTL").arg(key));
        Self { content: Content::read(connection, key, &kind), expires: ttl >= 0 }
    }
}

type Bytes = Vec<u8>;

impl Content {
    fn read(connection: &mut Connection, key: &[u8], kind: &str) -> Self {
        match kind {
            "string" => Self::Str(readable(&ask::<Bytes>(connection, cmd("GET").arg(key)))),
            "list" => Self::List(texts(connection, cmd("LRANGE").arg(key).arg(0).arg(-1))),
            "set" => {
                let mut members = texts(connection, cmd("SMEMBERS").arg(key));
                members.sort();
                Self::Set(members)
            }
            "hash" => Self::Hash(pairs(texts(connection, cmd("HGETALL").arg(key))).collect()),
            "zset" => {
                let mut range = cmd("ZRANGE");
                let members = texts(connection, range.arg(key).arg(0).arg(-1).arg("WITHSCORES"));
                Self::ZSet(pairs(members).map(|(member, score)| (score, member)).collect())
            }
            "stream" => {
                let entries: Vec<(Bytes, Vec<Bytes>)> =
                    ask(connection, cmd("XRANGE").arg(key).arg("-").arg("+"));
                let fields = entries.iter().map(|(_id, fields)| all_readable(fields));
                Self::Stream(fields.map(|it| pairs(it).collect()).collect())
            }
            other => panic!("{} is of type {other}, which is not ours", readable(key)),
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

fn ask<T: FromRedisValue>(connection: &mut Connection, command: &Cmd) -> T {
    command.query(connection).expect("the keyspace can be read")
}

fn texts(connection: &mut Connection, command: &Cmd) -> Vec<String> {
    all_readable(&ask::<Vec<Bytes>>(connection, command))
}

fn all_readable(values: &[Bytes]) -> Vec<String> {
    values.iter().map(|value| readable(value)).collect()
}

fn pairs(values: Vec<String>) -> impl Iterator<Item = (String, String)> {
    let mut values = values.into_iter();
    std::iter::from_fn(move || Some((values.next()?, values.next()?)))
}

#[cfg(test)]
mod tests {
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
        Dump::of(&mut connection).assert_is(
            "
            \\xff string
              \"\"
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
            ",
        );
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
