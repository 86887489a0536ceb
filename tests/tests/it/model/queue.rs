//! The model: a queue in memory, as plainly as it can be said, without columns, scripts or Redis.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use jobqueue_tests::raw::NOW;
use redis::Value;

use super::request::{Request, signed};

/// A script's answer, or its refusal.
pub(super) type Answer = Result<Value, String>;

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) now: i64,
    pub(super) jobs: BTreeMap<String, Job>,
    /// When their leases end.
    pub(super) workers: BTreeMap<String, i64>,
    /// Those that are not known to have heard the answer which handed out their newest jobs.
    pub(super) unheard: BTreeSet<String>,
    /// The job that holds a unique key.
    pub(super) claims: BTreeMap<String, Claim>,
    /// The newest call of each producer that was carried out, and its answer.
    pub(super) producers: BTreeMap<usize, (u64, Value)>,
    pub(super) meta: BTreeMap<&'static str, String>,
    /// Each by its fields.
    pub(super) events: Vec<Vec<(&'static str, String)>>,
    pub(super) token: bool,
    /// The sets that pools have or had: a state, ':' and a name.
    pub(super) pools: BTreeSet<String>,
    /// Whether the fetch of this turn left jobs in lanes.
    pub(super) skipped: bool,
}

/// A job.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) record: String,
    pub(super) place: Place,
    pub(super) priority: i64,
    pub(super) attempts: Option<u32>,
    /// Since when it is due, if otherwise than its add said.
    pub(super) since: Option<i64>,
    pub(super) stalls: Option<Stalls>,
    pub(super) misses: Option<u32>,
    pub(super) progress: Option<String>,
    pub(super) outcome: Option<String>,
    /// Of one that runs and is to end as cancelled: how many of such are kept.
    pub(super) mark: Option<usize>,
    /// Newest first.
    pub(super) errors: Vec<String>,
    pub(super) log: Vec<String>,
    /// The key that it stands for while it hasn't ended, and that it takes again to run again.
    pub(super) unique: Option<String>,
    /// By which it is found, a line each.
    pub(super) tags: &'static str,
    /// Until when it may wait; with a minus once it was handed out, and -1 if it had expired.
    pub(super) expires: Option<i64>,
    /// Of one that has ended: among which its retention counts, and whether that has a set here.
    pub(super) pool: Pool,
}

/// The pool of a job that has ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pool {
    pub(super) name: &'static str,
    pub(super) is_noted: bool,
}

/// How often the workers of a job died: after its run had begun, and perhaps before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stalls {
    pub(super) begun: u32,
    pub(super) lost: u32,
}

impl fmt::Display for Stalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lost {
            0 => write!(f, "{}", self.begun),
            lost => write!(f, "{}+{lost}", self.begun),
        }
    }
}

/// Where a job is: in one place, by its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Perhaps for a limit that some workers have reached, in a lane of its name.
    Waiting {
        rank: i64,
        lane: Option<String>,
    },
    Delayed {
        due: i64,
    },
    Active {
        worker: String,
        rank: i64,
        started: i64,
        out: Option<Out>,
    },
    Completed {
        at: i64,
    },
    Failed {
        at: i64,
    },
    Cancelled {
        at: i64,
    },
}

/// What is known of a job that is out by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Out {
    pub(super) receive: String,
    pub(super) until: i64,
}

/// A unique key that is taken.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) id: String,
    /// When it lapses; else it goes with the job.
    pub(super) lapses: Option<i64>,
    /// Until when the job waits at the longest; once there is a successor, that one.
    pub(super) latest: Option<i64>,
    pub(super) successor: Option<Successor>,
}

/// The job that takes a key when the one that has it has ended.
#[derive(Clone, Debug)]
pub(super) struct Successor {
    pub(super) id: String,
    pub(super) due: i64,
}

/// When a successor is due that may not run yet.
pub(super) const PARKED: i64 = (1 << 48) + 1;

impl Claim {
    /// As its key has it.
    pub(super) fn text(&self) -> String {
        let latest = self.latest.map_or("-".to_owned(), |at| at.to_string());
        match (&self.successor, self.latest) {
            (Some(Successor { id, due }), _) => format!("{} {latest} {due} {id}", self.id),
            (None, Some(_)) => format!("{} {latest}", self.id),
            (None, None) => self.id.clone(),
        }
    }
}

impl Place {
    pub(super) fn state(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Delayed { .. } => "delayed",
            Self::Active { .. } => "active",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// The score that orders the jobs of its state; active jobs have none.
    pub(super) fn score(&self) -> i64 {
        match self {
            Self::Waiting { rank, lane: None } => *rank,
            // Before all others, and in order.
            Self::Waiting { rank, lane: Some(_) } => *rank - (1 << 53),
            Self::Delayed { due } => *due,
            Self::Active { .. } => 0,
            Self::Completed { at } | Self::Failed { at } | Self::Cancelled { at } => *at,
        }
    }

    /// A waiting job's place among all others.
    pub(super) fn rank(&self) -> Option<i64> {
        match self {
            Self::Waiting { rank, .. } => Some(*rank),
            _ => None,
        }
    }

    /// A waiting job's lane.
    pub(super) fn lane(&self) -> Option<&String> {
        match self {
            Self::Waiting { lane, .. } => lane.as_ref(),
            _ => None,
        }
    }

    /// Ready, and in no lane.
    pub(super) fn at(rank: i64) -> Self {
        Self::Waiting { rank, lane: None }
    }

    pub(super) fn ended(failed: bool, at: i64) -> Self {
        if failed { Self::Failed { at } } else { Self::Completed { at } }
    }
}

impl Job {
    pub(super) fn has_ended(&self) -> bool {
        let place = &self.place;
        matches!(place, Place::Completed { .. } | Place::Failed { .. } | Place::Cancelled { .. })
    }
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            now: signed(NOW),
            jobs: BTreeMap::new(),
            workers: BTreeMap::new(),
            unheard: BTreeSet::new(),
            claims: BTreeMap::new(),
            producers: BTreeMap::new(),
            meta: BTreeMap::new(),
            events: Vec::new(),
            token: false,
            pools: BTreeSet::new(),
            skipped: false,
        }
    }

    /// Carries out the request as the script should, and returns the answer it should give.
    pub(super) fn apply(&mut self, request: &Request) -> Answer {
        match request {
            Request::Add { attempt, look, jobs } => self.add(*attempt, *look, jobs),
            Request::Advance(turn) => self.advance(turn),
            Request::Join(join) => Ok(self.join(join)),
            Request::Heartbeat { worker, lease, heard } => self.heartbeat(worker, *lease, *heard),
            Request::Leave { worker } => Ok(self.leave(worker)),
            Request::Hand(request) => self.by_hand(request),
            Request::Wake { worker } => Ok(self.hand_over(worker)),
            Request::Progress { worker, id, value } => self.progress(worker, id, value),
            Request::Log { worker, id, keep, lines } => self.log(worker, id, *keep, lines),
            Request::Promote { id } => self.promote(id),
            Request::Remove { ids } => Ok(self.remove(ids)),
            Request::Priority { id, priority } => self.set_priority(id, *priority),
            Request::Delay { id, due } => self.delay(id, *due),
            Request::Retry { id } => self.retry(id),
            Request::RetryFailed { most, skip } => Ok(self.retry_failed(*most, *skip)),
            Request::Cancel { ids, keep } => Ok(self.cancel(ids, *keep)),
            Request::Clean { state, age, most } => Ok(self.clean(state, *age, *most)),
            Request::Drain { delayed } => Ok(self.drain(*delayed)),
            Request::Pause => self.pause(),
            Request::Resume => self.resume(),
            Request::Obliterate { force } => self.obliterate(*force),
            Request::Limits { field, value } => Ok(self.set_limit(field, value)),
            Request::Holder { key } => Ok(self.holder(key)),
            Request::ReleaseKey { key } => Ok(self.let_go(key)),
            Request::Counts => Ok(self.counts()),
            Request::Stats => Ok(self.stats()),
            Request::Page { state, offset, count, reverse } => {
                Ok(self.page(state, *offset, *count, *reverse))
            }
            Request::Read { ids } => Ok(self.read(ids)),
        }
    }

    /// Time passes; answers the unique keys that lapse.
    pub(super) fn wait(&mut self, ms: u64) -> Vec<String> {
        self.now += signed(ms);
        let lapsed = |claim: &Claim| claim.lapses.is_some_and(|at| at <= self.now);
        let keys: Vec<String> =
            self.claims.iter().filter(|(_, it)| lapsed(it)).map(|(key, _)| key.clone()).collect();
        self.claims.retain(|key, _| !keys.contains(key));
        keys
    }

    /// The ids of a state's jobs, in its order.
    pub(super) fn ids_in(&self, state: &str) -> Vec<String> {
        let mut found: Vec<(i64, &String)> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.place.state() == state)
            .map(|(id, job)| (job.place.score(), id))
            .collect();
        found.sort();
        found.into_iter().map(|(_, id)| id.clone()).collect()
    }

    pub(super) fn any_waits(&self) -> bool {
        self.jobs.values().any(|job| matches!(job.place, Place::Waiting { .. }))
    }

    /// The ids that a worker holds.
    pub(super) fn held_by(&self, name: &str) -> Vec<String> {
        let holds =
            |job: &Job| matches!(&job.place, Place::Active { worker, .. } if worker == name);
        self.jobs.iter().filter(|(_, job)| holds(job)).map(|(id, _)| id.clone()).collect()
    }

    /// A job that the caller knows to exist.
    pub(super) fn job(&mut self, id: &str) -> &mut Job {
        self.jobs.get_mut(id).expect("the job exists")
    }

    /// The place of a job of this priority that became ready at `ms`.
    pub(super) fn ready(&self, priority: i64, ms: i64) -> Place {
        Place::at((priority + 1024) * self.step() + ms)
    }

    /// The same of a job that goes behind all that are there, whatever its id.
    pub(super) fn behind(&mut self, priority: i64, id: &str) -> Place {
        let (mut ms, last) = self.newest();
        if last.as_str() >= id || last.is_empty() {
            ms += 1;
        }
        self.meta.insert("newest", format!("{ms} {id}"));
        self.ready(priority, ms)
    }

    /// The ms of jobs whose ids have their order: not before any that came before.
    pub(super) fn next(&mut self) -> i64 {
        let (mut ms, last) = self.newest();
        if !last.is_empty() {
            ms += 1;
            self.meta.insert("newest", format!("{ms} "));
        }
        ms
    }

    /// The last ms that was given out ahead of time, and the id that has it.
    fn newest(&self) -> (i64, String) {
        let newest = self.meta.get("newest").and_then(|newest| newest.split_once(' '));
        let newest = newest.map(|(ms, id)| (ms.parse().expect("a number"), id.to_owned()));
        newest.filter(|(ms, _)| *ms >= self.now).unwrap_or((self.now, String::new()))
    }

    /// The worth of one step of priority in ms.
    pub(super) fn step(&self) -> i64 {
        self.meta.get("aging").map_or(1 << 42, |ms| ms.parse().expect("a number"))
    }

    /// Whether it counts, of the fields of meta that are numbers.
    pub(super) fn number(&self, field: &str) -> Option<i64> {
        self.meta.get(field).map(|value| value.parse().expect("a number"))
    }

    pub(super) fn add_to_total(&mut self, field: &'static str, n: usize) {
        let sum = self.number(field).unwrap_or(0) + i64::try_from(n).expect("small");
        self.meta.insert(field, sum.to_string());
    }

    pub(super) fn mark_layout(&mut self) {
        self.meta.insert("layout", "2".to_owned());
    }

    pub(super) fn event(&mut self, kind: &'static str, ids: &[String]) {
        self.event_with(vec![(kind, ids.join(" "))]);
    }

    pub(super) fn event_with(&mut self, fields: Vec<(&'static str, String)>) {
        if self.meta.get("events").is_none_or(|kept| kept != "0") {
            self.events.push(fields);
        }
    }

    /// Frees the key that the job stands for while it hasn't ended. It still knows it.
    pub(super) fn release_key(&mut self, id: &str) {
        if let Some(key) = self.job(id).unique.clone()
            && self.claims.get(&key).is_some_and(|claim| claim.id == id)
        {
            self.pass_on(&key);
        }
    }

    /// The key's successor takes it, if one is there.
    pub(super) fn pass_on(&mut self, key: &str) {
        let claim = self.claims.remove(key).expect("it is taken");
        let Some(Successor { id, due }) = claim.successor else { return };
        let since = due.max(self.now);
        if let Some(job) = self.jobs.get_mut(&id)
            && job.place == (Place::Delayed { due: PARKED })
            && job.unique.is_some()
        {
            job.place = Place::Delayed { due };
            job.expires = job.expires.map(|at| if at < 0 { at } else { at - PARKED + since });
            job.due_since(since);
            let claim = Claim { id, lapses: None, latest: claim.latest, successor: None };
            self.claims.insert(key.to_owned(), claim);
            self.token = true;
        }
    }

    /// Removes jobs and all that is known of them.
    pub(super) fn forget(&mut self, ids: &[String]) {
        let keys: Vec<_> = ids.iter().map(|id| self.job(id).unique.take()).collect();
        for (id, key) in ids.iter().zip(keys) {
            if let Some(key) = key
                && self.claims.get(&key).is_some_and(|claim| claim.id == *id)
            {
                self.pass_on(&key);
            }
        }
        for id in ids {
            self.jobs.remove(id);
        }
    }

    /// The refusal of an operation that the job's state doesn't allow.
    pub(super) fn wrong_state(&self, id: &str) -> Answer {
        Err(match self.jobs.get(id) {
            Some(job) => format!("WRONGSTATE {}", job.place.state()),
            None => "NOTFOUND no such job".to_owned(),
        })
    }
}
