//! Routing: patterns, filters, names, the alternate queue.

use jobqueue::{Codec, Error, error::Refused, topic::Filter};
use jobqueue_tests::wait;

use super::{arrived, payloads};
use crate::support::{client, client_and_base, ids, raw};

#[tokio::test]
async fn each_bound_queue_gets_a_copy_of_its_own() {
    let client = client().await;
    let topic = client.topic("user-events").expect("a good name");
    assert!(topic.bind("mails", "user.*").await.expect("bound"));
    assert!(!topic.bind("mails", "user.*").await.expect("bound"), "it was");
    topic.bind("mails", "user.created").await.expect("bound");
    topic.bind("audit", "#").await.expect("bound");
    topic.bind("orders", "order.#").await.expect("bound");
    let receipt = client.publish("user-events", "user.created", 7_u32).priority(-2).await;
    let receipt = receipt.expect("published");
    assert_eq!((receipt.targets(), receipt.is_unroutable()), (2, false));
    for queue in ["mails", "audit"] {
        let jobs = arrived(&client, queue, 1).await;
        let [job] = &jobs[..] else { panic!("one copy in {queue}: {jobs:?}") };
        assert_eq!((job.id.as_str(), job.priority), (receipt.id().as_str(), -2));
        assert_eq!(job.record.name.as_str(), "user.created");
        let origin = job.record.options.origin.as_ref().expect("where it comes from");
        assert!(origin.topic == "user-events" && origin.routing_key == "user.created");
        assert_eq!(payloads(&jobs), [7]);
    }
    let counts = client.queue("orders").expect("a good name").counts().await.expect("counted");
    assert_eq!(counts.total_added, 0);
    assert!(topic.unbind("mails", "user.*").await.expect("unbound"));
    assert!(!topic.unbind("mails", "user.*").await.expect("unbound"), "it was");
    topic.unbind("mails", "user.created").await.expect("unbound");
    let receipt = client.publish("user-events", "user.created", 8_u32).await.expect("published");
    assert_eq!(receipt.targets(), 1, "a publisher hears of it at once");
    let bound = topic.bindings().await.expect("read");
    let bound: Vec<_> =
        bound.iter().map(|one| (one.queue.as_str(), one.pattern.as_str())).collect();
    assert_eq!(bound, [("audit", "#"), ("orders", "order.#")]);
}

#[tokio::test]
async fn a_queue_gets_one_copy_for_each_name_it_is_bound_with() {
    let client = client().await;
    let topic = client.topic("user-events").expect("a good name");
    for pattern in ["user.*", "user.created", "#"] {
        topic.bind("mails", pattern).job("welcome").await.expect("bound");
    }
    topic.bind("mails", "user.created").job("count a user").await.expect("bound");
    topic.bind("mails", "user.created").await.expect("bound");
    let receipt = client.publish("user-events", "user.created", 1_u32).await.expect("published");
    assert_eq!(receipt.targets(), 3);
    let jobs = arrived(&client, "mails", 3).await;
    let mut names: Vec<_> = jobs.iter().map(|job| job.record.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["count a user", "user.created", "welcome"]);
    assert_eq!(payloads(&jobs), [1, 1, 1]);
    assert!(jobs.iter().all(|job| job.id.as_str().starts_with(receipt.id().as_str())));
}

#[tokio::test]
async fn filters_look_at_headers() {
    let client = client().await;
    let topic = client.topic("orders").expect("a good name");
    let large = Filter::header("amount").number(100.0..=f64::INFINITY);
    topic.bind("large", "#").filter(large).await.expect("bound");
    let eu = Filter::header("region").prefix("eu-").equals("uk").and_header("test").missing();
    topic.bind("eu", "#").filter(eu.clone()).await.expect("bound");
    for (amount, region, test, targets) in [
        ("5", "us", false, 0),
        ("100", "us", false, 1),
        ("7", "uk", false, 1),
        ("100", "eu-1", false, 2),
        ("1", "eu-1", true, 0),
    ] {
        let mut publish = client.publish("orders", "order.placed", amount).codec(Codec::Json);
        publish = publish.header("amount", amount).header("region", region);
        if test {
            publish = publish.header("test", "1");
        }
        let receipt = publish.await.expect("published");
        assert_eq!(receipt.targets(), targets, "{amount} {region} {test}");
    }
    arrived(&client, "large", 2).await;
    let jobs = arrived(&client, "eu", 2).await;
    assert_eq!(jobs[0].record.options.headers["region"], "uk");
    // Bound again with another filter, it has that one.
    let us = Filter::header("region").equals("us");
    assert!(!topic.bind("eu", "#").filter(us.clone()).await.expect("bound"));
    let bound = topic.bindings().await.expect("read");
    assert_eq!(bound.iter().find(|one| one.queue.as_str() == "eu").unwrap().filter, Some(us));
    let receipt = client.publish("orders", "x", 1).header("region", "uk").await.expect("published");
    assert!(receipt.is_unroutable());
}

#[tokio::test]
async fn a_message_without_a_binding_is_reported_or_goes_to_the_alternate_queue() {
    let client = client().await;
    let receipt = client.publish("news", "a.b", 1_u32).await.expect("published");
    assert!(receipt.is_unroutable() && !receipt.went_to_alternate());
    let topic = client.topic("news").expect("a good name");
    topic.bind("a", "a.c").await.expect("bound");
    topic.alternate("unclaimed").await.expect("set");
    let receipt = client.publish("news", "a.b", 2_u32).await.expect("published");
    assert!(receipt.is_unroutable() && receipt.went_to_alternate());
    let receipt = client.publish("news", "a.c", 3_u32).await.expect("published");
    assert!(!receipt.is_unroutable() && !receipt.went_to_alternate());
    assert_eq!(payloads(&arrived(&client, "unclaimed", 1).await), [2]);
    topic.alternate(None).await.expect("set");
    let receipt = client.publish("news", "a.b", 4_u32).await.expect("published");
    assert!(!receipt.went_to_alternate());
    assert_eq!(topic.stats().await.expect("read").published, 4);
}

#[tokio::test]
async fn mistakes_are_refused_before_anything_is_sent() {
    let client = client().await;
    let topic = client.topic("t").expect("a good name");
    let invalid = |error: Error| matches!(error, Error::Invalid(_));
    assert!(client.topic("{t}").is_err());
    assert!(invalid(topic.bind("q", "a..b").await.expect_err("no pattern")));
    assert!(invalid(topic.bind("q", "user*").await.expect_err("no wildcard")));
    assert!(invalid(topic.bind("two words", "#").await.expect_err("no queue")));
    assert!(invalid(topic.bind("q", "#").job(" x").await.expect_err("no name")));
    assert!(invalid(
        topic.bind("q", "#").filter(Filter::header("x")).await.expect_err("no filter")
    ));
    assert!(invalid(client.publish("t", "user.*", 1).await.expect_err("a pattern")));
    assert!(invalid(client.publish("{t}", "user", 1).await.expect_err("no topic")));
    assert!(invalid(client.publish("t", "user", 1).priority(4_000).await.expect_err("too late")));
    let large = vec![0_u8; 2 << 20];
    assert!(matches!(client.publish("t", "user", large).await, Err(Error::Payload(_))));
    assert_eq!(topic.stats().await.expect("read").published, 0);
}

#[tokio::test]
async fn a_topic_has_a_bound_on_its_bindings() {
    let (client, base) = client_and_base("t").await;
    let mut redis = raw(jobqueue_tests::shared::url()).await;
    let mut set = redis::cmd("HSET");
    set.arg(format!("{base}bindings"));
    for at in 0..1_000 {
        set.arg(format!("q{at} #")).arg("");
    }
    let _: () = set.query_async(&mut redis).await.expect("set");
    let topic = client.topic("t").expect("a good name");
    let refused = topic.bind("one-more", "#").await.expect_err("too many");
    assert!(
        matches!(&refused, Error::Refused(Refused::TooManyBindings { topic, most: 1_000, .. }) if topic.as_str() == "t"),
        "{refused}"
    );
}

#[tokio::test]
async fn many_are_published_in_order() {
    let client = client().await;
    let topic = client.topic("numbers").expect("a good name");
    topic.bind("all", "#").await.expect("bound");
    topic.bind("named", "#").job("number").await.expect("bound");
    let receipts = client.publish_all("numbers", "n", 0..2_600_u32).await.expect("published");
    assert_eq!(receipts.len(), 2_600);
    assert!(receipts.iter().all(|receipt| receipt.targets() == 2));
    assert!(receipts.is_sorted_by_key(|receipt| receipt.id().clone()));
    for queue in ["all", "named"] {
        let first = arrived(&client, queue, 2_600).await;
        assert!(
            first
                .iter()
                .zip(&receipts)
                .all(|(job, receipt)| { job.id.as_str().starts_with(receipt.id().as_str()) })
        );
        let queue = client.queue(queue).expect("a good name");
        assert_eq!(queue.counts().await.expect("counted").waiting, 2_600);
    }
    wait::eventually("all to be delivered", async || topic.stats().await.unwrap().underway == 0)
        .await;
    let empty: [u32; 0] = [];
    assert!(client.publish_all("numbers", "n", empty).await.expect("nothing").is_empty());
}

#[tokio::test]
async fn a_topic_and_a_queue_of_one_name_get_along() {
    let client = client().await;
    let topic = client.topic("user-events").expect("a good name");
    topic.bind("user-events", "#").await.expect("bound");
    let queue = client.queue("user-events").expect("a good name");
    let job = queue.add("by-hand", &1).await.expect("added");
    client.publish("user-events", "user.created", 2_u32).await.expect("published");
    let jobs = arrived(&client, "user-events", 2).await;
    assert_eq!(jobs[0].id.as_str(), ids(&[job])[0]);
    queue.obliterate().await.expect("gone");
    assert_eq!(topic.bindings().await.expect("read").len(), 1, "the topic stays");
    client.publish("user-events", "user.created", 3_u32).await.expect("published");
    assert_eq!(payloads(&arrived(&client, "user-events", 1).await), [3]);
    assert!(topic.obliterate().await.expect("gone"));
    assert!(!topic.obliterate().await.expect("gone"), "it was");
    let receipt = client.publish("user-events", "user.created", 4_u32).await.expect("published");
    assert!(receipt.is_unroutable());
}
