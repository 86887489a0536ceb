//! A call that is held up, its resend, the end of its job, and then the call: each add is made
//! once, and costs Redis one command more for that. And what an operator asks for takes effect once.

use jobqueue::{
    Client, DurationExt as _, Failure, JobId, JobState, Queue, Worker, WorkerHandle, job,
};
use jobqueue_tests::{
    commands::{count_from_now, counted},
    proxy::Proxy,
    server::RedisServer,
    wait::eventually,
};
use redis::cmd;

use super::report::{Played, Report};

#[job(queue = "late", retain = none)]
async fn forgotten(_n: u32) {}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let near = Client::connect(&server.url()).await?;
    let far = Client::builder(&server.url_through(&proxy)).response_timeout(100.millis());
    let far = far.connect().await?;
    far.add(forgotten, 0).await?;
    let worker = Worker::builder(&near).handler(forgotten).build()?;
    let handle: WorkerHandle = worker.handle();
    let running = tokio::spawn(worker.run());
    let counts = async || near.queue("late").ok()?.counts().await.ok();
    for round in 1..=10 {
        proxy.hold();
        far.add(forgotten, round).await?;
        let done = u64::from(round) + 1;
        let ended = async || counts().await.filter(|counts| counts.total_completed >= done);
        eventually("the job to end", ended).await;
        let before = calls(&server, "evalsha")?;
        proxy.release();
        let late = async || calls(&server, "evalsha").is_ok_and(|calls| calls > before);
        eventually("the late call", late).await;
    }
    let added = counts().await.ok_or("no counts")?.total_added;
    report.check("11 adds, 10 of them held up until their jobs had gone", added, "11 jobs", {
        added == 11
    });
    handle.stop(10.seconds());
    running.await??;
    let operator = Operator {
        server: &server,
        proxy: &proxy,
        far: far.queue("operated")?,
        near: near.queue("operated")?,
        id: "x".parse()?,
    };
    operator.play(report).await?;
    commands(&server, &near, report).await
}

/// An operator whose way to the server is held up, and one who is near it.
struct Operator<'a> {
    server: &'a RedisServer,
    proxy: &'a Proxy,
    far: Queue,
    near: Queue,
    id: JobId,
}

impl Operator<'_> {
    /// Each call is carried out by its resend, then somebody else does the opposite, and then the
    /// first try arrives.
    async fn play(&self, report: &mut Report) -> Played {
        let Self { far, near, id, .. } = self;
        near.create().await?;
        self.hold().await?;
        far.pause().await?;
        near.resume().await?;
        self.release().await?;
        let paused = near.counts().await?.paused;
        tell(report, "pause", if paused { "paused" } else { "running" }, !paused);

        near.add("any", &0).id(id.as_str()).await?;
        self.hold().await?;
        far.job(id).remove().await?;
        near.add("any", &0).id(id.as_str()).await?;
        self.release().await?;
        self.tell_waiting(report, "remove").await?;

        self.hold().await?;
        far.drain().await?;
        near.add("any", &0).id(id.as_str()).await?;
        self.release().await?;
        self.tell_waiting(report, "drain").await?;

        self.fail().await?;
        self.hold().await?;
        far.job(id).retry().await?;
        self.fail().await?;
        self.release().await?;
        self.tell_failed(report, "retry").await?;

        self.hold().await?;
        far.clean(JobState::Failed, 0.seconds()).await?;
        near.add("any", &0).id(id.as_str()).await?;
        self.fail().await?;
        self.release().await?;
        self.tell_failed(report, "clean").await
    }

    /// Holds up what the far one sends from now on. Its connection must be there for that.
    async fn hold(&self) -> Played {
        self.far.counts().await?;
        self.proxy.hold();
        Ok(())
    }

    async fn release(&self) -> Played {
        let before = calls(self.server, "evalsha")?;
        self.proxy.release();
        let late = async || calls(self.server, "evalsha").is_ok_and(|calls| calls > before);
        eventually("the late call", late).await;
        Ok(())
    }

    /// The job that waits fails.
    async fn fail(&self) -> Played {
        for delivery in self.near.receiver().receive(1, 2.seconds()).await? {
            delivery.fail(Failure::permanent("no")).await?;
        }
        Ok(())
    }

    async fn tell_waiting(&self, report: &mut Report, what: &str) -> Played {
        let waiting = self.near.counts().await?.waiting;
        tell(report, what, format!("{waiting} waiting"), waiting == 1);
        Ok(())
    }

    async fn tell_failed(&self, report: &mut Report, what: &str) -> Played {
        let counts = self.near.counts().await?;
        let figure = format!("{} failed, {} waiting", counts.failed, counts.waiting);
        tell(report, what, figure, (counts.failed, counts.waiting) == (1, 0));
        Ok(())
    }
}

fn tell(report: &mut Report, what: &str, figure: impl std::fmt::Display, is_right: bool) {
    let what = format!("a {what} that comes after its resend and what followed");
    report.check(&what, figure, "it takes no effect", is_right);
}

/// The commands of one call.
async fn commands(server: &RedisServer, client: &Client, report: &mut Report) -> Played {
    cmd("CONFIG").arg("RESETSTAT").query::<()>(&mut server.connection())?;
    for _ in 0..100 {
        client.add_all(forgotten, 0..100).await?;
    }
    let sets = calls(server, "set")?;
    let figure = format!("{sets} SET, {} GET", calls(server, "get").unwrap_or(0));
    report.check("100 calls of 100 jobs each", figure, "one SET a call, no GET", sets == 100);
    let queue = client.queue("late")?;
    let id: JobId = "priced".parse()?;
    queue.add("any", &0).id(id.as_str()).delay(1.hours()).await?;
    price(server, report, "pause and resume", async || {
        queue.pause().await?;
        queue.resume().await
    })
    .await?;
    let job = queue.job(&id);
    price(server, report, "two changes of a priority", async || {
        job.set_priority(1).await?;
        job.set_priority(2).await
    })
    .await?;
    price(server, report, "two changes of a due time", async || {
        job.set_delay(1.hours()).await?;
        job.set_delay(2.hours()).await
    })
    .await
}

/// The commands of two calls that are carried out once. What is read and written for that is a key
/// of its own, which these calls need for nothing else.
async fn price<T>(
    server: &RedisServer,
    report: &mut Report,
    what: &str,
    calls_twice: impl AsyncFn() -> jobqueue::Result<T>,
) -> Played {
    // The first call loads the scripts.
    calls_twice().await?;
    count_from_now(&mut server.connection());
    for _ in 0..100 {
        calls_twice().await?;
    }
    let (sets, gets) = (calls(server, "set")?, calls(server, "get")?);
    let all = counted(&mut server.connection());
    let (each, before) = (per_call(all), per_call(all - sets - gets));
    let figure = format!("{each} commands a call, {before} without the GET and SET for it");
    report.check(what, figure, "one GET and one SET a call", (sets, gets) == (200, 200));
    Ok(())
}

/// Of 200 calls, with one place.
fn per_call(commands: u64) -> String {
    format!("{}.{}", commands / 200, commands % 200 / 20)
}

fn calls(server: &RedisServer, name: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let stats: String = cmd("INFO").arg("commandstats").query(&mut server.connection())?;
    let name = format!("cmdstat_{name}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&name)).ok_or("no such command")?;
    Ok(line.split(',').next().unwrap_or_default().parse()?)
}
