//! Topics, while publishers, relays and receivers are killed: every message arrives once in every
//! queue that it is for, and every one whose handler fails for good becomes one dead letter.

use std::collections::BTreeMap;

use jobqueue::{Client, JobState, Queue, dead_letter::DeadLetter};
use jobqueue_tests::{
    account::{
        Account,
        fanout::{BOUND, DEAD, Event, TOPIC},
        note::Note,
    },
    cluster::RedisCluster,
    process::Signal,
    server::RedisServer,
    wait::{eventually, eventually_within},
};

use super::{PATIENCE, acknowledged, count, short_or_long};

/// Kills publishers and receivers again and again, after more and more publishes, and then checks
/// the messages that arrived.
async fn killed_again_and_again(url: &str) {
    let account = Account::open(url).await;
    let client = account.client(url).await;
    let topic = client.topic(TOPIC).expect("a good name");
    for (queue, pattern) in BOUND {
        topic.bind(queue, pattern).job("receive").await.expect("bound");
    }
    let published = || count(&account, |note| matches!(note, Note::Added { .. }));
    for round in 0..short_or_long(10, 50) {
        let (mut publisher, mut receiver) = (account.publisher(url), account.receiver(url));
        // At any step of the publishing, the relaying and the receiving.
        let enough = published() + fastrand::usize(1..250);
        eventually("messages to be published", async || published() >= enough).await;
        // Sometimes the receiver dies first; mostly, receivers relay the messages of a dead
        // publisher.
        if round % 3 == 0 {
            receiver.signal(Signal::KILL);
            receiver.exit().await;
            let more = published() + 50;
            eventually("more to be published", async || published() >= more).await;
        }
        publisher.signal(Signal::KILL);
        receiver.signal(Signal::KILL);
        publisher.exit().await;
        receiver.exit().await;
    }
    let mut receiver = account.receiver(url);
    eventually_within(PATIENCE, "all to arrive and end", async || is_settled(&client).await).await;
    receiver.signal(Signal::TERM);
    assert!(receiver.exit().await.success(), "{receiver}");
    check(&account, &client).await;
}

fn queues(client: &Client) -> Vec<Queue> {
    BOUND.map(|(queue, _)| client.queue(queue).expect("a good name")).into()
}

async fn is_settled(client: &Client) -> bool {
    let topic = client.topic(TOPIC).expect("a good name");
    if topic.stats().await.expect("read").underway > 0 {
        return false;
    }
    for queue in queues(client) {
        let counts = queue.counts().await.expect("counted");
        if counts.waiting + counts.delayed + counts.active + counts.effects > 0 {
            return false;
        }
    }
    true
}

/// All jobs of a queue that have ended so, as tokens, and how many jobs each has.
async fn ended(queue: &Queue, state: JobState) -> BTreeMap<Event, u64> {
    let mut events = BTreeMap::new();
    for offset in (0..).step_by(1_000) {
        let jobs = queue.jobs(state).page(offset, 1_000).await.expect("read");
        if jobs.is_empty() {
            break;
        }
        for job in jobs {
            let event = job.record.codec.decode(&job.record.payload).expect("an event");
            *events.entry(event).or_default() += 1;
        }
    }
    events
}

async fn check(account: &Account, client: &Client) {
    let acknowledged = acknowledged(account);
    let intended = count(account, |note| matches!(note, Note::Intent { .. }));
    let mut everything: Option<BTreeMap<Event, u64>> = None;
    let mut hopeless = 0;
    for (queue, (name, pattern)) in queues(client).into_iter().zip(BOUND) {
        let mut arrived = ended(&queue, JobState::Completed).await;
        assert!(arrived.keys().all(|event| !event.hopeless), "{name}: what can't work did");
        let failed = ended(&queue, JobState::Failed).await;
        assert!(failed.keys().all(|event| event.hopeless), "{name}: what works didn't");
        hopeless += failed.len();
        arrived.extend(failed);
        let twice: Vec<_> = arrived.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{name}: duplicated {twice:?}");
        let counts = queue.counts().await.expect("counted");
        let total = (counts.total_added, counts.total_completed + counts.total_failed);
        assert_eq!(total, (arrived.len() as u64, arrived.len() as u64), "{name}");
        // The first queue gets all, so the others' messages are among its own.
        let Some(everything) = &everything else {
            let missing = acknowledged
                .iter()
                .filter(|token| !arrived.keys().any(|event| event.token == **token));
            let missing: Vec<_> = missing.collect();
            assert!(missing.is_empty(), "{name}: lost {missing:?}");
            assert!(arrived.len() <= intended, "{name}: more than anybody published");
            everything = Some(arrived);
            continue;
        };
        let expected =
            everything.keys().filter(|event| pattern != "event.plain" || !event.hopeless);
        assert!(expected.eq(arrived.keys()), "{name} has other messages than the first queue");
    }
    check_dead_letters(client, hopeless).await;
}

/// One dead letter for each failure.
async fn check_dead_letters(client: &Client, expected: usize) {
    let dead = client.dead_letters(DEAD).expect("a good name");
    let all = eventually("dead letters", async || dead.count().await.ok()).await;
    let mut letters = BTreeMap::new();
    for offset in (0..all).step_by(1_000) {
        for (_, letter) in dead.page(offset, 1_000).await.expect("read") {
            let DeadLetter { queue, id, .. } = letter;
            *letters.entry((queue, id)).or_insert(0) += 1;
        }
    }
    assert!(letters.values().all(|count| *count == 1), "a dead letter came twice");
    assert_eq!(letters.len(), expected, "dead letters");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_and_receivers_are_killed_at_every_step() {
    let server = RedisServer::start();
    killed_again_and_again(&server.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishers_and_receivers_are_killed_on_a_cluster() {
    let cluster = RedisCluster::start();
    let masters = BOUND.map(|(queue, _)| cluster.master(cluster.slot(queue), 0));
    assert!(masters[0] != masters[1] && masters[1] != masters[2] && masters[0] != masters[2]);
    killed_again_and_again(&cluster.node(0).url()).await;
}
