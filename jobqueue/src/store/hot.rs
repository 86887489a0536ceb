//! The pieces of the library that run for every job, for its benchmarks. Not part of the public
//! interface.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::DateTime;
use redis::Value;

use super::{
    command::{Command as _, Numbered},
    keys::Keys,
    link::{ConnectionName, Limits, Link, Route, TlsOptions, url},
    queue_store::QueueStore,
    registry::Registry,
    senders::Senders,
};
use crate::{
    error::Result,
    job::{
        Codec, JobId, JobOptions, Keep, Priority, ProcessInfo, QueueName, Record, Settlement,
        Transition, WorkerId,
    },
    store::{
        job::{Add, Due, NewJob},
        worker::{Advance, Rooms},
    },
};

/// A batch of jobs, in each form that it goes through.
#[derive(Debug)]
pub struct Batch {
    store: QueueStore,
    worker: WorkerId,
    record: Record,
    encoded: Bytes,
    jobs: Vec<NewJob>,
    settlements: Vec<Settlement>,
    /// The answer of `advance` that hands out this batch, as it comes over the wire.
    answer: Vec<u8>,
}

impl Batch {
    /// A batch of `jobs` jobs with payloads of `bytes` bytes.
    ///
    /// # Errors
    /// None that could come up.
    pub fn new(jobs: usize, bytes: usize) -> Result<Self> {
        let record = Record {
            name: "process_order".parse()?,
            codec: Codec::MessagePack,
            payload: Bytes::from(vec![b'x'; bytes]),
            created_at: DateTime::UNIX_EPOCH,
            options: JobOptions::default(),
        };
        let encoded = Bytes::from(record.encode());
        let new = |_| NewJob {
            id: JobId::generate(),
            record: encoded.to_vec(),
            priority: Priority::default(),
            due: Due::Now,
            unique: None,
            ttl: None,
            tags: None,
            chosen_id: false,
        };
        let jobs: Vec<NewJob> = (0..jobs).map(new).collect();
        let settled = |job: &NewJob| Settlement {
            id: job.id.clone(),
            end: Transition::Completed { keep: Keep::NONE, outcome: Vec::new() },
            effects: Vec::new(),
        };
        let settlements = jobs.iter().map(settled).collect();
        let answer = answer(&jobs);
        let store = QueueStore::unconnected(&"orders".parse()?)?;
        let worker = WorkerId::generate();
        Ok(Self { store, worker, record, encoded, jobs, settlements, answer })
    }

    /// Encodes one record.
    #[must_use]
    pub fn encode_record(&self) -> Vec<u8> {
        self.record.encode()
    }

    /// Decodes one record.
    ///
    /// # Errors
    /// None that could come up.
    pub fn decode_record(&self) -> Result<Record> {
        Ok(Record::decode(&self.encoded)?)
    }

    /// Writes the call that adds the batch.
    #[must_use]
    pub fn write_add(&self) -> Vec<u8> {
        let remembered = Duration::from_secs(600);
        let call = Numbered { sender: &self.worker, number: 1, remembered, resend: false };
        let add = Add { jobs: &self.jobs, look: false, call };
        self.store.evalsha(&add, None).get_packed_command()
    }

    /// Writes the call that settles the batch and asks for as many jobs.
    #[must_use]
    pub fn write_advance(&self) -> Vec<u8> {
        self.store.evalsha(&self.advance(), None).get_packed_command()
    }

    /// Parses the bytes of the answer.
    ///
    /// # Errors
    /// None that could come up.
    pub fn parse_answer(&self) -> redis::RedisResult<Value> {
        redis::parse_redis_value(&self.answer)
    }

    /// Reads an answer, and returns the number of jobs in it.
    ///
    /// # Errors
    /// None that could come up.
    pub fn read_answer(&self, answer: Value) -> Result<usize> {
        Ok(self.advance().read(answer)?.taken.len())
    }

    fn advance(&self) -> Advance<'_> {
        Advance {
            worker: &self.worker,
            lease: Duration::from_secs(10),
            held: self.jobs.len(),
            want: self.jobs.len(),
            throttle: Duration::ZERO,
            rooms: Rooms::NONE,
            settlements: &self.settlements,
        }
    }
}

impl QueueStore {
    /// A queue of a server that is never connected to, to measure the writing of calls.
    fn unconnected(queue: &QueueName) -> Result<Self> {
        let endpoint = url::open("redis://127.0.0.1", &TlsOptions::default())?;
        let process = ProcessInfo {
            host: String::new(),
            pid: 0,
            program: String::new(),
            version: String::new(),
            labels: Default::default(),
        };
        let name = ConnectionName::of(&process);
        let route = Route::Server(Link::new(endpoint, Limits::DEFAULT, name));
        let retry_timeout = Duration::ZERO;
        let senders = Arc::new(Senders::new(retry_timeout));
        let registry = Registry::new(route.clone(), "jq");
        Ok(Self { route, keys: Keys::new("jq", queue), retry_timeout, senders, registry })
    }
}

/// In the order of the header of `lua/worker/advance.lua`.
fn answer(jobs: &[NewJob]) -> Vec<u8> {
    let bulk = |bytes: &[u8]| [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let ids: Vec<&str> = jobs.iter().map(|job| job.id.as_str()).collect();
    let mut answer = b"*9\r\n:1764000000000\r\n:3000\r\n:5000\r\n".to_vec();
    answer.extend(bulk(b""));
    answer.extend(bulk(ids.join(" ").as_bytes()));
    answer.extend(format!("*{}\r\n", jobs.len()).as_bytes());
    for job in jobs {
        answer.extend(bulk(&job.record));
    }
    answer.extend(b"$-1\r\n$-1\r\n$-1\r\n");
    answer
}
