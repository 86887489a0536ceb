//! What a server says of itself, as far as this client may ask.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use redis::{Cmd, Value};

use super::{
    keys::Key,
    link::{Link, server},
    queue_store::QueueStore,
    reply,
    server_error::{self, About},
    servers::Store,
};
use crate::{
    clock,
    error::{Error, Refused, Result},
    error_chain::{chain, sources},
    stats::{Hidden, KeySize, Persistence, ServerMemory, ServerReport, SlowCall},
    value_error::Corrupt,
};

const ACTION: &str = "ask a server how it is";

/// How many slow calls are read.
const SLOW_CALLS: usize = 32;

/// How many parts of a key are weighed.
const SAMPLES: usize = 20;

/// The keys of a queue that grow with its jobs.
const GROWING: [(Key, &str); 8] = [
    (Key::Jobs, "jobs"),
    (Key::Outcomes, "outcomes"),
    (Key::Waiting, "waiting"),
    (Key::Delayed, "delayed"),
    (Key::Completed, "completed"),
    (Key::Failed, "failed"),
    (Key::Events, "events"),
    (Key::Outbox, "outbox"),
];

impl Store {
    /// The server, or each master of a cluster.
    pub(crate) async fn server_reports(&self) -> Result<Vec<ServerReport>> {
        let mut reports = Vec::new();
        for link in self.masters().await? {
            reports.push(Questions { link: &link, hidden: Vec::new() }.report().await?);
        }
        Ok(reports)
    }
}

impl QueueStore {
    /// How much memory the keys that grow with a queue's jobs take; none if the server doesn't say.
    pub(crate) async fn key_sizes(&self) -> Result<Vec<KeySize>> {
        const ACTION: &str = "weigh a queue's keys";
        let mut sizes = Vec::new();
        for (key, name) in GROWING {
            let mut command = redis::cmd("MEMORY");
            command.arg("USAGE").arg(self.shared(key)).arg("SAMPLES").arg(SAMPLES);
            let size = self.request_retrying(&command, ACTION).await?;
            if let Some(size) = reply::optional(&size) {
                sizes.push(KeySize { key: name, bytes: reply::count(size, ACTION)? });
            }
        }
        Ok(sizes)
    }
}

/// Questions to one server.
struct Questions<'a> {
    link: &'a Link,
    hidden: Vec<Hidden>,
}

impl Questions<'_> {
    /// The answer; none if the server refuses it.
    async fn ask(&mut self, name: &'static str, command: &Cmd) -> Result<Option<Value>> {
        match self.try_ask(command).await {
            Ok(value) => Ok(Some(value)),
            Err(error @ Error::Refused(_)) => {
                let forbidden = matches!(error, Error::Refused(Refused::Permission { .. }));
                let why =
                    sources(&error).last().map_or_else(|| error.to_string(), ToString::to_string);
                self.hidden.push(Hidden { command: name, why, forbidden });
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn try_ask(&self, command: &Cmd) -> Result<Value> {
        let address = self.link.address();
        let answer = self.link.request(command).await;
        answer.map_err(|error| server_error::explain(error, About::server(ACTION, &address)))
    }

    async fn config(&mut self, name: &str) -> Result<Option<String>> {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(name);
        let Some(answer) = self.ask("CONFIG GET", &command).await? else { return Ok(None) };
        let pair = reply::array(answer, ACTION)?;
        Ok(pair.get(1).map(|value| reply::text(value, ACTION).map(str::to_owned)).transpose()?)
    }

    async fn clock_ahead(&mut self) -> Result<Option<TimeDelta>> {
        let before = clock::now();
        let Some(time) = self.ask("TIME", &redis::cmd("TIME")).await? else { return Ok(None) };
        let half = (clock::now() - before) / 2;
        let [seconds, micros] = reply::tuple(time, ACTION)?;
        let part = |value: &Value| reply::text(value, ACTION).map(|text| text.parse::<i64>().ok());
        let (seconds, micros) = (part(&seconds)?, part(&micros)?);
        let theirs = seconds.zip(micros).and_then(|(seconds, micros)| {
            DateTime::<Utc>::from_timestamp_micros(seconds.checked_mul(1_000_000)? + micros)
        });
        Ok(theirs.map(|theirs| theirs - (before + half)))
    }

    async fn slow_calls(&mut self) -> Result<Option<Vec<SlowCall>>> {
        let mut command = redis::cmd("SLOWLOG");
        command.arg("GET").arg(SLOW_CALLS);
        let Some(answer) = self.ask("SLOWLOG GET", &command).await? else { return Ok(None) };
        let calls = reply::array(answer, ACTION)?;
        Ok(Some(calls.into_iter().map(slow_call).collect::<Result<_, _>>()?))
    }

    async fn report(mut self) -> Result<ServerReport> {
        let mut eval = redis::cmd("EVAL");
        eval.arg("return 1").arg(0);
        let scripts_refused = match self.try_ask(&eval).await {
            Ok(_) => None,
            Err(error @ Error::Refused(_)) => Some(chain(&error).to_string()),
            Err(error) => return Err(error),
        };
        let info = self.ask("INFO", &redis::cmd("INFO")).await?;
        let info = info.as_ref().map(|info| reply::text(info, ACTION)).transpose()?;
        let info = server::parse(info.unwrap_or_default());
        let fsync = self.config("appendfsync").await?;
        let snapshots = self.config("save").await?.map(|save| !save.is_empty());
        let clock_ahead = self.clock_ahead().await?;
        let slow_calls = self.slow_calls().await?;
        // One reason a command.
        self.hidden.dedup_by(|one, other| one.command == other.command);
        let (product, version) = server::name_and_version(&info);
        let is_known = !version.is_empty();
        let text = |name: &str| info.get(name).map(|value| (*value).to_owned());
        Ok(ServerReport {
            address: self.link.address(),
            product: is_known.then(|| product.to_owned()),
            version: is_known.then(|| version.to_owned()),
            supported: is_known.then(|| server::judge(&info).is_ok()),
            is_replica: text("role").map(|role| role == "slave"),
            replicas: number(&info, "connected_slaves"),
            eviction: text("maxmemory_policy"),
            memory: number(&info, "used_memory").map(|used| ServerMemory {
                used,
                limit: number(&info, "maxmemory").filter(|limit| *limit > 0),
                resident: number(&info, "used_memory_rss"),
                fragmentation: number(&info, "mem_fragmentation_ratio"),
            }),
            persistence: text("aof_enabled").map(|on| Persistence {
                append_only: on == "1",
                fsync,
                snapshots,
                failed: failed(&info),
            }),
            scripts_refused,
            clock_ahead,
            slow_calls,
            hidden: self.hidden,
        })
    }
}

fn number<T: std::str::FromStr>(info: &HashMap<&str, &str>, name: &str) -> Option<T> {
    info.get(name)?.parse().ok()
}

fn failed(info: &HashMap<&str, &str>) -> Option<String> {
    let failed = [
        ("aof_last_write_status", "the last write to the append-only file"),
        ("aof_last_bgrewrite_status", "the last rewrite of the append-only file"),
        ("rdb_last_bgsave_status", "the last snapshot"),
    ];
    let mut failed = failed.iter().filter(|(name, _)| info.get(name) == Some(&"err"));
    failed.next().map(|(_, what)| (*what).to_owned())
}

/// `[id, seconds, µs, [command, …], …]`
fn slow_call(call: Value) -> Result<SlowCall, Corrupt> {
    let mut parts = reply::array(call, ACTION)?.into_iter().skip(1);
    let mut next = || parts.next().ok_or_else(|| Corrupt::new(ACTION, "a slow call cut short"));
    let (at, took, words) = (next()?, next()?, next()?);
    let at = DateTime::from_timestamp(reply::int(&at, ACTION)?, 0);
    let words = reply::array(words, ACTION)?;
    let command = words.first().map_or(Ok("?"), |word| reply::text(word, ACTION))?;
    Ok(SlowCall {
        at: at.ok_or_else(|| Corrupt::new(ACTION, "a time out of range"))?,
        took: Duration::from_micros(reply::count(&took, ACTION)?),
        command: command.to_owned(),
    })
}
