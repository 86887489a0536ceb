//! The real scripts on a real server, loaded once, with a clock that stands where the model's does.

use std::collections::BTreeMap;

use jobqueue_tests::{
    dump::Dump,
    raw::{Rig, Try, clocked, refusal, run, set_clock},
    scripts::{is_once, keys, scripts},
    server::RedisServer,
};
use redis::{Connection, Value, cmd};

use super::{add, hand, queue::Answer, request::Call, turn};

pub(super) struct Bench {
    connection: Connection,
    scripts: BTreeMap<&'static str, Loaded>,
    /// The newest call that is carried out once, and its number.
    newest: Option<Call>,
    number: u64,
    _server: RedisServer,
}

struct Loaded {
    sha: String,
    /// The columns of its KEYS, from its header.
    keys: Vec<String>,
    once: bool,
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
            let (keys, once) = (keys(script.source), is_once(script.source));
            (script.name, Loaded { sha: load(script.source), keys, once })
        });
        let scripts = loaded.collect();
        Self { connection, scripts, newest: None, number: 0, _server: server }
    }

    /// An empty server whose clock stands.
    pub(super) fn reset(&mut self, now: i64) {
        run(&mut self.connection, "FLUSHALL SYNC");
        (self.newest, self.number) = (None, 0);
        self.set_clock(now);
    }

    pub(super) fn set_clock(&mut self, now: i64) {
        set_clock(&mut self.connection, now.try_into().expect("a time of our era"));
    }

    /// Calls a script. If it is carried out once, so is a resend, and the first try of the call
    /// before arrives only now: all that must have no effect.
    pub(super) fn call(&mut self, call: &Call) -> Answer {
        if !self.scripts[call.script].once {
            return self.send(call, None);
        }
        self.number += 1;
        let number = self.number;
        let answer = self.send(call, Some(Try { number, resend: false }));
        let again = self.send(call, Some(Try { number, resend: true }));
        assert_eq!(answer, again, "the answer to a resend of {call:?}");
        if let Some(before) = self.newest.replace(call.clone()) {
            let _nobody_hears = self.send(&before, Some(Try { number: number - 1, resend: false }));
        }
        answer
    }

    fn send(&mut self, call: &Call, attempt: Option<Try>) -> Answer {
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
        keys.extend(attempt.map(|_| Rig::SENDER.to_owned()));
        let mut eval = cmd("EVALSHA");
        eval.arg(&script.sha).arg(keys.len()).arg(&keys).arg(&call.args);
        eval.arg(attempt.map(Try::args).unwrap_or_default());
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
        let mut dump = Dump::of_prefix(&mut self.connection, "jq:");
        let note = dump.0.remove(Rig::SENDER);
        assert!(note.is_none_or(|note| note.expires), "the note of a call expires");
        // Messages to workers lapse by themselves, and the scripts' own tests look at them.
        dump.0.retain(|key, _| !key.contains(":cancel:"));
        dump
    }
}

/// The script with bounds that the model's short records reach.
fn small(source: &str) -> String {
    source
        .replace("FIT_MOST = 1048576", &format!("FIT_MOST = {}", turn::MOST))
        .replace("SIZE_SMALL = 1024", &format!("SIZE_SMALL = {}", add::SMALL))
}
