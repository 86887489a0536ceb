//! What can be set, by the names that Redis has for it.

use bytes::Bytes;

use super::Engine;
use crate::{command::is, mutex::lock, refusal::Refusal, reply::Reply};

/// A setting: its name, its value, and how another is set.
struct Setting {
    name: &'static str,
    get: fn(&Engine) -> String,
    set: fn(&Engine, &str) -> Option<()>,
}

static SETTINGS: &[Setting] = &[
    Setting {
        name: "maxclients",
        get: |engine| engine.clients.most().to_string(),
        set: |engine, value| {
            engine.clients.set_most(value.parse().ok().filter(|most| *most > 0)?);
            Some(())
        },
    },
    Setting {
        name: "maxmemory",
        get: |engine| lock(&engine.state).keyspace.memory.limit().to_string(),
        set: |engine, value| {
            lock(&engine.state).keyspace.memory.set_limit(bytes(value)?);
            Some(())
        },
    },
    Setting {
        name: "maxmemory-policy",
        get: |_| "noeviction".to_owned(),
        set: |_, value| (value == "noeviction").then_some(()),
    },
    Setting {
        name: "requirepass",
        get: |engine| engine.password().unwrap_or_default(),
        set: |engine, value| {
            engine.set_password(value);
            Some(())
        },
    },
    Setting {
        name: "slowlog-log-slower-than",
        get: |engine| lock(&engine.state).slow_log.slower_than.to_string(),
        set: |engine, value| {
            lock(&engine.state).slow_log.slower_than = value.parse().ok()?;
            Some(())
        },
    },
    Setting {
        name: "slowlog-max-len",
        get: |engine| lock(&engine.state).slow_log.most.to_string(),
        set: |engine, value| {
            lock(&engine.state).slow_log.most = value.parse().ok()?;
            Some(())
        },
    },
];

impl Engine {
    /// Sets what Redis's configuration calls so: `maxmemory` (bytes, also as `3mb`), `maxclients`,
    /// `requirepass`, `slowlog-log-slower-than` (µs), `slowlog-max-len`.
    ///
    /// # Errors
    /// There is no such setting here, or the value isn't one for it.
    pub fn configure(&self, name: &str, value: &str) -> Result<(), Refusal> {
        let setting = SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name));
        let setting = setting.ok_or_else(|| {
            Refusal::with(&format!(
                "ERR Unknown option or number of arguments for CONFIG SET - '{name}'"
            ))
        })?;
        (setting.set)(self, value).ok_or_else(|| {
            Refusal::with(&format!(
                "ERR CONFIG SET failed (possibly related to argument '{name}') - argument couldn't \
                 be parsed"
            ))
        })
    }

    pub(crate) fn config(&self, args: &[Bytes]) -> Reply {
        match args {
            [get, pattern] if is(get, "GET") => {
                let pattern = String::from_utf8_lossy(pattern).to_ascii_lowercase();
                let fits =
                    |it: &&Setting| crate::command::matches(pattern.as_bytes(), it.name.as_bytes());
                let found = SETTINGS.iter().filter(fits);
                Reply::texts(found.flat_map(|it| [it.name.to_owned(), (it.get)(self)]))
            }
            [set, name, value] if is(set, "SET") => self.set_all(&[[name.clone(), value.clone()]]),
            [set, pairs @ ..] if is(set, "SET") && !pairs.is_empty() && pairs.len() % 2 == 0 => {
                self.set_all(pairs.as_chunks::<2>().0)
            }
            [reset] if is(reset, "RESETSTAT") => {
                self.forget_calls();
                Reply::OK
            }
            _ => Reply::Refused(Refusal::new("ERR unknown subcommand of CONFIG")),
        }
    }

    fn set_all(&self, pairs: &[[Bytes; 2]]) -> Reply {
        for [name, value] in pairs {
            let (name, value) = (String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            if let Err(refusal) = self.configure(&name, &value) {
                return Reply::Refused(refusal);
            }
        }
        Reply::OK
    }
}

/// A number of bytes: `3mb`, or without a unit.
fn bytes(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: usize = match &text[digits.len()..] {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn numbers_of_bytes_have_redis_units() {
        for (text, expected) in [
            ("0", Some(0)),
            ("3mb", Some(3 << 20)),
            ("2K", Some(2000)),
            ("1GB", Some(1 << 30)),
            ("12b", Some(12)),
            ("mb", None),
            ("1tb", None),
            ("-1", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn settings_are_set_and_shown() {
        let engine = Engine::new(Clock::standing_at(1), 1);
        let config = |line: &str| {
            let words: Vec<Bytes> =
                line.split(' ').map(|it| Bytes::copy_from_slice(it.as_bytes())).collect();
            engine.config(&words)
        };
        assert_eq!(config("SET maxmemory 3mb maxclients 7"), Reply::OK);
        assert_eq!(config("GET max*ory"), Reply::texts(["maxmemory", "3145728"]));
        assert_eq!(config("GET maxclients"), Reply::texts(["maxclients", "7"]));
        for wrong in [
            "SET maxmemory many",
            "SET maxmemory-policy allkeys-lru",
            "SET port 1",
            "SET maxmemory",
            "DROP",
        ] {
            assert!(matches!(config(wrong), Reply::Refused(_)), "{wrong}");
        }
    }
}
