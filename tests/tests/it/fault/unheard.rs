//! Workers that die before they hear of the jobs that they were handed.

use std::time::Duration;

use jobqueue::{
    Client, JobHandle, State, Worker,
    error::{FailureReason, ResultError},
    job,
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::{at_once, eventually},
};

use crate::support::{Count, Running};

#[job(queue = "unheard", attempts = 1)]
async fn once(n: u32, runs: State<Count>) -> u32 {
    runs.up();
    n
}

/// A server, a client near it and one behind a proxy.
struct Scene {
    server: RedisServer,
    proxy: Proxy,
    near: Client,
    far: Client,
    runs: Count,
}

impl Scene {
    async fn new() -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::start(server.address());
        let near = Client::connect(&server.url()).await.expect("the server is there");
        let far = Client::connect(&server.url_through(&proxy)).await.expect("it is there, too");
        Self { server, proxy, near, far, runs: Count::default() }
    }

    /// A worker is handed what waits, and dies before the answer reaches it.
    async fn die_unheard(&self) {
        let worker = Worker::builder(&self.far).handler(once).state(self.runs.clone());
        let worker = worker.build().expect("a sound worker");
        let queue = self.near.queue("unheard").expect("a good name");
        queue.create().await.expect("there");
        queue.pause().await.expect("paused");
        let dying = tokio::spawn(worker.run_until(std::future::pending()));
        // It takes back what the one before held. Then its next fetch stands behind its wait.
        let waits = async || {
            let counts = queue.counts().await.ok()?;
            (counts.active == 0 && counts.workers == 1 && self.fetches()).then_some(())
        };
        eventually("the worker to wait", waits).await;
        self.proxy.set(Mode::HoldReplies);
        queue.resume().await.expect("resumed");
        let active = async || queue.counts().await.is_ok_and(|counts| counts.active == 1);
        at_once("the fetch", active).await;
        // A pump that is dropped might still make a call.
        self.proxy.set(Mode::BlackHole);
        dying.abort();
        let _ = dying.await;
        // Its pump, a task of its own, ends with it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.proxy.drop_connections();
        self.proxy.set(Mode::Forward);
        self.end_lease();
    }

    /// Whether a worker waits for the token, and for jobs with it.
    fn fetches(&self) -> bool {
        let list: String =
            redis::cmd("CLIENT").arg("LIST").query(&mut self.server.connection()).expect("a list");
        list.lines().any(|line| line.contains(" cmd=blpop ") && !line.contains(" qbuf=0 "))
    }

    /// Time passes: the lease of the dead worker is over, with its mark.
    fn end_lease(&self) {
        let (mut connection, workers) = (self.server.connection(), "jq:{unheard}:workers");
        let lease = redis::cmd("ZRANGE").arg(workers).arg(0).arg(0).arg("WITHSCORES").clone();
        let lease: Vec<String> = lease.query(&mut connection).expect("a lease");
        let [worker, deadline] = &lease[..] else { panic!("no lease: {lease:?}") };
        assert!(deadline.ends_with(".5"), "it has not said that it has the job: {deadline}");
        let () = redis::cmd("ZADD")
            .arg(workers)
            .arg("1.5")
            .arg(worker)
            .query(&mut connection)
            .expect("set");
    }

    fn stalls(&self, job: &JobHandle<u32>) -> String {
        let mut look = redis::cmd("HGET");
        let look = look.arg("jq:{unheard}:stalls").arg(job.id().as_str());
        look.query(&mut self.server.connection()).expect("a count")
    }

    /// A worker that lives.
    fn work(&self) -> Running {
        let worker = Worker::builder(&self.near).handler(once).state(self.runs.clone());
        Running::start(worker)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_die_before_they_hear_of_a_job_do_not_fail_it() {
    let scene = Scene::new().await;
    let job = scene.near.add(once, 7).await.expect("added");
    for _ in 0..4 {
        scene.die_unheard().await;
    }
    let running = scene.work();
    assert_eq!(job.result().await.expect("it runs"), 7);
    assert_eq!(scene.runs.get(), 1);
    assert_eq!(job.info().await.expect("kept").stalls, 0, "more deaths than stalls are allowed");
    running.stop().await;
}

#[job(queue = "unheard")]
async fn look(_: (), redis: State<redis::Client>) -> Vec<String> {
    let mut connection = redis.0.get_connection().expect("the server is there");
    let leases = redis::cmd("ZRANGE").arg("jq:{unheard}:workers").arg(0).arg(-1).clone();
    leases.clone().arg("WITHSCORES").query(&mut connection).expect("leases")
}

/// Else a job that kills its worker at once would look like a lost answer ten times.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_answer_was_lost_begins_when_its_worker_has_said_that_it_has_it() {
    let scene = Scene::new().await;
    let redis = redis::Client::open(scene.server.url()).expect("a good url");
    // One whose answer wasn't lost begins at once, and its worker says so 50 ms later, at about the
    // time at which a busy machine looks.
    for lost in ["0+1", "1+3"] {
        let job = scene.near.add(look, ()).await.expect("added");
        let mut before = redis::cmd("HSET");
        let before = before.arg("jq:{unheard}:stalls").arg(job.id().as_str()).arg(lost);
        let () = before.query(&mut scene.server.connection()).expect("set");
        let worker = Worker::builder(&scene.near).handler(look).state(redis.clone());
        let running = Running::start(worker);
        let leases = job.result().await.expect("it runs");
        let [_, deadline] = &leases[..] else { panic!("one lease: {leases:?}") };
        assert!(!deadline.ends_with(".5"), "{lost}: {deadline}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_end_a_job_fails_that_no_worker_hears_of() {
    // It may be what kills them, as soon as it begins.
    let scene = Scene::new().await;
    let job = scene.near.add(once, 7).await.expect("added");
    let mut before = redis::cmd("HSET");
    let before = before.arg("jq:{unheard}:stalls").arg(job.id().as_str()).arg("0+29");
    let () = before.query(&mut scene.server.connection()).expect("set");
    scene.die_unheard().await;
    let running = scene.work();
    let Err(ResultError::Failed { failure, .. }) = job.result().await else {
        panic!("it can't succeed")
    };
    assert_eq!((failure.reason, scene.runs.get()), (FailureReason::Stalled, 0));
    assert_eq!(scene.stalls(&job), "0+30");
    running.stop().await;
}
