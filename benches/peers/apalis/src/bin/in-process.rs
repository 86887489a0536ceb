//! apalis without a server: its memory storage, and apalis-sqlite in a file, as their docs have them.
//! Jobs are added and run as in the play `speed` of the embedded server: 1,000 tasks add one job after
//! another (in memory one does), and then a worker with 100 slots runs all.
//!
//! `in-process memory|sqlite JOBS` prints `add/s process/s both/s`.

use std::{
    env, process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use apalis::prelude::{
    BoxDynError, Data, MemoryStorage, ParallelizeExt as _, TaskSink as _, WorkerBuilder,
    WorkerBuilderExt as _,
};
use apalis_sqlite::{Config, SqlitePool, SqliteStorage};
use jobqueue_bench_peer::Result;
use tokio::{sync::Notify, task::JoinSet};

const PRODUCERS: u64 = 1_000;
const SLOTS: usize = 100;

/// How many jobs have run, and who waits for all.
#[derive(Clone)]
struct Tally(Arc<(AtomicU64, u64, Notify)>);

impl Tally {
    fn of(jobs: u64) -> Self {
        Self(Arc::new((AtomicU64::new(0), jobs, Notify::new())))
    }

    fn run(&self) {
        if self.0.0.fetch_add(1, Ordering::Relaxed) + 1 == self.0.1 {
            self.0.2.notify_one();
        }
    }

    async fn all(self) -> std::io::Result<()> {
        self.0.2.notified().await;
        Ok(())
    }
}

async fn nothing(_: String, tally: Data<Tally>) -> Result<(), BoxDynError> {
    tally.run();
    Ok(())
}

/// Runs all jobs of a storage; how long it took.
macro_rules! run_all {
    ($storage:expr, $jobs:expr) => {{
        let (tally, began) = (Tally::of($jobs), Instant::now());
        WorkerBuilder::new("worker")
            .backend($storage)
            .data(tally.clone())
            .concurrency(SLOTS)
            .parallelize(tokio::spawn)
            .build(nothing)
            .run_until(tally.all())
            .await?;
        began.elapsed()
    }};
}

fn payload() -> String {
    "x".repeat(100)
}

/// One task adds all: the storage can't be shared, and nothing is waited for.
async fn in_memory(jobs: u64) -> Result<(Duration, Duration)> {
    let (mut storage, began) = (MemoryStorage::<String>::new(), Instant::now());
    for _ in 0..jobs {
        storage.push(payload()).await.map_err(|error| error.to_string())?;
    }
    let adding = began.elapsed();
    Ok((adding, run_all!(storage, jobs)))
}

async fn in_sqlite(jobs: u64) -> Result<(Duration, Duration)> {
    let folder = env::temp_dir().join(format!("apalis-{}", process::id()));
    std::fs::create_dir(&folder)?;
    let url = format!("sqlite://{}?mode=rwc", folder.join("jobs.db").display());
    let played = in_file(&url, jobs).await;
    std::fs::remove_dir_all(&folder)?;
    played
}

async fn in_file(url: &str, jobs: u64) -> Result<(Duration, Duration)> {
    let pool = SqlitePool::connect(url).await?;
    SqliteStorage::setup(&pool).await?;
    // As large as there are slots.
    let config = Config::default().queue("bench").batch_size(SLOTS);
    let storage = SqliteStorage::<String>::new(&pool).with_config(config);
    let began = Instant::now();
    let mut producers = JoinSet::new();
    for _ in 0..PRODUCERS {
        let mut storage = storage.clone();
        producers.spawn(async move {
            for _ in 0..jobs / PRODUCERS {
                storage.push(payload()).await.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(produced) = producers.join_next().await {
        produced??;
    }
    let adding = began.elapsed();
    Ok((adding, run_all!(storage, jobs)))
}

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [backend, jobs] = words.as_slice() else { return Err("memory|sqlite JOBS".into()) };
    let jobs: u64 = jobs.parse()?;
    let (adding, processing) = match backend.as_str() {
        "memory" => in_memory(jobs).await?,
        "sqlite" => in_sqlite(jobs).await?,
        _ => return Err("memory|sqlite JOBS".into()),
    };
    let rate = |time: Duration| jobs as f64 / time.as_secs_f64();
    println!("{:.0} {:.0} {:.0}", rate(adding), rate(processing), rate(adding + processing));
    Ok(())
}
