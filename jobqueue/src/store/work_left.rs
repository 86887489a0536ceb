//! What is left to do in a queue of an embedded server, read between two calls: nothing happens
//! meanwhile, so tests know when all is done.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use jobqueue_engine::{Engine, Reply};

use super::{
    keys::{Key, Keys},
    servers::Store,
};
use crate::job::QueueName;

/// What is left to do in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WorkLeft {
    /// Jobs that wait though the queue isn't paused, that run, that are due, or that have expired,
    /// and schedules that are due.
    /// Some count twice.
    pub(crate) jobs: i64,
    /// Of them, those that workers hold.
    pub(crate) running: i64,
    /// Effects on their way to other queues.
    pub(crate) effects: i64,
    /// When the next job or schedule falls due, or a job expires, in ms since the epoch.
    pub(crate) next: Option<i64>,
}

impl Store {
    pub(crate) fn work_left(
        &self,
        engine: &Engine,
        queue: &QueueName,
        now: DateTime<Utc>,
    ) -> WorkLeft {
        let look = Look { engine, keys: Keys::new(&self.prefix, queue) };
        let now = now.timestamp_millis().to_string();
        let due = look.number("ZCOUNT", Key::Delayed, &["-inf", &now]);
        let ticks = look.number("ZCOUNT", Key::Ticks, &["-inf", &now]);
        let expired = look.number("ZCOUNT", Key::Expiring, &["0", &now]);
        let next = [
            ("ZRANGE", Key::Delayed, ["0", "0", "WITHSCORES"].as_slice()),
            ("ZRANGE", Key::Ticks, &["0", "0", "WITHSCORES"]),
            ("ZRANGEBYSCORE", Key::Expiring, &["0", "+inf", "WITHSCORES", "LIMIT", "0", "1"]),
        ];
        let running = look.running();
        WorkLeft {
            jobs: look.waiting() + running + due + expired + ticks,
            running,
            effects: look.number("XLEN", Key::Outbox, &[]),
            next: next
                .into_iter()
                .filter_map(|(name, key, args)| look.score(name, key, args))
                .min(),
        }
    }
}

struct Look<'a> {
    engine: &'a Engine,
    keys: Keys,
}

impl Look<'_> {
    /// Jobs that are ready, unless the queue is paused.
    fn waiting(&self) -> i64 {
        match self.ask("HEXISTS", Key::Meta, &["paused"]) {
            Reply::Integer(1) => 0,
            _ => self.number("ZCARD", Key::Waiting, &[]),
        }
    }

    /// Jobs that workers hold. What is out by hand is the test's own affair.
    fn running(&self) -> i64 {
        let Reply::Array(workers) = self.ask("ZRANGE", Key::Workers, &["0", "-1"]) else {
            return 0;
        };
        let running = workers.iter().filter_map(|worker| {
            let Reply::Bulk(worker) = worker else { return None };
            let key = [self.keys.base().as_bytes(), b"running:", worker].concat();
            let by_hand = self.keys.shared(Key::Hand).map(str::as_bytes) == Some(key.as_slice());
            let words = [Bytes::from_static(b"HLEN"), Bytes::from(key)];
            if by_hand { None } else { Some(number(&self.engine.call(&words))) }
        });
        running.sum()
    }

    fn number(&self, name: &'static str, key: Key, args: &[&str]) -> i64 {
        number(&self.ask(name, key, args))
    }

    /// The score of the first member in the answer.
    fn score(&self, name: &'static str, key: Key, args: &[&str]) -> Option<i64> {
        let Reply::Array(found) = self.ask(name, key, args) else { return None };
        let [_, Reply::Bulk(score)] = found.as_slice() else { return None };
        str::from_utf8(score).ok()?.parse().ok()
    }

    fn ask(&self, name: &'static str, key: Key, args: &[&str]) -> Reply {
        let key = self.keys.shared(key).unwrap_or_default();
        let words = [name, key].into_iter().chain(args.iter().copied());
        let words: Vec<Bytes> = words.map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        self.engine.call(&words)
    }
}

fn number(reply: &Reply) -> i64 {
    if let Reply::Integer(number) = reply { *number } else { 0 }
}
