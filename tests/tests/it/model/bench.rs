//! The real scripts on a real server, loaded once, with a clock that stands where the model's does.

use std::collections::BTreeMap;

use jobqueue_tests::{
    dump::Dump,
    raw::{Rig, clocked, refusal, run, set_clock},
    scripts::scripts,
    server::RedisServer,
};
use redis::{Connection, Value, cmd};

use super::{add, hand, queue::Answer, request::Call, turn};

pub(super) struct Bench {
    connection: Connection,
    scripts: BTreeMap<&'static str, Loaded>,
    _server: RedisServer,
}

struct Loaded {
    sha: String,
    /// The columns of its KEYS, from its header.
    keys: Vec<String>,
}

impl Bench {
    pub(super) fn new() -> Self {
        let server = RedisServer::builder().unix_socket().start();
        let mut connection = server.connection();
        let mut load = |source: &str| {
            let mut load = cmd("SCRIPT");
            let load = load.arg("LOAD").arg(small(&clocked(source)));
            load.query(&mut connection).expect("the script can be loaded")
        };
        let loaded = scripts().iter().map(|script| {
            (script.name, Loaded { sha: load(script.source), keys: keys(script.source) })
        });
        let scripts = loaded.collect();
        Self { connection, scripts, _server: server }
    }

    /// An empty server whose clock stands.
    pub(super) fn reset(&mut self, now: i64) {
        run(&mut self.connection, "FLUSHALL SYNC");
        self.set_clock(now);
    }

    pub(super) fn set_clock(&mut self, now: i64) {
        set_clock(&mut self.connection, now.try_into().expect("a time of our era"));
    }

    pub(super) fn call(&mut self, call: &Call) -> Answer {
        let script = &self.scripts[call.script];
        let mut keys: Vec<String> = Vec::new();
        for key in &script.keys {
            keys.push(match key.as_str() {
                "running" => format!("{}running:{}", Rig::BASE, call.worker),
                "hand" => format!("{}running:{}", Rig::BASE, hand::NAME),
                "former" => format!("{}running:{}", Rig::BASE, call.former),
                key => format!("{}{key}", Rig::BASE),
            });
        }
        keys.extend(call.more_keys.iter().map(|key| format!("{}{key}", Rig::BASE)));
        let mut eval = cmd("EVALSHA");
        eval.arg(&script.sha).arg(keys.len()).arg(&keys).arg(&call.args);
        eval.query(&mut self.connection).map_err(|error| refusal(&error))
    }

    /// Takes the token, as an idle worker does; answers whether there was one.
    pub(super) fn take_token(&mut self) -> bool {
        run(&mut self.connection, &format!("LPOP {}wake", Rig::BASE)) != Value::Nil
    }

    /// Expiry of keys, which the server does by its own clock and not by the scripts'.
    pub(super) fn lapse(&mut self, key: &str) {
        run(&mut self.connection, &format!("DEL {}unique:{key}", Rig::BASE));
    }

    pub(super) fn dump(&mut self) -> Dump {
        Dump::of_prefix(&mut self.connection, "jq:")
    }
}

/// The script with bounds that the model's short records reach.
fn small(source: &str) -> String {
    source
        .replace("FIT_MOST = 1048576", &format!("FIT_MOST = {}", turn::MOST))
        .replace("SIZE_SMALL = 1024", &format!("SIZE_SMALL = {}", add::SMALL))
}

/// The columns that a script's header names under KEYS.
fn keys(source: &str) -> Vec<String> {
    let lines = source.lines().skip_while(|line| !line.starts_with("-- KEYS"));
    let lines = lines.take_while(|line| !line.starts_with("-- ARGV"));
    let name = |line: &str| {
        let mut words =
            line.trim_start_matches("-- KEYS").trim_start_matches("--").split_whitespace();
        words.next()?.parse::<u32>().ok()?;
        words.next().map(str::to_owned)
    };
    lines.filter_map(name).collect()
}
