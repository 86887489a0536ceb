//! Keys that handlers make of their payloads, and workers.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{JobState, State, job};
use jobqueue_tests::wait::eventually;
use serde::{Deserialize, Serialize};

use crate::support::{Running, client, worker};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    user: u32,
    shop: Option<String>,
}

#[job(
    queue = "orders",
    concurrency_key = "order.user",
    concurrency_key = "order.shop",
    per_key = 2
)]
async fn work(order: Order, seen: State<Seen>) {
    let now = seen.start(order.user);
    assert_eq!(now, 1, "two runs of user {}", order.user);
    tokio::time::sleep(Duration::from_millis(2)).await;
    seen.end(order.user);
}

/// How many runs of each user there are, and how many there were.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<u32, (u32, u32)>>>);

impl Seen {
    fn start(&self, user: u32) -> u32 {
        let mut all = self.0.lock().expect("sound");
        let (now, ever) = all.entry(user).or_default();
        (*now, *ever) = (*now + 1, *ever + 1);
        *now
    }

    fn end(&self, user: u32) {
        self.0.lock().expect("sound").entry(user).or_default().0 -= 1;
    }

    fn total(&self) -> u32 {
        self.0.lock().expect("sound").values().map(|(_, ever)| ever).sum()
    }
}

#[tokio::test]
async fn fields_make_keys() {
    let client = client().await;
    let keys = async |user, shop: Option<&str>| {
        let order = Order { user, shop: shop.map(str::to_owned) };
        let job = client.add(work, order).concurrency_key("own", 5).await.expect("added");
        job.info().await.expect("read").record.options.concurrency_keys
    };
    let own = ("own".to_owned(), 5);
    assert_eq!(keys(7, None).await, [("user:7".to_owned(), 1), own.clone()].into());
    let all = [("user:7".to_owned(), 1), ("shop:s".to_owned(), 2), own];
    assert_eq!(keys(7, Some("s")).await, all.into());
}

#[tokio::test]
async fn calls_have_the_keys_of_their_handler() {
    let client = client().await;
    let calling = client.clone();
    let call = tokio::spawn(async move {
        calling.call(work, Order { user: 7, shop: None }).await.expect("nobody runs it");
    });
    let queue = client.queue("orders").expect("a good name");
    eventually("it waits", async || queue.counts().await.expect("read").waiting == 1).await;
    let jobs = queue.jobs(JobState::Waiting).page(0, 1).await.expect("read");
    assert_eq!(jobs[0].record.options.concurrency_keys, [("user:7".to_owned(), 1)].into());
    call.abort();
}

#[tokio::test]
async fn no_two_workers_run_jobs_of_one_key() {
    let client = client().await;
    let seen = Seen::default();
    let start = || {
        Running::start(worker(&client).state(seen.clone()).handler(work).concurrency(8).prefetch(8))
    };
    let workers = [start(), start()];
    for n in 0..200 {
        client.add(work, Order { user: n % 5, shop: None }).await.expect("added");
    }
    eventually("all have run", async || seen.total() == 200).await;
    let queue = client.queue("orders").expect("a good name");
    eventually("none failed", async || {
        let counts = queue.counts().await.expect("read");
        assert_eq!((counts.failed, counts.delayed), (0, 0));
        counts.active == 0
    })
    .await;
    for worker in workers {
        worker.stop().await;
    }
}

/// A worker that is idle is woken by the end of another's run.
#[tokio::test]
async fn room_wakes_a_worker() {
    let client = client().await;
    let queue = client.queue("orders").expect("a good name");
    let seen = Seen::default();
    let order = |user| Order { user, shop: None };
    client.add(work, order(1)).await.expect("added");
    let out = queue.receive(1, Duration::from_secs(5)).await.expect("received");
    client.add(work, order(1)).await.expect("added");
    let idle = Running::start(worker(&client).state(seen.clone()).handler(work));
    client.add(work, order(2)).await.expect("added");
    eventually("it is idle", async || seen.total() == 1).await;
    for job in out {
        job.complete().await.expect("completed");
    }
    eventually("the second has run", async || seen.total() == 2).await;
    idle.stop().await;
}
