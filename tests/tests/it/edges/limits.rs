//! What a queue and a topic are set to.

use std::time::Duration;

use chrono::{DateTime, Utc};
use jobqueue::{
    Client, DurationExt as _, Error, Queue, Rate, Retain, error::Refused, manage::SetLimits,
    topic::Start,
};
use jobqueue_tests::edges::{COUNTS, TIMES, Table, looks, works};

use crate::support::client;

fn queue(client: &Client, name: impl std::fmt::Display) -> Queue {
    client.queue(name.to_string()).expect("a good name")
}

type Setter = fn(SetLimits, u64) -> SetLimits;

#[tokio::test]
async fn counts_of_a_queue() {
    let (client, mut table) = (client().await, Table::default());
    let setters: [(&str, Setter); 3] = [
        ("max_length", |limits, count| limits.max_length(count)),
        ("max_active", |limits, count| limits.max_active(count)),
        ("events", |limits, count| limits.events(count)),
    ];
    for (name, set) in setters {
        for count in COUNTS {
            let queue = queue(&client, format!("{name}-{count}"));
            let set = set(queue.set_limits(), count).await;
            if name == "max_length" && count == 0 {
                // Just that is what it means.
                let refused = queue.add("any", &1).await;
                assert!(matches!(refused, Err(Error::Refused(Refused::QueueFull { .. }))));
                table.note("max_length(0)", &set, looks(&queue).await);
            } else {
                table.note(format!("{name}({count})"), &set, works(&queue).await);
            }
            assert_eq!(set.is_ok(), count <= 1_000_000_000 && (name, count) != ("max_active", 0));
        }
    }
    table.assert_sound();
}

#[tokio::test]
async fn rates_of_a_queue() {
    let (client, mut table) = (client().await, Table::default());
    for max in [0, 1, 1_000_000, u32::MAX] {
        for per in TIMES.into_iter().chain([1.seconds(), 3_650.days()]) {
            for burst in [0, 1, 1_000_000, u32::MAX] {
                let rate = Rate::new(max, per).burst(burst);
                let queue = queue(&client, format!("rate-{max}-{}-{burst}", per.as_nanos()));
                let set = queue.set_limits().rate(rate).await;
                // One start is left after a pause, at any rate.
                table.note(format!("{rate:?}"), &set, works(&queue).await);
            }
        }
    }
    table.assert_sound();
}

#[tokio::test]
async fn times_of_a_queue() {
    let (client, mut table) = (client().await, Table::default());
    for (at, time) in TIMES.into_iter().enumerate() {
        let aged = queue(&client, format!("aging-{at}"));
        let set = aged.set_limits().aging(time).await;
        table.note(format!("aging({time:?})"), &set, works(&aged).await);
        let expiring = queue(&client, format!("ttl-{at}"));
        let set = expiring.set_limits().ttl(time).await;
        // With a shorter one, nothing might be left to receive.
        let works = if time < 1.hours() { looks(&expiring).await } else { works(&expiring).await };
        table.note(format!("ttl({time:?})"), &set, works);
    }
    table.assert_sound();
}

#[tokio::test]
async fn what_a_topic_keeps() {
    let (client, mut table) = (client().await, Table::default());
    let counts = COUNTS.map(Retain::count).into_iter();
    let ages = TIMES.map(Retain::age).into_iter();
    let both = TIMES.map(|age| Retain::count(u64::MAX).and_age(age)).into_iter();
    for (at, retain) in counts.chain(ages).chain(both).chain([Retain::all()]).enumerate() {
        let (topic, bound) = (format!("topic-{at}"), queue(&client, format!("bound-{at}")));
        let topic = client.topic(topic).expect("a good name");
        topic.bind(bound.name().as_str(), "#").await.expect("bound");
        let set = topic.keep(retain).await;
        let works = async {
            for n in 1..=2_u64 {
                client.publish(topic.name().as_str(), "k", n).await?;
                topic.flush().await?;
                let waiting = bound.counts().await?.waiting;
                assert_eq!(waiting, n, "{retain:?}: each once, if it is said to be published");
            }
            topic.stats().await.map(drop)
        };
        table.note(format!("keep({retain:?})"), &set, works.await);
    }
    table.assert_sound();
}

#[tokio::test]
async fn where_a_binding_starts() {
    let client = client().await;
    let topic = client.topic("past").expect("a good name");
    topic.keep(Retain::all()).await.expect("kept");
    client.publish("past", "k", 1_u64).await.expect("published");
    let times = [DateTime::<Utc>::MIN_UTC, DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC];
    for (at, time) in times.into_iter().enumerate() {
        let bound = queue(&client, format!("bound-{at}"));
        let bind = topic.bind(bound.name().as_str(), "#").from(Start::Time(time));
        bind.await.expect("bound");
        let past = bound.counts().await.expect("counted").waiting;
        assert_eq!(past, u64::from(time < Utc::now()), "{time}");
    }
}

#[tokio::test]
async fn steering_and_looking() {
    let client = client().await;
    let queue = queue(&client, "steered");
    works(&queue).await.expect("a completed job");
    let job = queue.add("any", &1).delay(1.hours()).await.expect("added");
    for time in TIMES {
        job.set_delay(time).await.expect("a delay of any length");
        looks(&queue).await.expect("looked");
    }
    for priority in [i16::MIN, -1_025, 1_024, i16::MAX] {
        let answer = job.set_priority(priority).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{priority}: {answer:?}");
    }
    let completed = queue.jobs(jobqueue::JobState::Completed);
    for (offset, count) in [(0, u64::MAX), (u64::MAX, 1), (u64::MAX, u64::MAX), (1 << 53, 7)] {
        let ids = completed.ids(offset, count).await.expect("a page");
        assert_eq!(ids.len(), usize::from(offset == 0), "{offset} {count}");
        let active = queue.jobs(jobqueue::JobState::Active).ids(offset, count).await;
        assert!(active.expect("a page").is_empty());
    }
    for from in [0, 1 << 31, usize::MAX] {
        assert!(job.logs(from).await.expect("no line").is_empty());
    }
    let clean = async |age| queue.clean(jobqueue::JobState::Completed, age).await.expect("cleaned");
    assert_eq!(clean(Duration::MAX).await, 0);
    assert_eq!(clean(Duration::ZERO).await, 1);
}
