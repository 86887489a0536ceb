//! A thousand running jobs over four processes are cancelled: how soon each run hears of it, and
//! what becomes of them; also while the one that cancels and a worker are killed.

use std::{
    collections::HashMap,
    env,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jobqueue::{Client, Context, DurationExt as _, Failure, JobState, Queue, Worker, job};
use jobqueue_tests::{
    process::{Process, Signal},
    report::{Played, Report},
    server::RedisServer,
    wait::eventually,
};

/// Which part this process plays, and the server's URL.
const PART: &str = "JOBQUEUE_PLAY_CANCELLING";

const JOBS: usize = 1_000;
const WORKERS: usize = 4;

/// Says when it begins, when it is told to stop, and if it ran on all the same.
#[job(queue = "long", attempts = 3)]
async fn long(_: u32, ctx: Context) -> Result<(), Failure> {
    say("begun", &ctx);
    tokio::select! {
        () = ctx.cancelled() => say("told", &ctx),
        () = tokio::time::sleep(120.seconds()) => say("ran on", &ctx),
    }
    Err(Failure::retry("told to stop"))
}

#[expect(clippy::print_stdout, reason = "the program that has started this one reads it")]
fn say(what: &str, ctx: &Context) {
    println!("{what} {} {}", ctx.id(), now().as_micros());
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) async fn play(report: &mut Report) -> Played {
    if let Ok(part) = env::var(PART) {
        return match part.split_once(' ') {
            Some(("work", url)) => work(url).await,
            Some((_, url)) => cancel_one_by_one(url).await,
            None => Err("no such part".into()),
        };
    }
    all_are_told(report).await?;
    kills(report).await
}

async fn work(url: &str) -> Played {
    let client = Client::connect(url).await?;
    Ok(Worker::builder(&client).handler(long).concurrency(JOBS / WORKERS).run().await?)
}

async fn cancel_one_by_one(url: &str) -> Played {
    let queue = Client::connect(url).await?.queue("long")?;
    for id in queue.jobs(JobState::Active).ids(0, 1_000).await? {
        queue.job(&id).cancel().by("a program that is killed").await?;
    }
    Ok(())
}

fn part(part: &str, url: &str) -> Result<Process, std::io::Error> {
    let mut command = Command::new(env::current_exe()?);
    Ok(Process::spawn(command.arg("cancelling").env(PART, format!("{part} {url}"))))
}

/// All jobs run, spread over all processes.
async fn start(url: &str) -> Result<(Queue, Vec<Process>), Box<dyn std::error::Error + Send + Sync>> {
    let client = Client::connect(url).await?;
    let queue = client.queue("long")?;
    let workers = (0..WORKERS).map(|_| part("work", url)).collect::<Result<Vec<_>, _>>()?;
    let payloads = 0..u32::try_from(JOBS)?;
    client.add_all(long, payloads).await?;
    eventually("all jobs to run", async || active(&queue).await == JOBS as u64).await;
    let begun = || workers.iter().flat_map(|it| said(it, "begun")).count();
    eventually("all runs to begin", async || begun() == JOBS).await;
    // Runs that have just begun may be told a moment later: these have lasted for a while.
    tokio::time::sleep(500.millis()).await;
    Ok((queue, workers))
}

async fn active(queue: &Queue) -> u64 {
    queue.counts().await.map_or(0, |counts| counts.active)
}

/// What a worker has said: ids, and when.
fn said(worker: &Process, what: &str) -> Vec<(String, Duration)> {
    let read = |line: &str| {
        let mut words = line.strip_prefix(what)?.split_whitespace();
        let (id, micros) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        Some((id, Duration::from_micros(micros)))
    };
    worker.output().iter().filter_map(|line| read(&line.text)).collect()
}

async fn all_are_told(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let (queue, workers) = start(&server.url()).await?;
    let ids = queue.jobs(JobState::Active).ids(0, 1_000).await?;
    let began = now();
    let answers = queue.cancel_all(ids).reason("the play is over").await?;
    let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
    eventually("all jobs to end", async || active(&queue).await == 0).await;
    let told: HashMap<String, Duration> =
        workers.iter().flat_map(|worker| said(worker, "told")).collect();
    let mut waits: Vec<Duration> = told.values().map(|at| at.saturating_sub(began)).collect();
    waits.sort();
    let (median, most) = (waits.get(waits.len() / 2), waits.last());
    let (median, most) = (*median.ok_or("none")?, *most.ok_or("none")?);
    let what = format!("{accepted} running jobs over {WORKERS} processes");
    let figure = format!("{} told, median {median:?}, most {most:?}", told.len());
    let well = told.len() == JOBS && median <= 250.millis() && most <= 3_500.millis();
    report.check(&what, figure, "all within 250 ms at the median, 3.5 s at most", well);
    add_up(report, "what became of them", &queue, &workers).await
}

async fn kills(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let (queue, mut workers) = start(&server.url()).await?;
    let mut canceller = part("cancel", &server.url())?;
    eventually("some to end", async || {
        queue.counts().await.is_ok_and(|counts| counts.total_cancelled > 50)
    })
    .await;
    canceller.signal(Signal::KILL);
    canceller.exit().await;
    let before = queue.counts().await?.total_cancelled;
    let ids = queue.jobs(JobState::Active).ids(0, 1_000).await?;
    workers[0].signal(Signal::KILL);
    queue.cancel_all(ids).await?;
    eventually("all jobs to end", async || active(&queue).await == 0).await;
    let what = format!("the canceller killed after {before}, then a worker with its jobs");
    add_up(report, &what, &queue, &workers).await
}

async fn add_up(report: &mut Report, what: &str, queue: &Queue, workers: &[Process]) -> Played {
    let counts = queue.counts().await?;
    let ran_on = workers.iter().flat_map(|worker| said(worker, "ran on")).count();
    let begun = workers.iter().flat_map(|worker| said(worker, "begun")).count();
    let kept = queue.jobs(JobState::Cancelled).ids(0, 1_000).await?.len();
    let others = counts.waiting + counts.delayed + counts.total_completed + counts.total_failed;
    let figure = format!(
        "{} cancelled, {kept} listed, {others} elsewhere, {begun} runs, {ran_on} ran on",
        counts.total_cancelled
    );
    let well = (counts.total_cancelled, kept, others) == (JOBS as u64, JOBS, 0)
        && (begun, ran_on) == (JOBS, 0);
    report.check(what, figure, "all cancelled and listed, each ran once, none ran on", well);
    Ok(())
}
