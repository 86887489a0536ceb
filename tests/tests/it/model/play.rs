//! Plays operations on the real queue and on the model, and compares them after every step.

use jobqueue_tests::{
    raw::Rig,
    text::{self, diff},
};
use redis::Value;

use super::{
    bench::Bench,
    cancel::in_order,
    hand::{self, Hand},
    invariants,
    keyspace::with_sorted_events,
    op::{Added, DONE, GONE, Op},
    queue::{Answer, Queue},
    request::{NewJob, Request, Try, Turn},
    wakes::{self, Outlook},
    workers::{Worker, Workers},
};

/// A difference, and where it is.
type Played<T = ()> = Result<T, String>;

/// Plays a sequence on an empty queue, then works all of it off and removes the queue.
pub(super) fn play(bench: &mut Bench, ops: &[Op]) -> Played {
    let queue = Queue::new();
    bench.reset(queue.now);
    let mut game = Game {
        bench,
        queue,
        workers: Workers::new(),
        hand: Hand::default(),
        ids: Vec::new(),
        calls: Vec::new(),
    };
    for (index, op) in ops.iter().enumerate() {
        game.step(op).map_err(|why| format!("step {}, {op:?}: {why}", index + 1))?;
    }
    game.finish().map_err(|why| format!("working it off: {why}"))
}

struct Game<'a> {
    bench: &'a mut Bench,
    queue: Queue,
    workers: Workers,
    hand: Hand,
    /// Of all jobs that were ever added.
    ids: Vec<String>,
    /// All adds that were called.
    calls: Vec<Request>,
}

impl Game<'_> {
    fn step(&mut self, op: &Op) -> Played {
        match op {
            Op::Wait(ms) => self.wait(*ms),
            Op::Add { producer, first_is_late, jobs } => self.add(*producer, *first_is_late, jobs),
            Op::Late { call, resend } => self.late(*call, *resend),
            Op::TakeToken => self.take_token(),
            Op::Turn { worker, lease, .. } if self.workers.get(*worker).must_join() => {
                self.join(*worker, *lease, ["", ""], false)
            }
            Op::Turn { worker, ends, want, rooms, hold, lease, lost } => {
                let turn = self.workers.get(*worker).turn(ends);
                let rooms = rooms.iter().map(|(lane, room)| ((*lane).to_owned(), *room)).collect();
                let lease = self.workers.get(*worker).keep_lease(*lease);
                let turn = Turn { want: *want, rooms, hold: *hold, lease, ..turn };
                self.turn(*worker, &turn, *lost)
            }
            Op::LateTurn { worker, want } => match self.workers.get(*worker).former().cloned() {
                None => Ok(()),
                Some(former) => {
                    let turn = Turn { worker: former, want: *want, lease: 500, ..Turn::default() };
                    self.same(&Request::Advance(turn))
                }
            },
            Op::WrongTurn { worker, want } if self.workers.get(*worker).name().is_some() => {
                let turn = self.workers.get(*worker).turn(&[]);
                let lease = self.workers.get(*worker).keep_lease(500);
                let turn = Turn { held: turn.held + 1, want: *want, lease, ..turn };
                self.turn(*worker, &turn, true)
            }
            Op::Join { worker, lease, rate, active, lost } => {
                self.join(*worker, *lease, [rate, active], *lost)
            }
            Op::Heartbeat { worker, lease } => self.heartbeat(*worker, *lease),
            Op::Leave { worker } => self.leave(*worker),
            Op::Hand(op) => self.by_hand(op),
            Op::Die { worker } => {
                *self.workers.get(*worker) = Worker::default();
                Ok(())
            }
            op => match self.request(op) {
                Some(request) => self.same(&request),
                None => Ok(()),
            },
        }
    }

    /// Calls of which nobody keeps anything in mind.
    fn request(&mut self, op: &Op) -> Option<Request> {
        Some(match op {
            Op::Progress { worker, job } => {
                let believed = self.workers.get(*worker);
                let (worker, id) = (believed.name()?.clone(), believed.pick(*job)?.clone());
                let value = format!("progress of {id}");
                Request::Progress { worker, id, value }
            }
            Op::Log { worker, job, keep, lines } => {
                let believed = self.workers.get(*worker);
                let (worker, id) = (believed.name()?.clone(), believed.pick(*job)?.clone());
                let lines = (0..*lines).map(|n| format!("line {n} of {id}")).collect();
                Request::Log { worker, id, keep: *keep, lines }
            }
            Op::HandOver { worker } => {
                let worker = self.workers.get(*worker).name().cloned().unwrap_or_default();
                Request::Wake { worker }
            }
            Op::Promote(job) => Request::Promote { id: self.id(*job) },
            Op::Remove(jobs) => Request::Remove { ids: self.ids(jobs) },
            Op::Priority(job, priority) => {
                Request::Priority { id: self.id(*job), priority: *priority }
            }
            Op::Delay(job, due) => Request::Delay { id: self.id(*job), due: *due },
            Op::Retry(job) => Request::Retry { id: self.id(*job) },
            Op::Cancel { jobs, keep } => {
                let mut ids = self.ids(jobs);
                ids.sort();
                ids.dedup();
                Request::Cancel { ids, keep: *keep }
            }
            Op::RetryFailed { most, skip } => Request::RetryFailed { most: *most, skip: *skip },
            Op::Clean { state, age, most } => Request::Clean { state, age: *age, most: *most },
            Op::Drain { delayed } => Request::Drain { delayed: *delayed },
            Op::Pause => Request::Pause,
            Op::Resume => Request::Resume,
            Op::Obliterate { force } => Request::Obliterate { force: *force },
            Op::Limit(field, value) => Request::Limits { field, value: (*value).to_owned() },
            Op::Holder(key) => Request::Holder { key },
            Op::ReleaseKey(key) => Request::ReleaseKey { key },
            Op::Counts => Request::Counts,
            Op::Stats => Request::Stats,
            Op::Page { state, offset, count, reverse } => {
                Request::Page { state, offset: *offset, count: *count, reverse: *reverse }
            }
            Op::Read(jobs) => Request::Read { ids: self.ids(jobs) },
            _ => return None,
        })
    }

    /// Makes a call, and compares the answer and the keyspace with the model.
    fn call(&mut self, request: &Request) -> Played<Answer> {
        let before = Outlook::of(&self.queue);
        let expected = self.queue.apply(request);
        let found = self.bench.call(&request.call()).map(|answer| match request {
            Request::Join(_) => sorted_by_id(answer),
            Request::Heartbeat { .. } => in_order(answer),
            _ => answer,
        });
        if found != expected {
            let shown = |answer: &Answer| answer.clone().map(|value| text::reply(&value));
            let (expected, found) = (shown(&expected), shown(&found));
            return Err(format!("{request:?}\nanswered {found:?}\ninstead of {expected:?}"));
        }
        self.compare().map_err(|why| format!("{request:?}\n{why}"))?;
        match wakes::complaint(request, &expected, &before, &Outlook::of(&self.queue)) {
            Some(why) => Err(format!("{request:?}\n{why}")),
            None => Ok(expected),
        }
    }

    /// A call whose answer is used for nothing; both must answer the same.
    fn same(&mut self, request: &Request) -> Played {
        self.call(request).map(drop)
    }

    fn compare(&mut self) -> Played {
        let found = with_sorted_events(self.bench.dump());
        let expected = with_sorted_events(self.queue.keyspace());
        if found != expected {
            let diff = diff(&expected.to_string(), &found.to_string());
            return Err(format!("the keyspace differs (-: model, +: Redis):\n{diff}"));
        }
        let complaints = invariants::complaints(&found, Rig::BASE);
        if complaints.is_empty() { Ok(()) } else { Err(format!("{complaints}\n{found}")) }
    }

    fn wait(&mut self, ms: u64) -> Played {
        for key in self.queue.wait(ms) {
            self.bench.lapse(&key);
        }
        self.bench.set_clock(self.queue.now);
        Ok(())
    }

    fn take_token(&mut self) -> Played {
        let expected = std::mem::take(&mut self.queue.token);
        let found = self.bench.take_token();
        if found == expected { Ok(()) } else { Err(format!("there was a token: {found}")) }
    }

    fn add(&mut self, producer: usize, first_is_late: bool, jobs: &[Added]) -> Played {
        let mut look = false;
        let mut new = Vec::new();
        for job in jobs {
            let again = job.again.filter(|_| !self.ids.is_empty());
            look |= again.is_some();
            let id = match again {
                Some(job) => self.id(job),
                None => self.new_id(),
            };
            let record = record(&id, self.ids.len());
            new.push(NewJob {
                id,
                record,
                priority: job.priority,
                due: job.due,
                unique: job.unique,
                tags: job.tags,
            });
        }
        let number = self.calls.len() as u64 + 1;
        let attempt = Try { producer, number, resend: first_is_late };
        let request = Request::Add { attempt, look, jobs: new };
        self.same(&request)?;
        self.calls.push(request);
        Ok(())
    }

    /// A try of one of the last calls arrives, by whichever way it went.
    fn late(&mut self, call: usize, resend: bool) -> Played {
        let mut request = match self.calls.len().checked_sub(call + 1) {
            Some(at) => self.calls[at].clone(),
            None => return Ok(()),
        };
        if let Request::Add { attempt, .. } = &mut request {
            attempt.resend = resend;
        }
        self.same(&request)
    }

    /// Ids of one moment are in no order of their own.
    fn new_id(&mut self) -> String {
        let n = self.ids.len();
        let id = format!("{}{n}", ["m", "c", "x", "a"][n % 4]);
        self.ids.push(id.clone());
        id
    }

    /// The id of a job that is there, or else of one that was added at some time; of none, before
    /// there was any.
    fn id(&self, job: usize) -> String {
        let there: Vec<&String> = self.queue.jobs.keys().collect();
        let id = match job {
            GONE.. => self.ids.get(job % self.ids.len().max(1)),
            _ => there.get(job % there.len().max(1)).copied(),
        };
        id.cloned().unwrap_or_else(|| "nobody".to_owned())
    }

    fn ids(&self, jobs: &[usize]) -> Vec<String> {
        jobs.iter().map(|job| self.id(*job)).collect()
    }

    fn join(&mut self, worker: usize, lease: u64, limits: [&str; 2], lost: bool) -> Played {
        let request = self.workers.join(worker, lease, limits[0], limits[1]);
        if let (Ok(answer), false) = (self.call(&request)?, lost) {
            self.workers.get(worker).joined(&answer);
        }
        Ok(())
    }

    fn turn(&mut self, worker: usize, turn: &Turn, lost: bool) -> Played {
        let request = Request::Advance(turn.clone());
        let answer = self.call(&request)?;
        let believed = self.workers.get(worker);
        match answer {
            Ok(answer) if !lost => believed.advanced(turn, &answer),
            _ => believed.doubt(),
        }
        Ok(())
    }

    fn by_hand(&mut self, op: &hand::Op) -> Played {
        for request in self.hand.requests(op) {
            let answer = self.call(&request)?;
            self.hand.answered(&request, op, answer.as_ref().ok());
        }
        Ok(())
    }

    fn heartbeat(&mut self, worker: usize, lease: u64) -> Played {
        let Some(name) = self.workers.get(worker).name().cloned() else {
            return Ok(());
        };
        // One that is unsure has missed an answer.
        let heard = !self.workers.get(worker).must_join();
        let lease = self.workers.get(worker).keep_lease(lease);
        if self.call(&Request::Heartbeat { worker: name, lease, heard })?.is_err() {
            self.workers.get(worker).doubt();
        }
        Ok(())
    }

    fn leave(&mut self, worker: usize) -> Played {
        let Some(name) = self.workers.get(worker).name().cloned() else {
            return Ok(());
        };
        self.same(&Request::Leave { worker: name })?;
        *self.workers.get(worker) = Worker::default();
        Ok(())
    }

    /// Without limits, one worker that comes late is enough for every job to end; and a queue that
    /// is removed leaves nothing but keys that lapse.
    fn finish(&mut self) -> Played {
        for field in ["rate", "active"] {
            if self.queue.meta.contains_key(field) {
                self.same(&Request::Limits { field, value: String::new() })?;
            }
        }
        if self.queue.meta.contains_key("paused") {
            self.same(&Request::Resume)?;
        }
        *self.workers.get(0) = Worker::default();
        self.wait(8 * 86_400_000)?;
        self.join(0, 500, ["", ""], false)?;
        // A turn for each dead worker, one for each job, and one to end the jobs fetched last.
        for _ in 0..self.queue.workers.len() + self.queue.jobs.len() + 2 {
            let everything: Vec<_> = (0..99).map(|_| (0, DONE)).collect();
            let turn = self.workers.get(0).turn(&everything);
            self.turn(0, &Turn { want: 999, lease: 500, ..turn }, false)?;
        }
        if let Some((id, job)) = self.queue.jobs.iter().find(|(_, job)| !job.has_ended()) {
            return Err(format!("{id} is left for ever: {job:?}"));
        }
        self.same(&Request::Obliterate { force: false })?;
        Ok(())
    }
}

/// A record. Some are large, and some too large for an answer with others: see `Bench`.
fn record(id: &str, n: usize) -> String {
    let record = format!("record of {id}");
    match n % 7 {
        3 => record.repeat(2),
        6 => record.repeat(6),
        _ => record,
    }
}

/// The jobs that a join has kept, by id: the order of a hash means nothing.
fn sorted_by_id(answer: Value) -> Value {
    let Value::Array(mut kept) = answer else {
        return answer;
    };
    kept.sort_by_key(text::reply);
    Value::Array(kept)
}
