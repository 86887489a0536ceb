//! Workers that are killed at every moment of jobs with steps, sleeps, signals and compensations.
//! The workers are this program again, and do this play's other half.

use std::{collections::BTreeMap, env, process::Command, time::Duration};

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobHandle, JobState, State, Worker,
    error::ResultError, job,
};
use jobqueue_tests::{
    leftovers::keys_that_stay,
    process::{Process, Signal},
    server::RedisServer,
};
use redis::Commands as _;
use tokio::time::{Instant, sleep};

use super::report::{Played, Report};

const JOBS: u32 = 300;
/// One of so many jobs fails for good, and is undone.
const FAILS: u32 = 5;
const WORKERS: usize = 3;
/// Says to this program where it works as a worker.
const WORKS_AT: &str = "STEPS_WORKER_URL";

/// Where effects, and what runs have seen of them, are noted.
#[derive(Clone)]
struct Notes(redis::Client);

impl Notes {
    fn note(&self, list: &str, text: &str) -> Result<u64, Failure> {
        Ok(self.0.get_connection()?.rpush(list, text)?)
    }

    /// An effect happens. It is told from any other by its token.
    fn happen(&self, id: &str, step: &str) -> Result<String, Failure> {
        let token = jobqueue::JobId::generate().to_string();
        self.note(&format!("effects:{id}:{step}"), &token)?;
        Ok(token)
    }

    /// A run has this result of a step.
    fn seen(&self, id: &str, step: &str, token: &str) -> Result<(), Failure> {
        self.note(&format!("seen:{id}:{step}"), token).map(drop)
    }
}

#[job(queue = "steps", attempts = 1, steps)]
async fn fulfil(n: u32, ctx: Context, notes: State<Notes>) -> Result<u32, Failure> {
    let id = ctx.id().to_string();
    for step in ["reserve", "charge"] {
        let token = ctx.step(step, async || notes.happen(&id, step)).await?;
        notes.seen(&id, step, &token)?;
        let (theirs, undone, of) = (notes.0.clone(), format!("undo {step}"), id.clone());
        ctx.on_failure(undone.clone(), move || {
            let (theirs, undone, of) = (theirs.clone(), undone.clone(), of.clone());
            async move { theirs.happen(&of, &undone).map(drop) }
        })?;
    }
    ctx.sleep(1_100.millis()).await?;
    let parcel: u32 = ctx.wait_for("shipped", 1.hours()).await?;
    let token = ctx
        .step("mail", async || {
            if n.is_multiple_of(FAILS) {
                return Err(Failure::permanent("no such address"));
            }
            notes.happen(&id, "mail")
        })
        .await?;
    notes.seen(&id, "mail", &token)?;
    Ok(parcel)
}

/// The other half: works until it is killed.
async fn work(url: &str) -> Played {
    let client = Client::connect(url).await?;
    let builder = Worker::builder(&client).handler(fulfil).state(Notes(redis::Client::open(url)?));
    builder.concurrency(40).lease(800.millis()).max_stalls(10_000).run().await?;
    Ok(())
}

fn start(url: &str) -> Result<Process, std::io::Error> {
    let mut command = Command::new(env::current_exe()?);
    Ok(Process::spawn(command.arg("steps_killed").env(WORKS_AT, url)))
}

pub(crate) async fn play(report: &mut Report) -> Played {
    if let Ok(url) = env::var(WORKS_AT) {
        return work(&url).await;
    }
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let jobs: Vec<JobHandle<u32>> = client.add_all(fulfil, 0..JOBS).await?;
    // A third of the signals come before anything has begun.
    for (job, n) in jobs.iter().zip(0_u32..).filter(|(_, n)| n % 3 == 0) {
        job.signal("shipped", &n).await?;
    }
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(start(&server.url())?);
    }
    let (began, mut kills) = (Instant::now(), 0_usize);
    let mut rest = jobs.iter().zip(0_u32..).filter(|(_, n)| n % 3 != 0);
    let queue = client.queue("steps")?;
    loop {
        sleep(90.millis()).await;
        for (job, n) in rest.by_ref().take(8) {
            job.signal("shipped", &n).await?;
        }
        let counts = queue.counts().await?;
        let ended = counts.completed + counts.failed;
        if ended == u64::from(JOBS) || began.elapsed() > Duration::from_secs(90) {
            break;
        }
        // Later on they are let be for a while, so that it comes to an end.
        if began.elapsed() < Duration::from_secs(20) {
            let at = kills % WORKERS;
            workers[at].signal(Signal::KILL);
            workers[at] = start(&server.url())?;
            kills += 1;
        }
    }
    let ends = ends(&jobs).await?;
    let asked = (JOBS - JOBS / FAILS, JOBS / FAILS);
    let what = format!("{JOBS} jobs of three steps, {kills} SIGKILLs: completed and failed as told");
    report.check(&what, format!("{ends:?}"), format!("{asked:?}"), ends == asked);
    let mut connection = server.connection();
    let recorded = recorded_once(&mut connection)?;
    report.check("results of a step that two runs saw", recorded.len(), 0, recorded.is_empty());
    let undone = undone(&mut connection, &jobs)?;
    report.check(
        "failed jobs whose steps aren't undone in reverse, or completed ones that are",
        undone.len(),
        0,
        undone.is_empty(),
    );
    for job in &jobs {
        job.remove().await?;
    }
    drop(workers);
    let left = keys_that_stay(&mut connection, "jq:{steps}:steps:*");
    report.check("keys of steps that are left", left.len(), 0, left.is_empty());
    Ok(())
}

/// How many have ended as they should: completed with their own parcel, and failed.
async fn ends(jobs: &[JobHandle<u32>]) -> Result<(u32, u32), Box<dyn std::error::Error + Send + Sync>> {
    let (mut completed, mut failed) = (0, 0);
    for (job, n) in jobs.iter().zip(0_u32..) {
        if !job.state().await?.is_some_and(JobState::is_final) {
            continue;
        }
        match job.result().await {
            Ok(parcel) if parcel == n && n % FAILS != 0 => completed += 1,
            Err(ResultError::Failed { failure, .. })
                if n % FAILS == 0 && failure.message == "no such address" =>
            {
                failed += 1;
            }
            _ => {}
        }
    }
    Ok((completed, failed))
}

/// Steps of which runs have seen different results.
fn recorded_once(connection: &mut redis::Connection) -> redis::RedisResult<Vec<String>> {
    let mut odd = Vec::new();
    for key in connection.keys::<_, Vec<String>>("seen:*")? {
        let mut tokens: Vec<String> = connection.lrange(&key, 0, -1)?;
        tokens.dedup();
        if tokens.len() != 1 {
            odd.push(key);
        }
    }
    Ok(odd)
}

/// Jobs that failed and aren't undone, or didn't and are.
fn undone(
    connection: &mut redis::Connection,
    jobs: &[JobHandle<u32>],
) -> redis::RedisResult<Vec<u32>> {
    let mut odd = BTreeMap::new();
    for (job, n) in jobs.iter().zip(0_u32..) {
        let mut first = |step: &str| {
            let key = format!("effects:{}:undo {step}", job.id());
            connection.lindex::<_, Option<String>>(key, 0)
        };
        // Tokens rise with the time.
        let fine = match (first("charge")?, first("reserve")?) {
            (Some(charge), Some(reserve)) => n % FAILS == 0 && charge < reserve,
            (None, None) => n % FAILS != 0,
            _ => false,
        };
        if !fine {
            odd.insert(n, ());
        }
    }
    Ok(odd.into_keys().collect())
}
