//! Workers as they see themselves: their names, and the jobs they believe they hold.

use redis::Value;

use super::{
    op::{Ending, WORKERS},
    request::{Block, Join, Request, Turn},
};

/// A worker process, and its beliefs.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// `None` before it has joined.
    name: Option<String>,
    /// The last name that it has given up.
    former: Option<String>,
    /// The name under which it tries to join, until it hears that it has.
    joining: Option<String>,
    /// The jobs it believes it holds, and their failed attempts.
    held: Vec<(String, u32)>,
    /// Whether a reply was lost, or the worker was refused.
    unsure: bool,
    /// How long its lease is, from its first call on.
    lease: Option<u64>,
}

/// All workers, and names that were never used before.
#[derive(Debug)]
pub(super) struct Workers {
    all: [Worker; WORKERS],
    names: usize,
}

impl Workers {
    pub(super) fn new() -> Self {
        Self { all: Default::default(), names: 0 }
    }

    pub(super) fn get(&mut self, worker: usize) -> &mut Worker {
        &mut self.all[worker]
    }

    pub(super) fn join(&mut self, worker: usize, lease: u64, rate: &str, active: &str) -> Request {
        self.names += 1;
        let fresh = format!("w{}", self.names);
        let believed = &mut self.all[worker];
        Request::Join(Join {
            worker: believed.joining.get_or_insert(fresh).clone(),
            former: believed.name.clone().unwrap_or_default(),
            lease: believed.keep_lease(lease),
            rate: rate.to_owned(),
            active: active.to_owned(),
            known: believed.held.iter().map(|(id, _)| id.clone()).collect(),
        })
    }
}

impl Worker {
    pub(super) fn name(&self) -> Option<&String> {
        self.name.as_ref()
    }

    pub(super) fn former(&self) -> Option<&String> {
        self.former.as_ref()
    }

    pub(super) fn must_join(&self) -> bool {
        self.name.is_none() || self.unsure
    }

    /// Its lease, which is this one if it has none yet: a worker has the same in all calls.
    pub(super) fn keep_lease(&mut self, lease: u64) -> u64 {
        *self.lease.get_or_insert(lease)
    }

    pub(super) fn doubt(&mut self) {
        self.unsure = true;
    }

    /// A job that it believes to hold.
    pub(super) fn pick(&self, job: usize) -> Option<&String> {
        self.held.get(job % self.held.len().max(1)).map(|(id, _)| id)
    }

    /// The turn that ends these runs of the jobs it believes it holds; none is ended twice.
    pub(super) fn turn(&self, ends: &[(usize, Ending)]) -> Turn {
        let mut turn = Turn {
            worker: self.name.clone().unwrap_or_default(),
            held: self.held.len(),
            ..Turn::default()
        };
        let mut held = self.held.clone();
        for (job, end) in ends {
            if held.is_empty() {
                break;
            }
            let (id, attempts) = held.remove(job % held.len());
            turn.end(id, attempts + 1, end);
        }
        turn
    }

    /// After a turn: ended jobs are gone, and fetched ones are added.
    pub(super) fn advanced(&mut self, turn: &Turn, answer: &Value) {
        self.held.retain(|(id, _)| !turn.ends(id));
        let [_, _, _, _, ids, _, attempts, ..] = parts(answer) else {
            panic!("nine parts were expected");
        };
        self.take(ids, attempts);
    }

    /// It is sure again.
    pub(super) fn joined(&mut self, answer: &Value) {
        let kept: Vec<String> = parts(answer).iter().map(text).collect();
        self.held.retain(|(id, _)| kept.contains(id));
        self.former = self.name.take().or(self.former.take());
        self.name = self.joining.take();
        self.unsure = false;
    }

    fn take(&mut self, ids: &Value, attempts: &Value) {
        for (index, id) in text(ids).split_whitespace().enumerate() {
            self.held.push((id.to_owned(), made(parts(attempts).get(index))));
        }
    }
}

/// How the outcome of a job begins whose dead letter was written.
pub(super) const DEAD_LETTERED: &str = "_\u{2}";

impl Turn {
    pub(super) fn end(&mut self, id: String, attempt: u32, end: &Ending) {
        let error = (id.clone(), format!("error {attempt} of {id}"));
        match end {
            Ending::Retried { delay } => {
                self.retried.push((id, attempt, *delay));
                self.errors.push(error);
            }
            Ending::Unstarted { lane } => {
                self.unstarted.push((id, lane.map(str::to_owned)));
            }
            Ending::Released { delay, misses } => self.released.push((id, *delay, *misses)),
            Ending::Completed(keep) | Ending::Failed(keep) | Ending::DeadLettered(keep) => {
                let failed = !matches!(end, Ending::Completed(_));
                if failed && keep.count != 0 {
                    self.errors.push(error);
                }
                let outcome = match end {
                    Ending::DeadLettered(_) => format!("{DEAD_LETTERED}outcome of {id}"),
                    _ => format!("outcome of {id}"),
                };
                let job = (id.clone(), outcome);
                let alike = |block: &&mut Block| block.failed == failed && block.keep == *keep;
                match self.ended.iter_mut().find(alike) {
                    Some(block) => block.jobs.push(job),
                    None => self.ended.push(Block { failed, keep: *keep, jobs: vec![job] }),
                }
            }
        }
    }

    fn ends(&self, id: &str) -> bool {
        let ended = self.ended.iter().flat_map(|block| &block.jobs).map(|(id, _)| id);
        let retried = self.retried.iter().map(|(id, ..)| id);
        let released = self.released.iter().map(|(id, ..)| id);
        let unstarted = self.unstarted.iter().map(|(id, _)| id);
        ended.chain(retried).chain(released).chain(unstarted).any(|other| other == id)
    }
}

pub(super) fn parts(value: &Value) -> &[Value] {
    match value {
        Value::Array(parts) => parts,
        _ => &[],
    }
}

pub(super) fn text(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => panic!("no text: {other:?}"),
    }
}

/// The failed attempts of a job, from what the column of attempts has of it.
pub(super) fn made(tries: Option<&Value>) -> u32 {
    match tries {
        Some(Value::Nil) | None => 0,
        Some(tries) => {
            let tries = text(tries);
            let made = tries.split('@').next().expect("a text");
            made.parse().expect("a number")
        }
    }
}
