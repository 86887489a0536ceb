//! Children per second, from the start of a flow of 1,000 to the end of its parent, against BullMQ's
//! `FlowProducer`, in turns on one emptied server.
//!
//! `JOBQUEUE_BULLMQ` is the path of BullMQ's program; without it there is nothing to compare with.

use std::{future::pending, process::Command, time::Instant};

use jobqueue::{Client, Flow, Worker, flow::Inputs, job};
use jobqueue_tests::{
    report::{Played, Report},
    server::RedisServer,
};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const CHILDREN: usize = 1_000;

/// How many flows one after another, after one that doesn't count.
const FLOWS: usize = 10;

const ROUNDS: usize = 3;

/// How many jobs run at once, at both.
const SLOTS: usize = 100;

#[job(queue = "contest-children", retain = none)]
async fn child(_: String) -> u32 {
    1
}

#[job(queue = "contest-parents", retain = none)]
async fn parent(_: (), children: Inputs<Vec<u32>>) -> usize {
    children.len()
}

async fn one(client: &Client) -> Result<(), Failed> {
    let flow = Flow::unnamed();
    let children = flow.all(child, (0..CHILDREN).map(|index| format!("{index:0>98}")));
    let root = flow.node(parent, ()).after(&children);
    let count = client.start(flow, root).await?.result().await?;
    if count == CHILDREN { Ok(()) } else { Err(format!("{count} results").into()) }
}

async fn ours(url: &str) -> Result<f64, Failed> {
    let client = Client::connect(url).await?;
    let worker = Worker::builder(&client).handler(child).handler(parent).concurrency(SLOTS);
    let worker = worker.build()?;
    let running = tokio::spawn(worker.run_until(pending()));
    one(&client).await?;
    let began = Instant::now();
    for _ in 0..FLOWS {
        one(&client).await?;
    }
    let took = began.elapsed();
    running.abort();
    Ok((FLOWS * CHILDREN) as f64 / took.as_secs_f64())
}

fn theirs(script: &str, url: &str) -> Result<f64, Failed> {
    let mut node = Command::new("node");
    node.arg(script).args([FLOWS, CHILDREN, SLOTS].map(|it| it.to_string())).env("REDIS_URL", url);
    let output = node.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let seconds: f64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok((FLOWS * CHILDREN) as f64 / seconds)
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let peer = std::env::var("JOBQUEUE_BULLMQ");
    let server = RedisServer::start();
    let empty = || redis::cmd("FLUSHALL").query::<()>(&mut server.connection());
    let (mut ratios, mut best) = (Vec::new(), [0_f64; 2]);
    for _ in 0..ROUNDS {
        empty()?;
        let ours = ours(&server.url()).await?;
        best[0] = best[0].max(ours);
        let Ok(peer) = &peer else { continue };
        empty()?;
        let theirs = theirs(peer, &server.url())?;
        best[1] = best[1].max(theirs);
        ratios.push(ours / theirs);
    }
    ratios.sort_by(f64::total_cmp);
    let [ours, theirs] = best;
    let ratio = ratios.get(ratios.len() / 2).copied();
    let figure = match ratio {
        Some(ratio) => format!("{ratio:.1} times, {ours:.0} against {theirs:.0}"),
        None => format!("{ours:.0}, compared with nothing: JOBQUEUE_BULLMQ isn't set"),
    };
    let well = ratio.is_none_or(|ratio| ratio >= 5.0);
    report.check("children/s of 1,000 against BullMQ", figure, "at least 5 times", well);
    Ok(())
}
