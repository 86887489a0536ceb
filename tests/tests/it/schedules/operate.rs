//! Operators: looking, pausing, moving, removing, running by hand.

use std::time::Duration;

use jobqueue::{
    Client, DurationExt as _, Error, JobHandle, JobState, Unique,
    error::Refused,
    job,
    schedule::{Cron, Every, Schedules},
    unique::Added,
};

use crate::support::client;

#[job(queue = "reports")]
async fn report(_kind: String) {}

async fn hourly(client: &Client) -> Schedules {
    let made = client.schedule("hourly", Every::new(1.hours()), report, "sales".to_owned());
    made.offset(5.minutes()).priority(-3).header("tenant", "blue").await.expect("made");
    client.queue("reports").expect("a good name").schedules()
}

#[tokio::test]
async fn all_that_is_known_of_a_schedule() {
    let client = client().await;
    let schedules = hourly(&client).await;
    let tz = "Europe/Berlin".parse().expect("a zone");
    let cron = Cron::parse("0 3 * * *").expect("a pattern").in_zone(tz);
    schedules.add("nightly", cron, "report", "all").await.expect("made");
    let all = schedules.list().await.expect("listed");
    let ids: Vec<&str> = all.iter().map(|info| info.id.as_str()).collect();
    assert_eq!(ids, ["hourly", "nightly"]);
    assert_eq!(all[0].timing.as_deref(), Some("every 1h"));
    assert_eq!(all[1].timing.as_deref(), Some("0 3 * * * (Europe/Berlin)"));
    let ticks = all[0].next_ticks(3);
    assert!(ticks.iter().all(|tick| tick.timestamp() % 3_600 == 300), "{ticks:?}");
    assert!(ticks.windows(2).all(|pair| pair[1] - pair[0] == chrono::TimeDelta::hours(1)));
    assert_eq!(all[1].next_ticks(30).len(), 30);
    assert!(schedules.get("none").await.expect("read").is_none());
    let json = serde_json::to_value(&all[0]).expect("json");
    assert_eq!((&json["id"], &json["fired"]), (&"hourly".into(), &0.into()));
}

#[tokio::test]
async fn what_an_operator_changes_a_program_leaves_alone() {
    let client = client().await;
    let schedules = hourly(&client).await;
    assert!(schedules.pause("hourly").await.expect("paused"));
    assert!(!schedules.pause("hourly").await.expect("no change"));
    schedules.reschedule("hourly", Every::new(2.hours())).await.expect("moved");
    hourly(&client).await;
    let info = schedules.get("hourly").await.expect("read").expect("it is there");
    assert!(info.paused && info.moved && info.next.is_none(), "{info:?}");
    assert_eq!(info.timing.as_deref(), Some("every 2h"));
    assert!(schedules.resume("hourly").await.expect("resumed"));
    assert!(!schedules.resume("hourly").await.expect("no change"));
    let info = schedules.get("hourly").await.expect("read").expect("it is there");
    assert_eq!(info.next.map(|next| next.timestamp() % 7_200), Some(0), "{info:?}");
    assert!(schedules.give_back("hourly").await.expect("given back"));
    hourly(&client).await;
    let info = schedules.get("hourly").await.expect("read").expect("it is there");
    assert_eq!((info.timing.as_deref(), info.moved), (Some("every 1h"), false));
    assert_eq!(info.next.map(|next| next.timestamp() % 3_600), Some(300), "{info:?}");
}

#[tokio::test]
async fn run_now_adds_a_job_and_leaves_the_tick() {
    let client = client().await;
    let schedules = hourly(&client).await;
    let before = schedules.get("hourly").await.expect("read").expect("it is there");
    let job = schedules.run_now("hourly").await.expect("added");
    let info = job.info().await.expect("read");
    assert_eq!((info.state, info.priority), (JobState::Waiting, -3));
    assert_eq!(info.payload::<String>().expect("text"), "sales");
    let from = info.record.options.schedule.clone().expect("it comes from the schedule");
    assert_eq!((from.id.as_str(), from.tick), ("hourly", None));
    let after = schedules.get("hourly").await.expect("read").expect("it is there");
    assert_eq!((after.next, after.fired), (before.next, 1));
    assert_eq!(after.last_job.as_ref(), Some(job.id()));
    let full = client.queue("reports").expect("a good name");
    full.set_limits().max_length(1).await.expect("set");
    let refused = schedules.run_now("hourly").await.map(drop);
    assert!(matches!(refused, Err(Error::Refused(Refused::QueueFull { .. }))), "{refused:?}");
}

/// Runs a schedule by hand whose jobs have this key, twice: what each did, and its handle.
async fn keyed(client: &Client, unique: Unique) -> [JobHandle<serde_json::Value>; 2] {
    let made = client.schedule("keyed", Every::new(1.hours()), report, "new".to_owned());
    made.unique(unique).await.expect("made");
    let schedules = client.queue("reports").expect("a good name").schedules();
    let run = async || schedules.run_now("keyed").await.expect("an answer");
    [run().await, run().await]
}

#[tokio::test]
async fn run_now_answers_as_an_add_what_became_of_a_job_whose_key_is_taken() {
    for (unique, delay, added) in [
        (Unique::by("k"), 0, Added::Existed),
        (Unique::by("k").lasting(1.hours()), 0, Added::Existed),
        (Unique::by("k").replace(), 0, Added::Replaced),
        (Unique::by("k").keep_last(), 0, Added::Replaced),
        (Unique::by("k").keep_last(), 60, Added::Replaced),
        (Unique::by("k").debounce(1.hours()), 60, Added::Extended),
    ] {
        let client = client().await;
        let old = client.add(report, "old".to_owned()).unique(unique.clone());
        let old = old.delay(Duration::from_secs(delay)).await.expect("added");
        for job in keyed(&client, unique.clone()).await {
            // A debounce isn't delayed by it: the second one meets a job that is due.
            let now = Added::Extended == added && *job.added() == Added::Replaced;
            assert!(*job.added() == added || now, "{unique:?}: {job:?}");
            assert_eq!(job.id(), old.id(), "{unique:?}");
            let text = job.info().await.expect("it is there").payload::<String>().expect("text");
            assert_eq!(text == "new", added != Added::Existed, "{unique:?}");
        }
        let queue = client.queue("reports").expect("a good name");
        let info = queue.schedules().get("keyed").await.expect("read").expect("it is there");
        let last = (added != Added::Existed).then(|| old.id().clone());
        assert_eq!((info.last_job, info.left_out), (last, 0), "{unique:?}");
        assert_eq!(info.fired, if added == Added::Existed { 0 } else { 2 }, "{unique:?}");
    }
}

#[tokio::test]
async fn run_now_adds_one_that_runs_after_the_one_that_runs() {
    for unique in [Unique::by("k").keep_last(), Unique::by("k").debounce(1.hours())] {
        let client = client().await;
        let queue = client.queue("reports").expect("a good name");
        let old = client.add(report, "old".to_owned()).unique(unique.clone());
        let old = old.at(chrono::DateTime::UNIX_EPOCH).await.expect("added");
        let delivery = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
        let [first, second] = keyed(&client, unique).await;
        assert_eq!(first.added(), &Added::After(old.id().clone()));
        let replaced = [Added::Replaced, Added::Extended].contains(second.added());
        assert!(replaced && second.id() == first.id(), "{second:?}");
        let info = queue.schedules().get("keyed").await.expect("read").expect("it is there");
        assert_eq!(info.last_job.as_ref(), Some(first.id()));
        delivery.complete().await.expect("settled");
        let next = queue.receive(1, 2.seconds()).await.expect("asked").pop().expect("a job");
        assert_eq!(next.id(), first.id());
    }
}

#[tokio::test]
async fn what_is_removed_is_gone_and_changes_of_it_are_refused() {
    let client = client().await;
    let schedules = hourly(&client).await;
    assert!(schedules.remove("hourly").await.expect("removed"));
    assert!(!schedules.remove("hourly").await.expect("no change"));
    assert!(schedules.list().await.expect("listed").is_empty());
    for refused in [
        schedules.pause("hourly").await.map(drop),
        schedules.resume("hourly").await.map(drop),
        schedules.reschedule("hourly", Every::new(1.hours())).await,
        schedules.run_now("hourly").await.map(drop),
    ] {
        let expected = matches!(refused, Err(Error::Refused(Refused::NoSchedule { .. })));
        assert!(expected, "{refused:?}");
    }
}

#[tokio::test]
async fn a_queue_that_is_obliterated_has_no_schedules() {
    let client = client().await;
    let schedules = hourly(&client).await;
    client.queue("reports").expect("a good name").obliterate().await.expect("gone");
    assert!(schedules.list().await.expect("listed").is_empty());
}

#[tokio::test]
async fn numbers_out_of_range_are_refused_before_anything_is_sent() {
    let client = client().await;
    let schedules = hourly(&client).await;
    let every = Every::new(1.hours());
    let add = || schedules.add("x", every, "report", "x");
    let long = "x".repeat(97);
    for refused in [
        schedules.add("x", Every::new(1.millis()), "report", "x").await,
        schedules.add("two words", every, "report", "x").await,
        schedules.add(&long, every, "report", "x").await,
        add().limit(0).await,
        add().jitter(400.days()).await,
        add().offset(400.days()).await,
        add().priority(2_000).await,
        add().start(chrono::Utc::now()).end(chrono::DateTime::UNIX_EPOCH).await,
    ] {
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
}
