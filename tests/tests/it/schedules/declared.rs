//! Schedules that handlers declare, their owners, and deploys.

use jobqueue::{
    Client, DurationExt as _, job,
    schedule::{Every, ScheduleInfo},
    telemetry::WorkerEvent,
};
use jobqueue_tests::wait::eventually;

use crate::support::{Running, client, worker};

#[job(queue = "billing", schedule = "0 3 * * *", tz = "Europe/Berlin", catch_up = within("1d"))]
async fn close_day(_: ()) {}

#[job(queue = "billing", every = "1h", offset = "5m", jitter = "10s", overlap = allow)]
async fn remind(_: Vec<u32>) {}

async fn all(client: &Client) -> Vec<ScheduleInfo> {
    client.queue("billing").expect("a good name").schedules().list().await.expect("listed")
}

async fn ids(client: &Client) -> Vec<String> {
    all(client).await.iter().map(|info| info.id.to_string()).collect()
}

/// The first schedule that a worker leaves alone, and why.
async fn kept(running: &Running) -> (String, String) {
    let mut events = running.handle.events();
    let told = async {
        loop {
            let event = events.next().await.expect("an event");
            if let WorkerEvent::ScheduleKept { schedule, reason, .. } = event {
                return (schedule.to_string(), reason.to_string());
            }
        }
    };
    tokio::time::timeout(2.seconds(), told).await.expect("told")
}

#[tokio::test]
async fn a_worker_makes_what_its_handlers_declare_and_retires_what_they_do_no_more() {
    let client = client().await;
    let first = worker(&client).handler(close_day).handler(remind).schedules_of("billing");
    let running = Running::start(first);
    eventually("schedules come to this", async || ids(&client).await == ["close_day", "remind"])
        .await;
    let made = all(&client).await;
    assert_eq!(made[0].timing.as_deref(), Some("0 3 * * * (Europe/Berlin)"));
    assert_eq!(made[0].owner.as_deref(), Some("billing"));
    assert_eq!(made[1].next.map(|next| next.timestamp() % 3_600), Some(300));
    running.stop().await;

    client.schedule("mine", Every::new(1.hours()), remind, vec![7]).await.expect("made");
    let other = Running::start(worker(&client).handler(remind).schedules_of("reports"));
    assert_eq!(kept(&other).await, ("remind".to_owned(), "another owner".to_owned()));
    assert_eq!(ids(&client).await.len(), 3);
    other.stop().await;

    let next = Running::start(worker(&client).handler(remind).schedules_of("billing"));
    eventually("schedules come to this", async || ids(&client).await == ["mine", "remind"]).await;
    next.stop().await;
}

#[tokio::test]
async fn without_an_owner_nothing_is_retired_and_a_pause_survives_a_deploy() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(close_day).handler(remind));
    eventually("schedules come to this", async || ids(&client).await.len() == 2).await;
    let schedules = client.queue("billing").expect("a good name").schedules();
    schedules.pause("remind").await.expect("paused");
    running.stop().await;
    let next = Running::start(worker(&client).handler(remind));
    assert_eq!(kept(&next).await, ("remind".to_owned(), "paused".to_owned()));
    let paused = schedules.get("remind").await.expect("read").expect("it is there");
    assert!(paused.paused && paused.next.is_none(), "{paused:?}");
    assert_eq!(ids(&client).await.len(), 2);
    next.stop().await;
}

#[job(queue = "billing", schedule = "61 * * * *")]
async fn wrong_pattern(_: ()) {}

#[job(queue = "billing", schedule = "0 3 * * *", tz = "Europe/Atlantis")]
async fn wrong_zone(_: ()) {}

#[tokio::test]
async fn a_pattern_or_a_zone_that_cannot_be_read_is_found_when_the_worker_is_built() {
    let client = client().await;
    let pattern = worker(&client).handler(wrong_pattern).build().map(drop);
    let pattern = pattern.expect_err("a wrong pattern").to_string();
    assert!(pattern.contains("wrong_pattern") && pattern.contains("61 * * * *"), "{pattern}");
    let zone = worker(&client).handler(wrong_zone).build().map(drop);
    let zone = zone.expect_err("a wrong zone").to_string();
    assert!(zone.contains("Europe/Atlantis"), "{zone}");
}
