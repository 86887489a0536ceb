//! Calls of the scripts, with every id and name filled in, and how they are written for Redis.

use jobqueue_tests::raw::{NOW, Rig, args};

use super::hand;

pub(super) type Args = Vec<Vec<u8>>;

/// One call.
#[derive(Clone, Debug)]
pub(super) enum Request {
    Add { attempt: Try, look: bool, jobs: Vec<NewJob> },
    Advance(Turn),
    Join(Join),
    Heartbeat { worker: String, lease: u64, heard: bool },
    Leave { worker: String },
    Hand(hand::Request),
    Wake { worker: String },
    Progress { worker: String, id: String, value: String },
    Log { worker: String, id: String, keep: usize, lines: Vec<String> },
    Promote { id: String },
    Remove { ids: Vec<String> },
    Priority { id: String, priority: i64 },
    Delay { id: String, due: Due },
    Retry { id: String },
    RetryFailed { most: usize, skip: usize },
    Cancel { ids: Vec<String>, keep: usize },
    Clean { state: &'static str, age: u64, most: usize },
    Drain { delayed: bool },
    Pause,
    Resume,
    Obliterate { force: bool },
    Limits { field: &'static str, value: String },
    Holder { key: &'static str },
    ReleaseKey { key: &'static str },
    Counts,
    Stats,
    Page { state: &'static str, offset: usize, count: usize, reverse: bool },
    Read { ids: Vec<String> },
}

/// When a job is due.
#[derive(Clone, Copy, Debug)]
pub(super) enum Due {
    Now,
    In(u64),
    /// From the moment at which all sequences begin.
    At(i64),
}

/// One try of a producer's call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    pub(super) producer: usize,
    pub(super) number: u64,
    pub(super) resend: bool,
}

/// A job to add.
#[derive(Clone, Debug)]
pub(super) struct NewJob {
    pub(super) id: String,
    pub(super) record: String,
    pub(super) priority: i64,
    pub(super) due: Due,
    pub(super) unique: Option<(&'static str, Rule)>,
    /// A line each.
    pub(super) tags: &'static str,
}

/// What a unique key means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Else until the job ends.
    pub(super) lifetime: Option<u64>,
    /// Whether the job's end frees the key before.
    pub(super) ends: bool,
    pub(super) mode: Mode,
}

/// What becomes of an add that finds its key taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Skip,
    Replace,
    KeepLast,
    /// At the longest for so many ms.
    Debounce(Option<u64>),
}

/// Becoming a worker.
#[derive(Clone, Debug)]
pub(super) struct Join {
    pub(super) worker: String,
    /// The name under which it was known, empty for none.
    pub(super) former: String,
    pub(super) lease: u64,
    /// Limits set in code, empty for none.
    pub(super) rate: String,
    pub(super) active: String,
    /// The number of jobs it believes it holds.
    pub(super) known: Vec<String>,
}

/// A worker's turn.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub(super) worker: String,
    pub(super) lease: u64,
    pub(super) held: usize,
    pub(super) want: usize,
    pub(super) hold: u64,
    /// For how long each job is out, of a receive by hand.
    pub(super) out: Option<u64>,
    /// Lanes that the worker limits, and how many of their jobs it can start.
    pub(super) rooms: Vec<(String, usize)>,
    pub(super) ended: Vec<Block>,
    /// Id, attempt, delay.
    pub(super) retried: Vec<(String, u32, u64)>,
    /// Id, delay, misses.
    pub(super) released: Vec<(String, u64, Option<u32>)>,
    /// Id, lane.
    pub(super) unstarted: Vec<(String, Option<String>)>,
    /// Id, error.
    pub(super) errors: Vec<(String, String)>,
}

/// How much is kept of jobs that have ended; -1: no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Keep {
    pub(super) count: i64,
    pub(super) age: i64,
    /// Among which jobs this counts.
    pub(super) pool: &'static str,
}

/// Ended jobs that are kept alike.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) failed: bool,
    pub(super) keep: Keep,
    /// Id, outcome.
    pub(super) jobs: Vec<(String, String)>,
}

/// How many errors are kept of a job.
pub(super) const ERRORS_KEPT: usize = 3;

/// The call to Redis: the script, the values of `<worker>` and `<old worker>` in its keys, keys
/// beyond those, and ARGV.
#[derive(Clone, Debug, Default)]
pub(super) struct Call {
    pub(super) script: &'static str,
    pub(super) worker: String,
    pub(super) former: String,
    pub(super) more_keys: Vec<String>,
    pub(super) args: Args,
}

impl Due {
    /// In ms since the epoch.
    pub(super) fn ms(self, now: i64) -> i64 {
        match self {
            Self::Now => now,
            Self::In(delay) => now + signed(delay),
            Self::At(offset) => signed(NOW) + offset,
        }
    }

    fn arg(self) -> String {
        match self {
            Self::Now => String::new(),
            Self::In(delay) => format!("+{delay}"),
            Self::At(_) => self.ms(0).to_string(),
        }
    }
}

/// Times are subtracted.
pub(super) fn signed(ms: u64) -> i64 {
    i64::try_from(ms).expect("a time of our era")
}

pub(super) fn ended(failed: bool) -> &'static str {
    if failed { "failed" } else { "completed" }
}

/// What a queue is told of jobs that are to end as cancelled.
pub(super) fn mark(keep: usize) -> String {
    format!("{keep} -1 -1 {}", gone(keep))
}

/// The outcome of such a job.
pub(super) fn gone(keep: usize) -> String {
    format!("gone, and {keep} are kept")
}

fn flag(yes: bool) -> &'static str {
    if yes { "1" } else { "0" }
}

impl Request {
    /// As Redis is sent it.
    pub(super) fn call(&self) -> Call {
        const BASE: &str = Rig::BASE;
        let call = |script, args| Call { script, args, ..Call::default() };
        match self {
            Self::Add { attempt, look, jobs } => add(*attempt, *look, jobs),
            Self::Advance(turn) => turn.call(),
            Self::Join(join) => join.call(),
            Self::Heartbeat { worker, lease, heard } => {
                let args = args![worker, lease, flag(*heard)];
                Call { worker: worker.clone(), ..call("worker/heartbeat", args) }
            }
            Self::Leave { worker } => {
                Call { worker: worker.clone(), ..call("worker/leave", args![worker]) }
            }
            Self::Hand(request) => request.call(),
            Self::Wake { worker } => call("worker/wake", args![worker, ""]),
            Self::Progress { worker, id, value } => {
                Call { worker: worker.clone(), ..call("job/progress", args![id, value]) }
            }
            Self::Log { worker, id, keep, lines } => {
                Call { worker: worker.clone(), ..call("job/log", args![BASE, id, keep, lines]) }
            }
            Self::Promote { id } => call("job/promote", args![BASE, id]),
            Self::Remove { ids } => call("job/remove", args![BASE, "removed", "", ids]),
            Self::Priority { id, priority } => call("job/priority", args![BASE, id, priority]),
            Self::Delay { id, due: Due::Now } => call("job/delay", args![BASE, id, "+0"]),
            Self::Delay { id, due } => call("job/delay", args![BASE, id, due.arg()]),
            Self::Retry { id } => call("job/retry", args![BASE, id, 0]),
            Self::RetryFailed { most, skip } => call("queue/retry_failed", args![BASE, most, skip]),
            Self::Cancel { ids, keep } => call("job/cancel", args![BASE, mark(*keep), "", ids]),
            Self::Clean { state, age, most } => call("queue/clean", args![BASE, state, age, most]),
            Self::Drain { delayed } => call("queue/drain", args![BASE, flag(*delayed)]),
            Self::Pause => call("queue/pause", args![]),
            Self::Resume => call("queue/resume", args![]),
            Self::Obliterate { force } => call("queue/obliterate", args![BASE, flag(*force)]),
            Self::Limits { field, value } => call("queue/limits", args![BASE, field, value]),
            Self::Holder { key } => call("queue/holder", args![BASE, key]),
            Self::ReleaseKey { key } => call("queue/release_key", args![BASE, key]),
            Self::Counts => call("queue/counts", args![BASE]),
            Self::Stats => call("queue/stats", args![BASE]),
            Self::Page { state, offset, count, reverse } => {
                call("queue/page", args![BASE, state, offset, count, flag(*reverse)])
            }
            Self::Read { ids } => call("job/read", args![BASE, ids]),
        }
    }
}

fn add(attempt: Try, look: bool, jobs: &[NewJob]) -> Call {
    let Try { producer, number, resend } = attempt;
    let mut args = args![flag(look), number, 600_000, flag(resend), jobs.len()];
    let mut more_keys = vec![format!("producer:{producer}")];
    let (mut specials, mut count) = (Vec::new(), 0);
    for (index, job) in jobs.iter().enumerate() {
        args.extend(args![job.id, job.record]);
        if job.priority == 0 && matches!(job.due, Due::Now) && job.unique.is_none() {
            continue;
        }
        count += 1;
        specials.extend(args![index + 1, job.priority, job.due.arg()]);
        match &job.unique {
            None => specials.extend(args![0, 0, ""]),
            Some((key, rule)) => {
                more_keys.push(format!("unique:{key}"));
                // Eight columns stand before.
                specials.extend(args![8 + more_keys.len(), rule.to_text(), key]);
            }
        }
    }
    args.extend(args![count]);
    args.extend(specials);
    let tagged: Vec<_> = jobs.iter().enumerate().filter(|(_, job)| !job.tags.is_empty()).collect();
    if !tagged.is_empty() {
        // For the event.
        let ids: Vec<_> = jobs.iter().map(|job| job.id.as_str()).collect();
        args.extend(args![ids.join(" ")]);
    }
    for (index, job) in tagged {
        args.extend(args![index + 1, format!("#{}", job.tags)]);
    }
    Call { script: "job/add", more_keys, args, ..Call::default() }
}

impl Rule {
    fn to_text(self) -> String {
        let ends = if self.ends { "u" } else { "" };
        let mode = match self.mode {
            Mode::Skip => String::new(),
            Mode::Replace => "r".to_owned(),
            Mode::KeepLast => "k".to_owned(),
            Mode::Debounce(None) => "d".to_owned(),
            Mode::Debounce(Some(ms)) => format!("d{ms}"),
        };
        format!("{}{ends}{mode}", self.lifetime.unwrap_or(0))
    }
}

impl Join {
    fn call(&self) -> Call {
        let Self { worker, former, lease, rate, active, known } = self;
        Call {
            script: "worker/join",
            worker: worker.clone(),
            former: if former.is_empty() { worker.clone() } else { former.clone() },
            args: args![worker, former, lease, rate, active, known],
            ..Call::default()
        }
    }
}

impl Turn {
    fn call(&self) -> Call {
        let held = match self.out {
            None => self.held.to_string(),
            Some(ms) => format!("+{ms}"),
        };
        let mut args = args![Rig::BASE, self.worker, self.lease, held, self.want, self.hold];
        let rooms = self.rooms.iter().map(|(lane, room)| format!("{room} {lane}\n"));
        args.extend(args![rooms.collect::<String>()]);
        args.extend(self.blocks());
        let worker = if self.out.is_some() { hand::NAME } else { &self.worker };
        Call { script: "worker/advance", worker: worker.to_owned(), args, ..Call::default() }
    }

    /// What it settles.
    pub(super) fn blocks(&self) -> Args {
        let mut args = args![self.ended.len()];
        for Block { failed, keep, jobs } in &self.ended {
            let kind = format!("{} {}", ended(*failed), keep.pool);
            args.extend(args![kind.trim_end(), keep.count, keep.age, jobs.len()]);
            for (id, outcome) in jobs {
                args.extend(args![id]);
                if keep.count != 0 {
                    args.extend(args![outcome]);
                }
            }
        }
        args.extend(args![self.retried.len()]);
        for (id, attempt, delay) in &self.retried {
            args.extend(args![id, attempt, delay]);
        }
        args.extend(args![self.released.len() + self.unstarted.len()]);
        for (id, delay, misses) in &self.released {
            args.extend(args![id, delay, misses.map_or(-1, i64::from)]);
        }
        for (id, lane) in &self.unstarted {
            args.extend(args![id, format!("={}", lane.as_deref().unwrap_or_default()), -1]);
        }
        args.extend(args![ERRORS_KEPT, self.errors.len()]);
        for (id, error) in &self.errors {
            args.extend(args![id, error]);
        }
        args
    }
}
