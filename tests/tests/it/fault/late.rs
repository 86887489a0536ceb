//! Calls that arrive late, after their resend has been answered and its jobs have gone.

use std::pin::Pin;

use jobqueue::{
    Client, DurationExt as _, Failure, JobId, JobState, Queue, Result, job, manage::Overflow,
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::{at_once, eventually},
};

use crate::support::{Running, worker};

#[job(queue = "late", retain = none)]
async fn forgotten(_n: u32) {}

/// A server, and a client whose way there can be held up.
struct Scene {
    server: RedisServer,
    proxy: Proxy,
    far: Client,
    near: Client,
}

impl Scene {
    async fn new() -> Self {
        let server = RedisServer::start();
        let proxy = Proxy::start(server.address());
        let far = Client::builder(&server.url_through(&proxy)).prefix("late");
        let far = far.response_timeout(100.millis()).retry_timeout(20.seconds());
        let far = far.connect().await.expect("connected");
        let near =
            Client::builder(&server.url()).prefix("late").connect().await.expect("connected");
        Self { server, proxy, far, near }
    }

    /// Lets the tries that were held up arrive, and waits until they have been carried out or not.
    async fn release(&self) {
        let before = scripts_called(&self.server);
        self.proxy.release();
        eventually("the late try", async || scripts_called(&self.server) > before).await;
    }

    fn queue(&self, name: &str) -> Queue {
        self.near.queue(name).expect("a good name")
    }

    async fn added(&self, name: &str) -> u64 {
        self.queue(name).counts().await.expect("counts").total_added
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_try_that_comes_after_its_resend_adds_nothing() {
    let scene = Scene::new().await;
    let running = Running::start(worker(&scene.near).handler(forgotten));
    // The connection must be there to be held up.
    scene.far.add(forgotten, 0).await.expect("added");
    for (adds, bulk) in [(1, false), (2, true)] {
        scene.proxy.hold();
        if bulk {
            scene.far.add_all(forgotten, 0..10).await.expect("added by its resend");
        } else {
            scene.far.add(forgotten, 1).await.expect("added by its resend");
        }
        let expected = if bulk { 12 } else { 2 };
        let done = async || {
            let counts = scene.queue("late").counts().await.expect("counts");
            counts.total_completed == expected
        };
        at_once("the jobs to end", done).await;
        scene.release().await;
        let counts = scene.queue("late").counts().await.expect("counts");
        assert_eq!((counts.total_added, counts.waiting), (expected, 0), "after {adds} late tries");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_after_the_job_has_gone_adds_nothing() {
    let scene = Scene::new().await;
    let running = Running::start(worker(&scene.near).handler(forgotten));
    scene.far.add(forgotten, 0).await.expect("added");
    scene.proxy.set(Mode::CutReplies(0));
    let adding = tokio::spawn({
        let client = scene.far.clone();
        async move { client.add(forgotten, 1).await }
    });
    let done = async || scene.queue("late").counts().await.expect("counts").total_completed == 2;
    at_once("the job to end", done).await;
    scene.proxy.set(Mode::Forward);
    adding.await.expect("no panic").expect("it was added");
    assert_eq!(scene.added("late").await, 2);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_try_whose_resend_overflowed_finds_no_room_later() {
    let scene = Scene::new().await;
    let full = scene.queue("full");
    let limits = full.set_limits().max_length(1).overflow(Overflow::DeadLetter);
    limits.dead_letter("lost").await.expect("set");
    let far = scene.far.queue("full").expect("a good name");
    far.add("any", &0).await.expect("added");
    scene.proxy.hold();
    assert!(far.add("any", &1).await.expect("sent away by its resend").overflowed());
    full.drain().await.expect("emptied");
    scene.release().await;
    assert_eq!(full.counts().await.expect("counts").waiting, 0);
    let lost = scene.near.dead_letters("lost").expect("a good name");
    assert_eq!(lost.count().await.expect("a length"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_publish_that_comes_after_its_resend_sends_nothing() {
    let scene = Scene::new().await;
    scene.far.publish("news", "sport", &0).await.expect("published");
    scene.proxy.hold();
    scene.far.publish("news", "sport", &1).await.expect("published by its resend");
    scene.release().await;
    let stats = scene.near.topic("news").expect("a good name").stats().await.expect("stats");
    assert_eq!(stats.published, 2);
}

/// A job that has failed by hand.
async fn failed(queue: &Queue, id: &str) {
    queue.add("any", &0).id(id).await.expect("added");
    let out = queue.receiver().receive(1, 1.seconds()).await.expect("received");
    for delivery in out {
        delivery.fail(Failure::permanent("no")).await.expect("failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_comes_after_its_resend_holds_nothing_up() {
    let scene = Scene::new().await;
    let (far, near) = (scene.far.queue("p").expect("a good name"), scene.queue("p"));
    near.create().await.expect("there");
    far.counts().await.expect("connected");
    scene.proxy.hold();
    assert!(far.pause().await.expect("paused by its resend"));
    assert!(near.resume().await.expect("resumed"));
    scene.release().await;
    assert!(!near.counts().await.expect("counts").paused);
    scene.proxy.hold();
    far.set_limits().max_length(1).await.expect("set by its resend");
    near.set_limits().max_length(None).await.expect("cleared");
    scene.release().await;
    assert_eq!(near.limits().await.expect("limits").max_length, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn removals_that_come_after_their_resend_remove_nothing() {
    let scene = Scene::new().await;
    let (far, near) = (scene.far.queue("r").expect("a good name"), scene.queue("r"));
    let id: JobId = "x".parse().expect("a good id");
    near.add("any", &0).id("x").await.expect("added");
    far.counts().await.expect("connected");
    scene.proxy.hold();
    far.job(&id).remove().await.expect("removed by its resend");
    near.add("any", &0).id("x").await.expect("added anew");
    scene.release().await;
    assert_eq!(near.counts().await.expect("counts").waiting, 1, "after a late remove");
    scene.proxy.hold();
    assert_eq!(far.drain().await.expect("drained by its resend"), 1);
    near.add("any", &0).id("x").await.expect("added anew");
    scene.release().await;
    assert_eq!(near.counts().await.expect("counts").waiting, 1, "after a late drain");
    near.drain().await.expect("drained");
    failed(&near, "x").await;
    scene.proxy.hold();
    let cleaned = far.clean(JobState::Failed, 0.seconds()).await;
    assert_eq!(cleaned.expect("cleaned by its resend"), 1);
    failed(&near, "x").await;
    scene.release().await;
    assert_eq!(near.counts().await.expect("counts").failed, 1, "after a late clean");
    scene.proxy.hold();
    far.obliterate().await.expect("obliterated by its resend");
    near.add("any", &0).await.expect("added");
    scene.release().await;
    assert_eq!(near.counts().await.expect("counts").waiting, 1, "after a late obliterate");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_comes_after_its_resend_runs_nothing() {
    let scene = Scene::new().await;
    let (far, near) = (scene.far.queue("f").expect("a good name"), scene.queue("f"));
    let id: JobId = "x".parse().expect("a good id");
    failed(&near, "x").await;
    for all in [false, true] {
        far.counts().await.expect("connected");
        scene.proxy.hold();
        if all {
            assert_eq!(far.retry_failed().await.expect("retried by its resend"), 1);
        } else {
            far.job(&id).retry().await.expect("retried by its resend");
        }
        let out = near.receiver().receive(1, 1.seconds()).await.expect("received");
        for delivery in out {
            delivery.fail(Failure::permanent("no")).await.expect("failed");
        }
        scene.release().await;
        let counts = near.counts().await.expect("counts");
        assert_eq!((counts.failed, counts.waiting), (1, 0), "all: {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_after_a_lost_answer_hears_what_its_first_try_did() {
    let scene = Scene::new().await;
    let (far, near) = (scene.far.queue("l").expect("a good name"), scene.queue("l"));
    let id: JobId = "x".parse().expect("a good id");
    failed(&near, "x").await;
    let lost = async |call: Pin<Box<dyn Future<Output = Result<u64>> + Send>>| {
        let calls = scripts_called(&scene.server);
        scene.proxy.set(Mode::CutReplies(0));
        let call = tokio::spawn(call);
        eventually("the first try", async || scripts_called(&scene.server) > calls).await;
        scene.proxy.set(Mode::Forward);
        call.await.expect("no panic").expect("it was carried out")
    };
    far.counts().await.expect("connected");
    let own = far.clone();
    assert_eq!(lost(Box::pin(async move { own.pause().await.map(u64::from) })).await, 1);
    let own = far.clone();
    assert_eq!(lost(Box::pin(async move { own.resume().await.map(u64::from) })).await, 1);
    let own = far.job(&id);
    lost(Box::pin(async move { own.retry().await.map(|()| 0) })).await;
    let own = far.job(&id);
    lost(Box::pin(async move { own.remove().await.map(|()| 0) })).await;
    for n in 0..3 {
        near.add("any", &n).await.expect("added");
    }
    let own = far.clone();
    assert_eq!(lost(Box::pin(async move { own.drain().await })).await, 3);
    failed(&near, "y").await;
    let own = far.clone();
    let retried = lost(Box::pin(async move { own.retry_failed().await })).await;
    assert_eq!(retried, 1);
}

fn scripts_called(server: &RedisServer) -> u64 {
    let stats: String =
        redis::cmd("INFO").arg("commandstats").query(&mut server.connection()).expect("stats");
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha"));
    let calls = line.and_then(|line| line.split(['=', ',']).nth(1));
    calls.and_then(|calls| calls.parse().ok()).unwrap_or(0)
}
