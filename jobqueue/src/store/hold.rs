//! One job, taken by its id for a worker that has joined: a test runs it by itself, whatever else
//! waits, and whatever the queue's limits say. By plain commands: in a test, nothing happens between
//! two of them.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use redis::{Cmd, Value};

use super::{keys::Key, queue_store::QueueStore, reply};
use crate::{
    error::Result,
    job::{JobId, QueueName, Tries, WorkerId},
};

const ACTION: &str = "take a job for a test";

/// A job that was taken.
pub(crate) struct OneJob {
    pub(crate) record: Bytes,
    pub(crate) tries: Tries,
    /// How often its worker died or lost its lease.
    pub(crate) stalls: u32,
}

impl QueueStore {
    /// How many workers of the queue have a lease that isn't over.
    pub(crate) async fn live_workers(&self, now: DateTime<Utc>) -> Result<i64> {
        let now = now.timestamp_millis().to_string();
        let count = self.ask("ZCOUNT", Key::Workers, &[now.as_bytes(), b"+inf"]).await?;
        Ok(i64::try_from(reply::count(&count, ACTION)?).unwrap_or(i64::MAX))
    }

    /// Has the worker hold a job that is in no queue yet, after so many failed attempts; or one that
    /// a test has run before, wherever that left it.
    pub(crate) async fn hold_new(
        &self,
        worker: &WorkerId,
        id: &JobId,
        held: &OneJob,
        now: i64,
    ) -> Result<()> {
        let name = id.as_str().as_bytes();
        for state in [Key::Waiting, Key::Delayed, Key::Completed, Key::Failed] {
            self.ask("ZREM", state, &[name]).await?;
        }
        self.ask("HDEL", Key::Outcomes, &[name]).await?;
        self.ask("HDEL", Key::Attempts, &[name]).await?;
        self.ask("HSET", Key::Jobs, &[name, &held.record]).await?;
        if held.tries != Tries::default() {
            let tries = held.tries.to_string();
            self.ask("HSET", Key::Attempts, &[name, tries.as_bytes()]).await?;
        }
        // Where it would go back to: before all others.
        self.start(worker, id, "0", now).await
    }

    /// Has the worker hold this job, if it waits, and answers it.
    pub(crate) async fn hold_waiting(
        &self,
        worker: &WorkerId,
        id: &JobId,
        now: i64,
    ) -> Result<Option<OneJob>> {
        let name = id.as_str().as_bytes();
        let rank = self.ask("ZSCORE", Key::Waiting, &[name]).await?;
        if reply::optional(&rank).is_none() {
            return Ok(None);
        }
        let rank = reply::text(&rank, ACTION)?.to_owned();
        self.ask("ZREM", Key::Waiting, &[name]).await?;
        let record = self.ask("HGET", Key::Jobs, &[name]).await?;
        let attempts = self.ask("HGET", Key::Attempts, &[name]).await?;
        let stalls = self.ask("HGET", Key::Stalls, &[name]).await?;
        self.start(worker, id, &rank, now).await?;
        Ok(Some(OneJob {
            record: reply::optional_bytes(record, ACTION)?.unwrap_or_default(),
            tries: reply::tries(&attempts, ACTION)?,
            stalls: reply::stalls(&stalls, ACTION)?,
        }))
    }

    /// The jobs that wait, in their order, unless the queue is paused or throttled; but for those
    /// that a worker has put aside. No more than a page of them.
    pub(crate) async fn ready(&self, now: i64) -> Result<Vec<JobId>> {
        let fields: [&[u8]; 2] = [b"paused", b"throttled_until"];
        let meta = self.ask("HMGET", Key::Meta, &fields).await?;
        let [paused, until] = reply::tuple(meta, ACTION)?;
        let throttled = match reply::optional(&until) {
            Some(until) => reply::text(until, ACTION)?.parse::<f64>().unwrap_or_default(),
            None => 0.0,
        };
        #[expect(clippy::cast_precision_loss, reason = "ms since the epoch are far below 2^53")]
        let throttled = throttled > now as f64;
        if throttled || reply::optional(&paused).is_some() {
            return Ok(Vec::new());
        }
        let range: [&[u8]; 5] = [b"0", b"+inf", b"LIMIT", b"0", b"500"];
        let ids = self.ask("ZRANGEBYSCORE", Key::Waiting, &range).await?;
        let ids = reply::array(ids, ACTION)?;
        Ok(ids
            .iter()
            .map(|id| reply::text(id, ACTION).map(JobId::from_store))
            .collect::<Result<_, _>>()?)
    }

    /// The queue's own dead-letter queue.
    pub(crate) async fn own_dead_letter(&self) -> Result<Option<QueueName>> {
        let name = self.ask("HGET", Key::Meta, &[b"dead_letter"]).await?;
        Ok(match reply::optional(&name) {
            Some(name) => Some(QueueName::from_store(reply::text(name, ACTION)?)),
            None => None,
        })
    }

    /// The worker's lease is over from now on: whoever looks next takes its jobs back.
    pub(crate) async fn end_lease(&self, worker: &WorkerId) -> Result<()> {
        self.ask("ZADD", Key::Workers, &[b"1", worker.as_str().as_bytes()]).await.map(drop)
    }

    async fn start(&self, worker: &WorkerId, id: &JobId, rank: &str, now: i64) -> Result<()> {
        let mut command = redis::cmd("HSET");
        command.arg(self.keys.running(worker)).arg(id.as_str()).arg(format!("{rank}:{now}"));
        self.request_retrying(&command, ACTION).await.map(drop)
    }

    async fn ask(&self, name: &'static str, key: Key, args: &[&[u8]]) -> Result<Value> {
        let mut command: Cmd = redis::cmd(name);
        command.arg(self.shared(key)).arg(args);
        self.request_retrying(&command, ACTION).await
    }
}
