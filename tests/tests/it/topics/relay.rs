//! Messages on their way: they are shown, and any live process relays them.

use jobqueue::Client;
use jobqueue_tests::{shared, wait};

use super::arrived;
use crate::support::{Running, client_and_base, raw, worker};

#[jobqueue::job(queue = "mails", name = "user.created")]
async fn mail(_user: u32) {}

/// Keeps all others from relaying, like a process that died in the middle of it.
async fn block(base: &str, ms: u64) {
    let mut redis = raw(shared::url()).await;
    let mut set = redis::cmd("SET");
    set.arg(format!("{base}relay")).arg("dead").arg("PX").arg(ms);
    let _: () = set.query_async(&mut redis).await.expect("set");
}

#[tokio::test]
async fn entries_on_their_way_are_shown() {
    let (client, base) = client_and_base("user-events").await;
    let topic = client.topic("user-events").expect("a good name");
    topic.bind("mails", "user.created").await.expect("bound");
    topic.bind("audit", "#").await.expect("bound");
    block(&base, 60_000).await;
    client.publish("user-events", "user.created", 1_u32).await.expect("published");
    client.publish("user-events", "user.deleted", 2_u32).await.expect("published");
    let stats = topic.stats().await.expect("read");
    assert_eq!((stats.published, stats.underway), (2, 2));
    assert!(stats.oldest_underway.is_some());
    let lags: Vec<_> = stats.queues.iter().map(|lag| (lag.queue.as_str(), lag.underway)).collect();
    assert_eq!(lags, [("audit", 2), ("mails", 1)]);
    block(&base, 1).await;
    arrived(&client, "audit", 2).await;
    let clear = async || topic.stats().await.expect("read").underway == 0;
    wait::eventually("the outbox to be empty", clear).await;
    let stats = topic.stats().await.expect("read");
    assert!(stats.queues.iter().all(|lag| lag.underway == 0 && !lag.replaying), "{stats:?}");
    assert_eq!(stats.queues[0].waiting, 2);
}

/// More than a relay takes at once, for a queue that takes nothing.
#[tokio::test]
async fn a_queue_that_refuses_everything_holds_up_no_other() {
    let (client, base) = client_and_base("user-events").await;
    let topic = client.topic("user-events").expect("a good name");
    topic.bind("broken", "#").await.expect("bound");
    topic.bind("mails", "#").await.expect("bound");
    let broken = base.replace("user-events", "broken");
    let mut redis = raw(shared::url()).await;
    let mut set = redis::cmd("SET");
    let _: () = set.arg(format!("{broken}waiting")).arg(1).query_async(&mut redis).await.unwrap();
    client.publish_all("user-events", "user.created", 0..2_500_u32).await.expect("published");
    let added = async |queue: &str| {
        let queue = client.queue(queue).expect("a good name");
        queue.counts().await.expect("counted").total_added
    };
    wait::eventually("the others' messages", async || added("mails").await == 2_500).await;
    // Mended, it gets all that was for it, and once; so does the other.
    let mut del = redis::cmd("DEL");
    let _: () = del.arg(format!("{broken}waiting")).query_async(&mut redis).await.unwrap();
    topic.flush().await.expect("delivered");
    assert_eq!((added("broken").await, added("mails").await), (2_500, 2_500));
    assert_eq!(topic.stats().await.expect("read").underway, 0);
}

#[tokio::test]
async fn a_flush_waits_for_adds_made_before_it_and_not_for_later_ones() {
    let (client, _) = client_and_base("user-events").await;
    let topic = client.topic("user-events").expect("a good name");
    topic.bind("mails", "#").await.expect("bound");
    let publishers: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                loop {
                    client.publish("user-events", "user.created", 1_u32).await.expect("published");
                }
            })
        })
        .collect();
    wait::eventually("traffic", async || topic.stats().await.expect("read").published > 100).await;
    for _ in 0..3 {
        let before = topic.stats().await.expect("read").published;
        tokio::time::timeout(wait::LIMIT, topic.flush()).await.expect("in time").expect("flushed");
        let queue = client.queue("mails").expect("a good name");
        assert!(queue.counts().await.expect("counted").total_added >= before);
    }
    publishers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn a_worker_of_a_bound_queue_relays_messages_left_by_a_dead_publisher() {
    let (client, base) = client_and_base("user-events").await;
    let topic = client.topic("user-events").expect("a good name");
    topic.bind("mails", "#").await.expect("bound");
    // A publisher dies right after its call: its runtime ends, and with it its relay.
    block(&base, 60_000).await;
    let prefix = base.split(':').next().expect("a prefix").to_owned();
    let publisher = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let client = Client::builder(shared::url()).prefix(prefix).connect().await;
            let client = client.expect("the server is there");
            client.publish("user-events", "user.created", 1_u32).await.expect("published");
        });
    });
    publisher.join().expect("no panic");
    block(&base, 1).await;
    let running = Running::start(worker(&client).handler(mail));
    let queue = client.queue("mails").expect("a good name");
    let done = async || queue.counts().await.expect("counted").total_completed == 1;
    wait::eventually("the message to be worked off", done).await;
    let clear = async || topic.stats().await.expect("read").underway == 0;
    wait::eventually("the outbox to be empty", clear).await;
    running.stop().await;
}
