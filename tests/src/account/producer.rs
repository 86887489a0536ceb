//! A producer process of an account.

use std::time::Duration;

use jobqueue::{Client, Durability, Retain};
use tokio::{signal::unix::Signal, task::JoinSet, time::sleep};

use super::{
    note::{Book, Note},
    task::{Act, Task, work},
    worker::millis,
};

/// The jobs that a producer adds.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// How many jobs, about; then it ends. It ends at SIGTERM in any case.
    pub jobs: u64,
    /// How many in one call; 1 for single adds, eight of them at once.
    pub bulk: usize,
    /// How long each of its lines rests after a call.
    pub pause: Duration,
    /// How long a job takes.
    pub time: Duration,
    /// Jobs of all kinds: long, delayed, urgent, unique, failing, removed when they end.
    pub mixed: bool,
    /// An add counts when a replica has it too.
    pub replicated: bool,
}

impl Default for Order {
    fn default() -> Self {
        let (pause, time) = (Duration::ZERO, Duration::ZERO);
        Self { jobs: u64::MAX, bulk: 1, pause, time, mixed: false, replicated: false }
    }
}

/// How many single adds are on their way at once.
const LINES: u64 = 8;

impl Order {
    pub(super) fn arguments(self) -> Vec<String> {
        let (pause, time) = (self.pause.as_millis(), self.time.as_millis());
        let [mixed, replicated] = [self.mixed, self.replicated].map(|it| u8::from(it).to_string());
        let numbers = [pause.to_string(), time.to_string(), mixed, replicated];
        [self.jobs.to_string(), self.bulk.to_string()].into_iter().chain(numbers).collect()
    }

    pub(super) fn parse(arguments: &[String]) -> Option<Self> {
        let [jobs, bulk, pause, time, mixed, replicated] = arguments else { return None };
        Some(Self {
            jobs: jobs.parse().ok()?,
            bulk: bulk.parse().ok()?,
            pause: millis(pause)?,
            time: millis(time)?,
            mixed: mixed == "1",
            replicated: replicated == "1",
        })
    }

    /// Adds jobs until there are enough of them, or SIGTERM. Then it waits for the calls in flight.
    pub(super) async fn produce(self, client: Client, book: Book, mut terminate: Signal) {
        let lines = if self.bulk == 1 { LINES } else { 1 };
        let calls = self.jobs.div_ceil(lines * self.bulk as u64);
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut all = JoinSet::new();
        for _ in 0..lines {
            let (client, book, stopped) = (client.clone(), book.clone(), stopped.clone());
            all.spawn(async move {
                for _ in 0..calls {
                    if *stopped.borrow() {
                        return;
                    }
                    self.call(&client, &book).await;
                    sleep(self.pause).await;
                }
            });
        }
        tokio::select! {
            _ = terminate.recv() => stop.send_replace(true),
            () = async { while all.join_next().await.is_some() {} } => true,
        };
        while all.join_next().await.is_some() {}
    }

    /// Some are so long that some worker is always in the middle of one.
    fn time_of_one(self) -> Duration {
        let long = self.mixed && fastrand::u8(0..10) == 0;
        if long { self.time * fastrand::u32(10..50) } else { self.time }
    }

    fn durability(self) -> Durability {
        if self.replicated {
            Durability::Replicated { replicas: 1, within: Duration::from_secs(2) }
        } else {
            Durability::Acknowledged
        }
    }

    /// One call: its intents, the add, and the acknowledged jobs. If it is unknown whether an add
    /// was carried out, it stays an intent.
    async fn call(self, client: &Client, book: &Book) {
        let act = match fastrand::u8(0..20) {
            0 if self.mixed => Act::Flaky,
            1 if self.mixed => Act::Hopeless,
            2 if self.mixed => Act::Panic,
            _ => Act::Work,
        };
        let kept = !self.mixed || fastrand::u8(0..4) > 0;
        let task = || Task::new(act, self.time_of_one(), kept);
        let tasks: Vec<Task> = (0..self.bulk).map(|_| task()).collect();
        let tokens: Vec<String> = tasks.iter().map(|task| task.token.clone()).collect();
        let intents: Vec<Note> =
            tokens.iter().map(|token| Note::Intent { token: token.clone() }).collect();
        book.note_all(&intents);
        let retain = if kept { Retain::all() } else { Retain::none() };
        let (delay, priority) = match fastrand::u8(0..10) {
            0 | 1 if self.mixed => (Duration::from_millis(fastrand::u64(..300)), 0),
            2 | 3 if self.mixed => (Duration::ZERO, fastrand::i16(-5..5)),
            _ => (Duration::ZERO, 0),
        };
        let group =
            (self.mixed && fastrand::bool()).then(|| format!("group {}", fastrand::u8(0..9)));
        let ids: Vec<String> = if self.bulk == 1 {
            let task = tasks.into_iter().next().expect("one");
            let mut add = client.add(work, task).retain(retain).retain_failed(retain);
            if self.mixed && fastrand::u8(0..3) == 0 {
                // Longer than any test: it is only to leave nothing behind.
                add = add.ttl(Duration::from_secs(86_400));
            }
            if self.mixed && fastrand::u8(0..5) == 0 {
                add = add.unique(tokens[0].clone());
            }
            if let Some(group) = group {
                add = add.group(group);
            }
            if self.mixed && fastrand::u8(0..4) == 0 {
                add = add.concurrency_key(format!("key {}", fastrand::u8(0..5)), 3);
            }
            let add = add.durability(self.durability());
            let added = add.delay(delay).priority(priority).await;
            added.into_iter().map(|job| job.id().to_string()).collect()
        } else {
            let mut add = client.add_all(work, tasks).retain(retain).retain_failed(retain);
            if let Some(group) = group {
                add = add.group(group);
            }
            let add = add.durability(self.durability());
            let added = add.delay(delay).priority(priority).await;
            let jobs = added.unwrap_or_else(|error| error.added);
            jobs.iter().map(|job| job.id().to_string()).collect()
        };
        let added: Vec<Note> =
            tokens.into_iter().zip(ids).map(|(token, id)| Note::Added { token, id }).collect();
        book.note_all(&added);
    }
}
