//! One job of a million is found by a field of its payload, and a tenth of them are cancelled in steps,
//! stopped half-way and gone on with: how long Redis is held by a call of any of it.

use std::time::{Duration, Instant};

use jobqueue::{
    Client, Queue, find::{BulkReport, JobFilter}, job, types::CancellationToken,
};
use jobqueue_tests::{
    held,
    report::{Played, Report},
    server::RedisServer,
};
use serde::{Deserialize, Serialize};

type Failed = Box<dyn std::error::Error + Send + Sync>;

const JOBS: u64 = 1_000_000;

/// How long a call may hold Redis, in µs.
const MOST: u64 = 5_000;

#[derive(Serialize, Deserialize)]
struct Order {
    order: u64,
    customer: Customer,
    items: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Customer {
    number: u64,
    segment: u64,
}

#[job(queue = "million")]
async fn charge(_: Order) {}

fn order(number: u64) -> Order {
    let customer = Customer { number, segment: number % 10 };
    Order { order: JOBS - number, customer, items: vec!["a book".to_owned(), "a pen".to_owned()] }
}

/// What was slow since the server began to listen for it: how many calls, and the slowest in µs.
fn slow(server: &RedisServer) -> Result<(usize, u64), redis::RedisError> {
    let times = held::noted(&mut server.connection())?;
    let above = times.iter().filter(|micros| **micros > MOST).count();
    Ok((above, times.into_iter().max().unwrap_or_default()))
}

/// How many scripts were called since the server began to listen, and how many µs of its own processor
/// time each took: what other processes take from it isn't its own.
fn own_time(server: &RedisServer, before: Duration) -> Result<(u64, u128), Failed> {
    let stats: String = redis::cmd("INFO").arg("commandstats").query(&mut server.connection())?;
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:"));
    let calls = line.and_then(|line| line.split(['=', ',']).nth(1)?.parse().ok()).unwrap_or(1);
    Ok((calls, (held::processor_time(&mut server.connection())? - before).as_micros() / u128::from(calls)))
}

/// Whether calls hold the server for as long as they may. The slow log counts the time that other
/// processes take from the server too; so a few of its entries say nothing.
fn is_short(own: u128, above: usize, calls: u64) -> bool {
    own <= u128::from(MOST) / 2 && above as u64 * 100 <= calls
}

/// Listens for calls that take longer than half a millisecond.
fn listen(server: &RedisServer) -> Result<Duration, Failed> {
    let mut connection = server.connection();
    held::listen(&mut connection, 500)?;
    Ok(held::processor_time(&mut connection)?)
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    for first in (0..JOBS).step_by(50_000) {
        client.add_all(charge, (first..first + 50_000).map(order)).await?;
    }
    let queue = client.queue("million")?;
    let before = listen(&server)?;
    one_is_found(report, (&server, before), &queue).await?;
    let before = listen(&server)?;
    many_are_cancelled(report, (&server, before), &queue).await
}

async fn one_is_found(
    report: &mut Report,
    (server, before): (&RedisServer, Duration),
    queue: &Queue,
) -> Played {
    let began = Instant::now();
    let wanted = 876_543;
    let mut found = queue.find(JobFilter::new().payload("customer.number", wanted));
    let mut numbers = Vec::new();
    while let Some(job) = found.next().await {
        numbers.push(job?.payload::<Order>()?.customer.number);
    }
    let (above, most) = slow(server)?;
    let (looked, (calls, own)) = (found.looked(), own_time(server, before)?);
    let figure = format!(
        "{} found of {} looked at, in {:.1} s and {calls} calls of {own} µs, the longest {:.2} ms, {above} above 5 ms",
        looked.found,
        looked.jobs,
        began.elapsed().as_secs_f64(),
        f64::from(u32::try_from(most)?) / 1_000.0,
    );
    let well = numbers == [wanted] && looked.jobs == JOBS && is_short(own, above, calls);
    report.check("one of 1,000,000 by its payload", figure, "that one, 5 ms a call at most; 1 in 100 may wait for other processes", well);
    Ok(())
}

async fn many_are_cancelled(
    report: &mut Report,
    (server, before): (&RedisServer, Duration),
    queue: &Queue,
) -> Played {
    let segment = || JobFilter::new().name("charge").payload("customer.segment", 3);
    let token = CancellationToken::new();
    let half = JOBS / 20;
    let stop = |so_far: &BulkReport| {
        if so_far.done >= half {
            token.cancel();
        }
    };
    let first = queue.cancel_where(segment()).reason("a play").on_step(stop).stop_on(&token).await?;
    let between = queue.counts().await?.total_cancelled;
    let rest = queue.cancel_where(segment()).reason("a play").await?;
    let counts = queue.counts().await?;
    let (above, most) = slow(server)?;
    let (calls, own) = own_time(server, before)?;
    let figure = format!(
        "{} and then {} cancelled, {} wait; {calls} calls of {own} µs, the longest {:.2} ms, {above} above 5 ms",
        first.done,
        rest.done,
        counts.waiting,
        f64::from(u32::try_from(most)?) / 1_000.0,
    );
    let well = first.stopped
        && (half..half + 100).contains(&first.done)
        && between == first.done
        && !rest.stopped
        && first.done + rest.done == JOBS / 10
        && counts.total_cancelled == JOBS / 10
        && counts.waiting == JOBS - JOBS / 10
        && is_short(own, above, calls);
    report.check("100,000 cancelled, stopped half-way", figure, "all of them, 5 ms a call at most; 1 in 100 may wait for other processes", well);
    Ok(())
}
