//! The state in Redis: where each job is, the columns, and the queue's own history.

use std::collections::{BTreeMap, HashMap, HashSet};

use jobqueue::{Client, JobInfo, JobState, Outcome, Queue, internals::event_ids};
use redis::{Cmd, Connection, FromRedisValue, cmd};

use super::{
    QUEUE,
    task::{DEAD, Task},
};

/// All of a queue, read from Redis. Nobody should write meanwhile.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The ids in `jobs`.
    pub records: HashSet<String>,
    /// Every place of a job: names of states, one for each set and worker that has it.
    pub places: HashMap<String, Vec<&'static str>>,
    /// The events of each job, oldest first.
    pub history: HashMap<String, Vec<String>>,
    /// The ids in each sparse column.
    pub columns: BTreeMap<&'static str, HashSet<String>>,
    /// Ids that have an error or log list.
    pub lists: HashSet<String>,
    /// Unique keys, and which job each belongs to.
    pub claims: HashMap<String, String>,
    /// The same as the jobs have it.
    pub uniques: HashMap<String, String>,
    /// Workers that have a lease, and workers that hold jobs.
    pub leases: HashSet<String>,
    /// Workers that hold jobs.
    pub holders: HashSet<String>,
    /// Keys that are none of a queue's.
    pub strange: Vec<String>,
    /// Jobs that can't be read, and why.
    pub unreadable: Vec<String>,
    /// The tasks of jobs that are there.
    pub tasks: HashMap<String, Task>,
    /// The runs whose outcomes are kept, by job.
    pub outcomes: HashMap<String, String>,
    /// How many dead letters lie in the queue for them, by the job they are about.
    pub dead_letters: HashMap<String, usize>,
    /// Entries of the outbox.
    pub effects: u64,
    /// Totals of `meta`: added, completed, failed.
    pub totals: [u64; 3],
}

/// The columns that have a value for some jobs.
const SPARSE: [&str; 7] =
    ["priority", "attempts", "stalls", "misses", "progress", "outcomes", "cancels"];

/// Sets that say where a job is.
const PLACES: [&str; 5] = ["waiting", "delayed", "completed", "failed", "cancelled"];

/// Keys with nothing to count in them.
const PLAIN: [&str; 16] = [
    "meta",
    "events",
    "wake",
    "outbox",
    "sources",
    "relay",
    "histograms",
    "history",
    "history:1m",
    "history:10m",
    "history:1h",
    "deploys",
    "topic",
    "bindings",
    "messages",
    "replays",
];

/// Jobs, or entries of the history, that are read at once.
const PAGE: u64 = 1_000;

impl Ledger {
    /// Reads everything.
    ///
    /// # Panics
    /// It can't be read.
    pub async fn read(url: &str, base: &str, account: &Client) -> Self {
        let queue = &account.queue(QUEUE).expect("a good name");
        let client = redis::Client::open(url).expect("a good url");
        let mut reader = Reader { connection: client.get_connection().expect("it answers"), base };
        let mut ledger = Self::default();
        ledger.read_keys(&mut reader);
        ledger.read_history(&mut reader);
        for state in JobState::ALL {
            ledger.read_jobs(queue, state).await;
        }
        ledger.effects = reader.ask(cmd("XLEN").arg(format!("{base}outbox")));
        ledger.read_dead_letters(account).await;
        ledger
    }

    fn read_keys(&mut self, reader: &mut Reader<'_>) {
        let keys: Vec<String> = reader.ask(cmd("KEYS").arg("*"));
        let base = reader.base;
        for name in keys.iter().filter_map(|key| key.strip_prefix(base)) {
            let (stem, rest) = name.split_once(':').unwrap_or((name, ""));
            match stem {
                "jobs" => self.records = reader.get("HKEYS", name),
                "uniques" => self.uniques = reader.get("HGETALL", name),
                "expiring" => {
                    self.columns.insert("expiring", reader.range(name).into_iter().collect());
                }
                "listed" => self.columns.extend([("listed", reader.get("SMEMBERS", name))]),
                "running" => {
                    let held: Vec<String> = reader.get("HKEYS", name);
                    self.holders.insert(rest.to_owned());
                    self.place(held, "active");
                }
                "lane_of" => self.columns.extend([("lane_of", reader.get("HKEYS", name))]),
                "keys_of" => self.columns.extend([("keys_of", reader.get("HKEYS", name))]),
                "keys" if rest != "blocked" => {
                    let column = self.columns.entry("room of keys").or_default();
                    column.extend(ids_of(&reader.range(name)));
                }
                "keys" => {}
                "group_of" => self.columns.extend([("group_of", reader.get("HKEYS", name))]),
                "waiting" if !rest.is_empty() => {
                    self.columns.entry("waiting apart").or_default().extend(reader.range(name));
                }
                "groups" if rest == "active" => {
                    let ids = ids_of(&reader.range(name)).collect();
                    self.columns.insert("room of groups", ids);
                }
                "groups" | "passes" | "weights" | "group_limits" => {}
                "lane" => {
                    self.columns.entry("lane").or_default().extend(reader.range(name));
                }
                "pool" => {
                    self.columns.entry("pool").or_default().extend(reader.range(name));
                }
                "lanes" | "pools" => {}
                "workers" => self.leases = reader.range(name).into_iter().collect(),
                // Keys that effects leave behind on purpose: they expire.
                "once" => {}
                "errors" | "logs" => self.lists.extend([rest.to_owned()]),
                "unique" => self.claims.extend([(rest.to_owned(), reader.get("GET", name))]),
                // The newest calls of producers, and of publishers to a topic of the same name.
                // They expire.
                "producer" | "publisher" | "sender" => {}
                // What was to end a wait that had ended by itself: it expires.
                "wake" if !rest.is_empty() => {}
                // What a worker was told of jobs to cancel: it expires.
                "cancel" => {}
                _ if PLAIN.contains(&name) => {}
                _ => {
                    if let Some(place) = PLACES.iter().find(|place| **place == name) {
                        let ids = reader.range(name);
                        self.place(ids, place);
                    } else if let Some(column) = SPARSE.iter().find(|column| **column == name) {
                        self.columns.insert(column, reader.get("HKEYS", name));
                    } else {
                        self.strange.push(name.to_owned());
                    }
                }
            }
        }
        let totals = ["added", "completed", "failed"];
        let totals: Vec<Option<u64>> =
            reader.ask(cmd("HMGET").arg(format!("{}meta", reader.base)).arg(&totals[..]));
        self.totals = [0, 1, 2].map(|at| totals[at].unwrap_or(0));
    }

    fn place(&mut self, ids: Vec<String>, place: &'static str) {
        for id in ids {
            self.places.entry(id).or_default().push(place);
        }
    }

    fn read_history(&mut self, reader: &mut Reader<'_>) {
        let key = format!("{}events", reader.base);
        let mut from = "-".to_owned();
        loop {
            let page: Vec<(String, Vec<(String, String)>)> =
                reader.ask(cmd("XRANGE").arg(&key).arg(&from).arg("+").arg("COUNT").arg(PAGE));
            let Some((last, _)) = page.last() else { return };
            from = format!("({last}");
            for (kind, ids) in page.into_iter().flat_map(|(_, fields)| fields) {
                for id in event_ids(&ids) {
                    self.history.entry(id.to_string()).or_default().push(kind.clone());
                }
            }
        }
    }

    async fn read_jobs(&mut self, queue: &Queue, state: JobState) {
        for page in 0.. {
            let ids = queue.jobs(state).ids(page * PAGE, PAGE).await.expect("ids can be read");
            if ids.is_empty() {
                return;
            }
            let jobs = queue.jobs(state).page(page * PAGE, PAGE).await.expect("jobs can be read");
            jobs.iter().for_each(|job| self.read_job(job));
            for id in ids.iter().filter(|id| !self.tasks.contains_key(id.as_str())) {
                // Left out of the page: it can't be read.
                if let Err(error) = queue.job(id).info().await {
                    self.unreadable.push(format!("{id}: {error}"));
                }
            }
        }
    }

    async fn read_dead_letters(&mut self, account: &Client) {
        let dead = account.dead_letters(DEAD).expect("a good name");
        for page in 0.. {
            let dead_letters =
                dead.page(page * PAGE, PAGE).await.expect("dead letters can be read");
            if dead_letters.is_empty() {
                return;
            }
            for (_, dead_letter) in dead_letters {
                *self.dead_letters.entry(dead_letter.id.to_string()).or_default() += 1;
            }
        }
    }

    fn read_job(&mut self, job: &JobInfo) {
        let id = job.id.to_string();
        let task = serde_json::from_slice(&job.record.payload).expect("a task of ours");
        self.tasks.insert(id.clone(), task);
        if let Some(Outcome::Completed { result, .. }) = &job.outcome {
            let run = serde_json::from_slice(result).expect("the name of a run");
            self.outcomes.insert(id, run);
        }
    }
}

struct Reader<'a> {
    connection: Connection,
    base: &'a str,
}

impl Reader<'_> {
    fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> T {
        command.query(&mut self.connection).expect("the ledger can be read")
    }

    fn get<T: FromRedisValue>(&mut self, command: &str, name: &str) -> T {
        let key = format!("{}{name}", self.base);
        self.ask(cmd(command).arg(key))
    }

    fn range(&mut self, name: &str) -> Vec<String> {
        let key = format!("{}{name}", self.base);
        self.ask(cmd("ZRANGE").arg(key).arg(0).arg(-1))
    }
}

/// The ids in members `<name>\n<id>`.
fn ids_of(members: &[String]) -> impl Iterator<Item = String> {
    members.iter().filter_map(|member| member.split_once('\n')).map(|(_, id)| id.to_owned())
}
