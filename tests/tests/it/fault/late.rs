//! Calls that arrive late, after their resend has been answered and its jobs have gone.

use jobqueue::{Client, DurationExt as _, Queue, job, manage::Overflow};
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
        let calls = || {
            let mut connection = self.server.connection();
            let stats: String =
                redis::cmd("INFO").arg("commandstats").query(&mut connection).expect("stats");
            let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha"));
            let calls = line.and_then(|line| line.split(['=', ',']).nth(1)).map(str::to_owned);
            calls.and_then(|calls| calls.parse::<u64>().ok()).unwrap_or(0)
        };
        let before = calls();
        self.proxy.release();
        eventually("the late try", async || calls() > before).await;
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
