//! Fifty groups, each with a rate of its own: never above it, and what it allows is used.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jobqueue::{Client, Rate, State, Worker, job};
use jobqueue_tests::{
    held::figure,
    report::{Played, Report},
    server::RedisServer,
};

const GROUPS: u32 = 50;
/// Of each group, a second.
const RATE: u32 = 20;
const SECONDS: u32 = 10;
const WORKERS: usize = 2;

/// When runs began, by group.
type Starts = Arc<Mutex<HashMap<u32, Vec<Instant>>>>;

#[job(queue = "paced", retain = none)]
async fn note(group: u32, starts: State<Starts>) {
    starts.lock().expect("no panic").entry(group).or_default().push(Instant::now());
}

/// The most starts of a group within a second.
fn most(starts: &[Instant]) -> usize {
    let within = |from: usize| {
        starts[from..].iter().take_while(|at| **at - starts[from] < Duration::from_secs(1)).count()
    };
    (0..starts.len()).map(within).max().unwrap_or(0)
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("paced")?;
    queue.set_limits().events(1_000_000).await?;
    let rate = Rate::new(RATE, Duration::from_secs(1));
    queue.groups().set_limits_of_all().rate(rate).await?;
    for group in 0..GROUPS {
        let jobs = std::iter::repeat_n(group, 2 * (RATE * SECONDS) as usize);
        queue.add_all("note", jobs).group(format!("group-{group}")).await?;
    }
    let starts = Starts::default();
    let mut running = Vec::new();
    for _ in 0..WORKERS {
        let client = Client::connect(&server.url()).await?;
        let worker = Worker::builder(&client).handler(note).state(starts.clone()).concurrency(10);
        let worker = worker.build()?;
        running.push((worker.handle(), tokio::spawn(worker.run_until(std::future::pending()))));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = (calls(&server)?, fetches(&server)?);
    let from = Instant::now();
    tokio::time::sleep(Duration::from_secs(u64::from(SECONDS))).await;
    let (after, until) = ((calls(&server)?, fetches(&server)?), Instant::now());
    for (handle, running) in running {
        handle.stop(Duration::from_secs(1));
        running.await??;
    }
    let starts = starts.lock().expect("no panic");
    let above = starts.values().map(|starts| most(starts)).max().unwrap_or(0);
    // A burst of one, and starts that are late by up to 20 ms.
    let bound = RATE as usize + 2;
    report.check(
        &format!("the most starts a second of {GROUPS} groups, each {RATE}/s"),
        above,
        format!("at most {bound}"),
        above <= bound,
    );
    let in_time = |at: &&Instant| **at >= from && **at < until;
    let used = starts.values().map(|starts| starts.iter().filter(in_time).count()).sum::<usize>();
    let allowed = f64::from(GROUPS * RATE) * (until - from).as_secs_f64();
    let share = used as f64 / allowed * 100.0;
    report.check("of what the rates allow", format!("{share:.1} % used"), "at least 98 %", share >= 98.0);
    let beyond = after.0 - before.0 - f64::from(after.1 - before.1);
    let beyond = beyond / (until - from).as_secs_f64() / WORKERS as f64;
    report.check(
        "calls a second and worker beyond those that fetch jobs or tell their ends",
        format!("{beyond:.1}"),
        "at most 2",
        beyond <= 2.0,
    );
    Ok(())
}

/// How many scripts have been called.
fn calls(server: &RedisServer) -> redis::RedisResult<f64> {
    let found = figure(&mut server.connection(), "commandstats", "cmdstat_evalsha:calls=")?;
    Ok(found.unwrap_or_default())
}

/// How many calls have handed out jobs or told their ends: one that has done both has two entries, one
/// behind the other.
fn fetches(server: &RedisServer) -> redis::RedisResult<u32> {
    let mut read = redis::cmd("XRANGE");
    let read = read.arg("jq:{paced}:events").arg("-").arg("+");
    let entries: Vec<(String, Vec<String>)> = read.query(&mut server.connection())?;
    let kind = |fields: &[String], kind: &str| fields.chunks(2).any(|field| field[0] == kind);
    let (mut calls, mut ended) = (0, None);
    for (id, fields) in &entries {
        let (ms, seq) = id.split_once('-').unwrap_or((id, "0"));
        let at = (ms.to_owned(), seq.parse::<u64>().unwrap_or(0));
        if kind(fields, "completed") {
            calls += 1;
            ended = Some((at.0, at.1 + 1));
        } else if kind(fields, "active") {
            calls += u32::from(ended.take() != Some(at));
        }
    }
    Ok(calls)
}
