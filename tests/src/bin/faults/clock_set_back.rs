//! The server's clock is set back by an hour: rates, workers that die, results and waits go by what
//! is left and not by the old time.

use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use jobqueue::{
    Client, DurationExt as _, Failure, JobState, Queue, Rate, Retain, State, Worker, WorkerBuilder,
    dead_letter::DeadLetters, job,
};
use jobqueue_tests::{clock::Clock, server::RedisServer, wait::eventually};
use tokio::{task::JoinHandle, time::sleep};

use super::report::{Played, Report};

/// How many jobs of each state are kept.
const KEPT: u64 = 3;

#[job(queue = "back")]
async fn quick(_n: u32) {}

#[job(queue = "back")]
async fn endless(_n: u32, is_sick: State<bool>) {
    if *is_sick {
        pending::<()>().await;
    }
}

#[job(queue = "back", attempts = 1)]
async fn bad(_n: u32) -> Result<(), Failure> {
    Err(Failure::permanent("no"))
}

#[job(queue = "rated")]
async fn rated(_n: u32) {}

/// A server whose clock can be set back, and a client.
struct Stage {
    clock: Arc<Clock>,
    server: RedisServer,
    client: Client,
    queue: Queue,
}

impl Stage {
    async fn new() -> Result<Option<Self>, jobqueue::Error> {
        let Some(clock) = Clock::find().map(Arc::new) else { return Ok(None) };
        let server = RedisServer::builder().clock(&clock).start();
        let client = Client::connect(&server.url()).await?;
        let queue = client.queue("back")?;
        Ok(Some(Self { clock, server, client, queue }))
    }

    fn set_back(&self) -> Instant {
        self.clock.jump("-1h");
        Instant::now()
    }

    fn worker(&self, is_sick: bool) -> WorkerBuilder {
        let worker = Worker::builder(&self.client).state(is_sick).lease(2.seconds());
        let worker = worker.handler(quick).handler(endless).handler(bad);
        worker.retain(Retain::count(KEPT)).retain_failed(Retain::count(KEPT))
    }
}

fn start(worker: WorkerBuilder) -> Result<JoinHandle<jobqueue::Result<()>>, jobqueue::Error> {
    Ok(tokio::spawn(worker.build()?.run_until(pending())))
}

pub(crate) async fn play(report: &mut Report) -> Played {
    rate(report).await?;
    dead_worker(report, true).await?;
    dead_worker(report, false).await?;
    out_by_hand(report).await?;
    idle_worker(report).await?;
    results(report).await?;
    letters(report).await
}

/// A rate goes on as if nothing had happened.
async fn rate(report: &mut Report) -> Played {
    let Some(stage) = Stage::new().await? else { return Ok(()) };
    let rate = Rate::new(1, 100.millis());
    let worker = Worker::builder(&stage.client).handler(rated).queue_rate(rate);
    let running = start(worker)?;
    let queue = stage.client.queue("rated")?;
    stage.client.add_all(rated, 0..30).await?;
    let ran = async |many: u64| {
        eventually("runs", async || queue.counts().await.is_ok_and(|it| it.completed >= many)).await;
    };
    ran(10).await;
    let began = stage.set_back();
    ran(30).await;
    let took = began.elapsed();
    let right = (1_500..4_000).contains(&took.as_millis());
    report.check("20 jobs at 10 per second", format!("{took:.1?}"), "2 s, at most 4 s", right);
    running.abort();
    Ok(())
}

/// A worker with a job dies, and the clock is set back: beside another, or alone.
async fn dead_worker(report: &mut Report, beside: bool) -> Played {
    let Some(stage) = Stage::new().await? else { return Ok(()) };
    // What has ended says what time it was.
    let first = start(stage.worker(true))?;
    stage.client.add(quick, 0).await?.result().await?;
    let job = stage.client.add(endless, 0).await?;
    let active = async || job.state().await.ok().flatten() == Some(JobState::Active);
    eventually("the job to run", active).await;
    let mut other = None;
    if beside {
        other = Some(start(stage.worker(false))?);
        sleep(1.seconds()).await;
    }
    first.abort();
    let began = stage.set_back();
    let other = match other {
        Some(other) => other,
        None => start(stage.worker(false))?,
    };
    let done = tokio::time::timeout(20.seconds(), job.result()).await.is_ok_and(|it| it.is_ok());
    let took = began.elapsed();
    let figure = if done { format!("it ran after {took:.1?}") } else { "it didn't run".to_owned() };
    let what = if beside { "beside another one" } else { "and another one starts" };
    let what = format!("a worker with a lease of 2 s dies with a job, {what}");
    report.check(&what, figure, "within 10 s", done && took < 10.seconds());
    other.abort();
    Ok(())
}

/// A job that is out by hand comes back when its visibility timeout is over.
async fn out_by_hand(report: &mut Report) -> Played {
    let Some(stage) = Stage::new().await? else { return Ok(()) };
    let job = stage.client.add(quick, 0).await?;
    let out = stage.queue.receiver().visibility(3.seconds()).receive(1, 2.seconds()).await?;
    let running = start(stage.worker(false))?;
    sleep(200.millis()).await;
    let began = stage.set_back();
    let done = tokio::time::timeout(20.seconds(), job.result()).await.is_ok_and(|it| it.is_ok());
    let took = began.elapsed();
    let figure = if done { format!("it ran after {took:.1?}") } else { "it didn't run".to_owned() };
    let right = out.len() == 1 && done && took < 12.seconds();
    report.check("a job that is out by hand for 3 s", figure, "within 12 s", right);
    std::mem::forget(out);
    running.abort();
    Ok(())
}

/// A worker that waits for work hears of it.
async fn idle_worker(report: &mut Report) -> Played {
    let Some(stage) = Stage::new().await? else { return Ok(()) };
    let running = start(stage.worker(false))?;
    stage.client.add(quick, 0).await?.result().await?;
    sleep(500.millis()).await;
    stage.set_back();
    let mut worst = Duration::ZERO;
    for n in 0..20 {
        let began = Instant::now();
        stage.client.add(quick, n).await?.result().await?;
        worst = worst.max(began.elapsed());
        sleep(400.millis()).await;
    }
    let figure = format!("{worst:.1?} at most");
    report.check("20 jobs for an idle worker, and their results", figure, "2 s each", {
        worst < 2.seconds()
    });
    running.abort();
    Ok(())
}

/// What ended last is kept, of each state.
async fn results(report: &mut Report) -> Played {
    let Some(stage) = Stage::new().await? else { return Ok(()) };
    let running = start(stage.worker(false))?;
    round(&stage, 5).await?;
    stage.set_back();
    sleep(1.seconds()).await;
    let last = round(&stage, 5).await?;
    for (state, last) in [JobState::Completed, JobState::Failed, JobState::Cancelled].iter().zip(last)
    {
        let kept = stage.queue.jobs(*state).ids(0, 100).await?;
        let kept: Vec<String> = kept.iter().map(ToString::to_string).collect();
        let right = kept == last[last.len() - kept.len()..] && kept.len() as u64 == KEPT;
        let figure = format!("{}, {}", kept.len(), if right { "the newest" } else { "others" });
        let asked = format!("{KEPT}, the newest");
        report.check(&format!("{state} jobs that are kept"), figure, asked, right);
    }
    running.abort();
    Ok(())
}

/// So many jobs complete, fail and are cancelled, one after the other; their ids.
async fn round(stage: &Stage, jobs: u32) -> Result<[Vec<String>; 3], jobqueue::Error> {
    let mut ids = [const { Vec::new() }; 3];
    for n in 0..jobs {
        let job = stage.client.add(quick, n).await?;
        let _ = job.result().await;
        ids[0].push(job.id().to_string());
        let job = stage.client.add(bad, n).await?;
        let _ = job.result().await;
        ids[1].push(job.id().to_string());
        let job = stage.client.add(quick, n).delay(1.minutes()).await?;
        stage.queue.job(job.id()).cancel().retain(Retain::count(KEPT)).await?;
        ids[2].push(job.id().to_string());
    }
    Ok(ids)
}

/// A relay that has died leaves its lock, and letters arrive all the same.
async fn letters(report: &mut Report) -> Played {
    let Some(stage) = Stage::new().await? else { return Ok(()) };
    let mut lock = redis::cmd("SET");
    let () = lock
        .arg(&["jq:{back}:relay", "somebody", "PX", "5000"])
        .query(&mut stage.server.connection())?;
    stage.set_back();
    let running = start(stage.worker(false).dead_letter("letters"))?;
    let letters: DeadLetters = stage.client.dead_letters("letters")?;
    let began = Instant::now();
    stage.client.add(bad, 0).await?;
    let arrived = async || letters.count().await.is_ok_and(|count| count == 1);
    eventually("the letter", arrived).await;
    let took = began.elapsed();
    report.check("a dead letter whose relay has died", format!("{took:.1?}"), "within 10 s", {
        took < 10.seconds()
    });
    running.abort();
    Ok(())
}
