//! Groups in order: a thousand of them on four worker processes that are killed one after another, with
//! jobs that fail. In each group, the order of acknowledged runs is the order of adding.

use std::{
    collections::HashMap,
    env,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jobqueue::{Client, Context, Failure, Queue, Worker, job, manage::AfterFailure};
use jobqueue_tests::{
    kill_on_exit::KillOnExit,
    report::{Played, Report},
    server::RedisServer,
};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Of a worker process: the server.
const WORKER: &str = "JOBQUEUE_PROVE_WORKER";

const GROUPS: u32 = 1_000;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(600);
const PROCESSES: usize = 4;

/// One in twenty fails once.
#[job(queue = "ordered", attempts = 3, backoff = fixed("50ms"), retain = none)]
async fn write_down((group, n): (u32, u32), ctx: Context) -> Result<(), Failure> {
    if (group + n) % 20 == 7 && ctx.attempt() == 1 {
        return Err(Failure::retry("not this time"));
    }
    if n % 10 == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

async fn work(url: &str) -> Result<(), Failed> {
    let client = Client::connect(url).await?;
    let worker = Worker::builder(&client).handler(write_down).concurrency(50);
    Ok(worker.lease(Duration::from_secs(1)).max_stalls(1_000).build()?.run().await?)
}

struct Process(Child, #[expect(dead_code, reason = "it ends the child")] KillOnExit);

fn start(url: &str) -> Result<Process, Failed> {
    let mut program = Command::new(env::current_exe()?);
    let child = program.arg("order").env(WORKER, url).stdout(Stdio::null()).spawn()?;
    let tie = KillOnExit::new(&child, None);
    Ok(Process(child, tie))
}

/// The ids of completed jobs, in the order in which they were.
fn completed(server: &RedisServer) -> Result<Vec<String>, Failed> {
    let mut connection = server.connection();
    let (mut from, mut all) = ("-".to_owned(), Vec::new());
    loop {
        let mut read = redis::cmd("XRANGE");
        let read = read.arg("jq:{ordered}:events").arg(&from).arg("+").arg("COUNT").arg(10_000);
        let entries: Vec<(String, Vec<String>)> = read.query(&mut connection)?;
        let Some((last, _)) = entries.last() else { return Ok(all) };
        from = format!("({last}");
        let fields = entries.iter().flat_map(|(_, fields)| fields.chunks(2));
        for field in fields.filter(|field| field[0] == "completed") {
            all.extend(jobqueue::internals::event_ids(&field[1]).iter().map(ToString::to_string));
        }
    }
}

/// One job of each group after another.
async fn fill(queue: &Queue, each: u32) -> Result<(), Failed> {
    for n in 0..each {
        let adds = (0..GROUPS).map(|group| {
            let add = queue.add("write_down", &(group, n)).group(format!("group-{group}"));
            tokio::spawn(add.id(format!("{group}.{n}")).into_future())
        });
        for add in adds.collect::<Vec<_>>() {
            add.await??;
        }
    }
    Ok(())
}

/// In how many groups the jobs didn't complete in their order, each once.
fn disordered(completed: &[String], each: u32) -> usize {
    let mut orders: HashMap<&str, Vec<u32>> = HashMap::new();
    for id in completed {
        let (group, n) = id.split_once('.').unwrap_or((id, ""));
        orders.entry(group).or_default().push(n.parse().unwrap_or(u32::MAX));
    }
    let bad = orders.values().filter(|order| !order.iter().copied().eq(0..each)).count();
    bad + (GROUPS as usize).saturating_sub(orders.len())
}

pub(crate) async fn play(report: &mut Report) -> Played {
    if let Ok(url) = env::var(WORKER) {
        return work(&url).await;
    }
    let each: u32 = env::var("JOBQUEUE_IN_ORDER").ok().and_then(|it| it.parse().ok()).unwrap_or(100);
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("ordered")?;
    queue.set_limits().events(100_000_000).await?;
    queue.groups().set_limits_of_all().in_order(AfterFailure::GoOn).await?;
    fill(&queue, each).await?;

    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        processes.push(start(&server.url())?);
    }
    let (began, mut kills) = (Instant::now(), 0_u32);
    let is_over = async || {
        let counts = queue.counts().await?;
        Ok::<_, Failed>(counts.waiting + counts.delayed + counts.active == 0)
    };
    while !is_over().await? && began.elapsed() < LIMIT {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let process = &mut processes[kills as usize % PROCESSES];
        process.0.kill()?;
        process.0.wait()?;
        *process = start(&server.url())?;
        kills += 1;
    }
    let took = began.elapsed().as_secs_f64();
    for process in &mut processes {
        process.0.kill()?;
        process.0.wait()?;
    }
    let jobs = GROUPS * each;
    let bad = disordered(&completed(&server)?, each);
    report.check(
        &format!("{GROUPS} groups in order, {jobs} jobs, {kills} kills: groups in another order"),
        bad,
        "0",
        bad == 0,
    );
    let rate = f64::from(jobs) / took;
    report.check("jobs of groups in order, each group one at a time", format!("{rate:.0}/s"), "a figure", true);
    Ok(())
}
