//! 100 schedules of a second in 10 worker processes, while workers and Redis are killed. Each tick
//! adds exactly one job, and none comes after removal.
//!
//! `SCHEDULES_SECONDS` says for how long; 60 by default.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    future::pending,
    process::Command,
    time::{Duration, Instant},
};

use jobqueue::{
    Client, DurationExt as _, JobState, Worker, job,
    schedule::{CatchUp, Every},
};
use jobqueue_tests::{
    process::Process,
    report::{Played, Report},
    server::RedisServer,
};
use tokio::time::sleep;

const WORKERS: usize = 10;
const SCHEDULES: usize = 100;

/// The variable that makes this program a worker on the server of this URL.
const WORKER: &str = "SCHEDULES_WORKER";

#[job(queue = "ticks", retain = all)]
async fn tick(_: ()) {}

fn spawn(url: &str) -> std::io::Result<Process> {
    Ok(Process::spawn(Command::new(env::current_exe()?).arg("ticks").env(WORKER, url)))
}

pub(crate) async fn play(report: &mut Report) -> Played {
    if let Ok(url) = env::var(WORKER) {
        let client = Client::connect(&url).await?;
        Worker::builder(&client).handler(tick).run_until(pending()).await?;
    }
    let seconds = env::var("SCHEDULES_SECONDS").map_or(Ok(60), |text| text.parse::<u64>())?;
    let mut server =
        RedisServer::builder().append_only().start();
    let (url, client) = (server.url(), Client::connect(&server.url()).await?);
    let mut workers = (0..WORKERS).map(|_| spawn(&url)).collect::<Result<Vec<_>, _>>()?;
    let mut first = BTreeMap::new();
    for at in 0..SCHEDULES {
        let id = format!("s{at:02}");
        let made = client.schedule(&id, Every::new(1.seconds()), tick, ());
        let made = made.catch_up(CatchUp::Within(1.hours())).await?;
        first.insert(id, made.next.ok_or("no tick")?.timestamp());
    }
    let (begun, mut kills) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(seconds) {
        sleep(Duration::from_millis(1_500)).await;
        let worker = &mut workers[fastrand::usize(..WORKERS)];
        *worker = spawn(&url)?;
        kills += 1;
        if kills.is_multiple_of(8) {
            server.kill();
            sleep(Duration::from_millis(fastrand::u64(..2_000))).await;
            server.restart();
        }
    }
    // All that is overdue comes before it ends.
    sleep(Duration::from_secs(12)).await;
    let schedules = client.queue("ticks")?.schedules();
    for id in first.keys() {
        schedules.remove(id).await?;
    }
    let seen = ticks(&client).await?;
    sleep(Duration::from_secs(3)).await;
    let after = ticks(&client).await?;
    let (mut missing, mut total) = (0, 0);
    for (id, first) in &first {
        let seen = seen.get(id).cloned().unwrap_or_default();
        let last = seen.last().copied().unwrap_or_default();
        missing += (*first..=last).filter(|second| !seen.contains(second)).count();
        missing += usize::from(last < first + i64::try_from(seconds)?);
        total += seen.len();
    }
    let added = client.queue("ticks")?.counts().await?.total_added;
    let what = format!("{SCHEDULES} schedules of 1 s, {kills} workers and {} servers killed", kills / 8);
    let figure = format!("{total} ticks, {missing} missing, {added} jobs added");
    let asked = "none missing, one job each";
    report.check(&what, figure, asked, missing == 0 && added == u64::try_from(total)?);
    let more: usize = after.values().map(BTreeSet::len).sum::<usize>() - total;
    report.check("jobs after removal", more, 0, more == 0);
    Ok(())
}

/// The seconds of each schedule's jobs.
async fn ticks(
    client: &Client,
) -> Result<BTreeMap<String, BTreeSet<i64>>, Box<dyn std::error::Error + Send + Sync>> {
    let (queue, mut ticks) = (client.queue("ticks")?, BTreeMap::<_, BTreeSet<i64>>::new());
    for state in [JobState::Waiting, JobState::Active, JobState::Completed, JobState::Failed] {
        for offset in (0..).step_by(1_000) {
            let ids = queue.jobs(state).ids(offset, 1_000).await?;
            for id in &ids {
                let (schedule, ms) = id.as_str().split_once(':').ok_or("an id of no schedule")?;
                ticks.entry(schedule.to_owned()).or_default().insert(ms.parse::<i64>()? / 1_000);
            }
            if ids.len() < 1_000 {
                break;
            }
        }
    }
    Ok(ticks)
}
