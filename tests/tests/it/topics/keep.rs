//! Messages that are kept, and bindings that start in the past.

use std::time::Duration;

use chrono::Utc;
use jobqueue::{
    Client, Error, Retain,
    topic::{Filter, Start, Topic},
};

use super::{arrived, payloads};
use crate::support::client;

/// A topic that has kept these numbers, the even ones under another key.
async fn kept(
    client: &Client,
    numbers: std::ops::Range<u32>,
) -> (Topic, Vec<jobqueue::topic::Receipt>) {
    let topic = client.topic("numbers").expect("a good name");
    topic.keep(Retain::count(10_000)).await.expect("kept");
    let mut receipts = Vec::new();
    for number in numbers {
        let key = if number % 2 == 0 { "n.even" } else { "n.odd" };
        let publish = client.publish("numbers", key, number).header("number", number.to_string());
        receipts.push(publish.await.expect("published"));
    }
    (topic, receipts)
}

#[tokio::test]
async fn a_new_binding_starts_where_it_is_told() {
    let client = client().await;
    let (topic, receipts) = kept(&client, 0..10).await;
    assert!(receipts.iter().all(jobqueue::topic::Receipt::is_unroutable));
    topic.bind("all", "#").from(Start::Beginning).await.expect("bound");
    assert_eq!(payloads(&arrived(&client, "all", 10).await), (0..10).collect::<Vec<_>>());
    topic.bind("odd", "n.odd").from(Start::Beginning).await.expect("bound");
    assert_eq!(payloads(&arrived(&client, "odd", 5).await), [1, 3, 5, 7, 9]);
    let few = Filter::header("number").number(2.0..=4.0);
    topic.bind("few", "#").filter(few).from(Start::Beginning).await.expect("bound");
    assert_eq!(payloads(&arrived(&client, "few", 3).await), [2, 3, 4]);
    let from = Start::Message(receipts[7].id().clone());
    topic.bind("late", "#").job("number").from(from).await.expect("bound");
    assert_eq!(payloads(&arrived(&client, "late", 3).await), [7, 8, 9]);
    topic.bind("new", "#").await.expect("bound");
    let past = Start::Time(Utc::now() - chrono::TimeDelta::hours(1));
    topic.bind("hour", "#").from(past).await.expect("bound");
    let future = Start::Time(Utc::now() + chrono::TimeDelta::hours(1));
    topic.bind("future", "#").from(future).await.expect("bound");
    let receipt = client.publish("numbers", "n.even", 10_u32).await.expect("published");
    assert_eq!(receipt.targets(), 5, "not the odd ones, nor without a header");
    for (queue, expected) in [("all", 11), ("hour", 11), ("late", 4), ("new", 1), ("future", 1)] {
        let jobs = arrived(&client, queue, expected).await;
        assert_eq!(jobs.len() as u64, expected, "{queue}");
        assert_eq!(payloads(&jobs).last(), Some(&10), "{queue}");
    }
    let gone = Start::Message("nonsense".parse().expect("a good id"));
    let error = topic.bind("x", "#").from(gone).await.expect_err("no such message");
    assert!(matches!(error, Error::Invalid(_)), "{error}");
    // It had its past.
    topic.bind("all", "#").from(Start::Beginning).await.expect("bound");
    assert_eq!(arrived(&client, "all", 11).await.len(), 11);
}

#[tokio::test]
async fn while_others_publish_each_message_comes_once() {
    let client = client().await;
    let topic = client.topic("numbers").expect("a good name");
    topic.keep(Retain::all()).await.expect("kept");
    client.publish_all("numbers", "n", 0..1_200_u32).await.expect("published");
    let publisher = tokio::spawn({
        let client = client.clone();
        async move {
            for number in 1_200..1_600_u32 {
                client.publish("numbers", "n", number).await.expect("published");
            }
        }
    });
    let (one, two) = (topic.bind("q", "#"), topic.bind("q", "#"));
    let (one, two) = tokio::join!(one.from(Start::Beginning), two.from(Start::Beginning));
    assert_ne!(one.expect("bound"), two.expect("bound"), "one of them was first");
    publisher.await.expect("no panic");
    let queue = client.queue("q").expect("a good name");
    let added = async || queue.counts().await.expect("counted").total_added;
    jobqueue_tests::wait::eventually("all to arrive", async || added().await >= 1_600).await;
    let stats = topic.stats().await.expect("read");
    assert_eq!((added().await, stats.kept, stats.published), (1_600, 1_600, 1_600));
}

#[tokio::test]
async fn a_replay_that_is_broken_off_again_and_again_brings_each_message_once() {
    let client = client().await;
    let topic = client.topic("numbers").expect("a good name");
    topic.keep(Retain::all()).await.expect("kept");
    client.publish_all("numbers", "n", 0..3_000_u32).await.expect("published");
    loop {
        // Dropped at whichever step it is then.
        let retry_timeout = Duration::from_millis(fastrand::u64(1..40));
        let bind = topic.bind("q", "#").job("number").from(Start::Beginning);
        if tokio::time::timeout(retry_timeout, bind).await.is_ok_and(|bound| bound.is_ok()) {
            break;
        }
        let late = client.publish("numbers", "n", 3_000_u32).await.expect("published");
        assert!(late.targets() <= 1);
    }
    topic.flush().await.expect("delivered");
    let published = topic.stats().await.expect("read").published;
    let counts = client.queue("q").expect("a good name").counts().await.expect("counted");
    assert_eq!(counts.total_added, published);
    assert_eq!(counts.waiting, published);
}

#[tokio::test]
async fn messages_are_kept_by_count_or_by_age_until_keeping_is_turned_off() {
    let client = client().await;
    let topic = client.topic("numbers").expect("a good name");
    topic.keep(Retain::count(200)).await.expect("kept");
    client.publish_all("numbers", "n", 0..1_000_u32).await.expect("published");
    let stats = topic.stats().await.expect("read");
    assert!((200..=400).contains(&stats.kept), "{stats:?}");
    assert!(stats.kept_since.is_some());
    topic.keep(Retain::age(Duration::from_secs(3_600))).await.expect("kept");
    client.publish_all("numbers", "n", 0..100_u32).await.expect("published");
    assert_eq!(topic.stats().await.expect("read").kept, stats.kept + 100);
    topic.keep(Retain::none()).await.expect("kept");
    let stats = topic.stats().await.expect("read");
    assert_eq!((stats.kept, stats.kept_since), (0, None));
    // Nothing is there to start with: a start is no mistake.
    assert!(topic.bind("q", "#").from(Start::Beginning).await.expect("bound"));
}
