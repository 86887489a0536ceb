//! Workers that are killed at every moment of jobs with steps, sleeps, signals and compensations, on
//! one server, on one that dies as well, and on a cluster. The workers are this program again, and do
//! this play's other half.

use std::{collections::BTreeMap, env, process::Command, time::Duration};

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobHandle, JobState, State, Worker,
    error::ResultError, job,
};
use jobqueue_tests::{
    cluster::RedisCluster,
    leftovers::keys_that_stay,
    process::{Process, Signal},
    server::RedisServer,
};
use redis::{Commands as _, Connection};
use tokio::time::{Instant, sleep};

use super::report::{Played, Report};

const JOBS: u32 = 300;
/// One of so many jobs fails for good, and is undone.
const FAILS: u32 = 5;
const WORKERS: usize = 3;
/// For so long something is killed in each tick.
const BREAKING: Duration = Duration::from_secs(15);
const TICK: Duration = Duration::from_millis(90);
/// How long it may take in all.
const LIMIT: Duration = Duration::from_secs(90);
/// Say to this program where it works as a worker, and where it notes what happens.
const WORKS_AT: &str = "STEPS_WORKER_URL";
const NOTES_AT: &str = "STEPS_NOTES_URL";

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
    let notes = Notes(redis::Client::open(env::var(NOTES_AT)?)?);
    let client = Client::builder(url).wait_for_server(30.seconds()).connect().await?;
    let builder = Worker::builder(&client).handler(fulfil).state(notes);
    builder.concurrency(40).lease(800.millis()).max_stalls(10_000).run().await?;
    Ok(())
}

pub(crate) async fn play(report: &mut Report) -> Played {
    if let Ok(url) = env::var(WORKS_AT) {
        return work(&url).await;
    }
    one_server(report).await?;
    server_that_dies(report).await?;
    cluster(report).await
}

async fn one_server(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let mut stage = Stage::new(&server.url()).await?;
    stage.go(|_| forget_scripts(&server)).await?;
    stage.check(report, "scripts are forgotten", server.connection()).await
}

async fn server_that_dies(report: &mut Report) -> Played {
    let mut server = RedisServer::builder().append_only().start();
    let mut stage = Stage::new(&server.url()).await?;
    let dies = |kills: usize| {
        if kills.is_multiple_of(12) {
            server.kill();
            server.restart();
        }
    };
    stage.go(dies).await?;
    stage.check(report, "Redis is killed too", server.connection()).await
}

async fn cluster(report: &mut Report) -> Played {
    let cluster = RedisCluster::start();
    let mut stage = Stage::new(&cluster.node(0).url()).await?;
    stage.go(|_| [0, 1, 2].into_iter().for_each(|node| forget_scripts(cluster.node(node)))).await?;
    let master = cluster.master(cluster.slot("steps"), 0).unwrap_or_default();
    stage.check(report, "on a cluster", cluster.node(master).connection()).await
}

fn forget_scripts(server: &RedisServer) {
    let _: redis::RedisResult<()> =
        redis::cmd("SCRIPT").arg("FLUSH").query(&mut server.connection());
}

/// The jobs, and who works at them.
struct Stage {
    url: String,
    client: Client,
    notes: RedisServer,
    jobs: Vec<JobHandle<u32>>,
    workers: Vec<Process>,
    kills: usize,
}

impl Stage {
    async fn new(url: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (client, notes) = (Client::connect(url).await?, RedisServer::start());
        let jobs: Vec<JobHandle<u32>> = client.add_all(fulfil, 0..JOBS).await?;
        let url = url.to_owned();
        Ok(Self { url, client, notes, jobs, workers: Vec::new(), kills: 0 })
    }

    fn start(&self) -> Result<Process, std::io::Error> {
        let mut command = Command::new(env::current_exe()?);
        let notes = self.notes.url();
        command.arg("steps_killed").env(WORKS_AT, &self.url).env(NOTES_AT, notes);
        Ok(Process::spawn(&mut command))
    }

    /// Until all have ended: a worker is killed in each tick, and something else breaks.
    async fn go(&mut self, mut breaks: impl FnMut(usize)) -> Played {
        // A third of the signals come before anything has begun.
        for (job, n) in self.jobs.iter().zip(0_u32..).filter(|(_, n)| n % 3 == 0) {
            job.signal("shipped", &n).await?;
        }
        for _ in 0..WORKERS {
            self.workers.push(self.start()?);
        }
        let began = Instant::now();
        let later = self.jobs.clone();
        let mut later = later.iter().zip(0_u32..).filter(|(_, n)| n % 3 != 0);
        let queue = self.client.queue("steps")?;
        loop {
            sleep(TICK).await;
            for (job, n) in later.by_ref().take(8) {
                job.signal("shipped", &n).await?;
            }
            let counts = queue.counts().await?;
            let ended = counts.completed + counts.failed;
            if ended == u64::from(JOBS) || began.elapsed() > LIMIT {
                return Ok(());
            }
            // Later on they are let be for a while, so that it comes to an end.
            if began.elapsed() < BREAKING {
                let at = self.kills % WORKERS;
                self.workers[at].signal(Signal::KILL);
                self.workers[at] = self.start()?;
                self.kills += 1;
                breaks(self.kills);
            }
        }
    }

    async fn check(self, report: &mut Report, ground: &str, mut server: Connection) -> Played {
        let Self { jobs, kills, notes, workers, .. } = self;
        let ends = ends(&jobs).await?;
        let asked = (JOBS - JOBS / FAILS, JOBS / FAILS);
        let what = format!(
            "{JOBS} jobs of three steps, {kills} SIGKILLs, {ground}: completed and failed as told"
        );
        report.check(&what, format!("{ends:?}"), format!("{asked:?}"), ends == asked);
        let mut connection = notes.connection();
        let recorded = recorded_once(&mut connection)?;
        let what = format!("results of a step that two runs saw, {ground}");
        report.check(&what, recorded.len(), 0, recorded.is_empty());
        let undone = undone(&mut connection, &jobs)?;
        let what = format!(
            "failed jobs whose steps aren't undone in reverse, or completed ones that are, {ground}"
        );
        report.check(&what, undone.len(), 0, undone.is_empty());
        for job in &jobs {
            job.remove().await?;
        }
        drop(workers);
        let left = keys_that_stay(&mut server, "jq:{steps}:steps:*");
        let what = format!("keys of steps that are left, {ground}");
        report.check(&what, left.len(), 0, left.is_empty());
        Ok(())
    }
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
