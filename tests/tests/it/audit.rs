//! The log of operators' actions.

use std::{future::poll_fn, task::Poll, time::Duration};

use jobqueue::{
    Client, DurationExt, JobId, JobState, Retain,
    audit::{Actor, AuditAnswer, AuditEntry},
    find::JobFilter,
    job,
    schedule::Every,
};
use jobqueue_tests::{names, server::RedisServer, shared, wait::eventually};

use crate::support::{blocking, client_of};

#[job(queue = "orders")]
async fn order(_n: u32) {}

async fn log(client: &Client) -> Vec<AuditEntry> {
    client.audit_log().newest(1_000).await.expect("read")
}

/// What was done, the oldest first.
async fn actions(client: &Client) -> Vec<String> {
    let mut all: Vec<String> = log(client).await.into_iter().map(|entry| entry.action).collect();
    all.reverse();
    all
}

async fn scene(client: &Client) {
    let alice = client.acting_as(Actor::new("alice").at("10.1.2.3"));
    let orders = alice.queue("orders").expect("a good name");
    // Refusals, too.
    orders.pause().await.expect_err("there is no such queue");
    let job = client.add(order, 1).await.expect("added");
    let plain = client.queue("orders").expect("a good name");
    plain.pause().await.expect("paused");
    plain.resume().await.expect("resumed");

    assert!(orders.pause().await.expect("paused"));
    assert!(!orders.pause().await.expect("already"));
    orders.resume().await.expect("resumed");
    orders.set_limits().max_active(7).await.expect("set");
    let own = orders.job(job.id());
    own.set_priority(3).await.expect("changed");
    own.retry().await.expect_err("it waits");
    own.remove().await.expect("removed");
    let bob = client.acting_as("bob").queue("orders").expect("a good name");
    assert_eq!(bob.drain().await.expect("drained"), 0);

    let all = log(client).await;
    let told: Vec<(&str, &str, Option<u64>)> =
        all.iter().rev().map(|it| (&*it.who, &*it.action, it.count)).collect();
    assert_eq!(
        told,
        [
            ("alice", "pause", None),
            ("alice", "pause", Some(1)),
            ("alice", "pause", Some(0)),
            ("alice", "resume", Some(1)),
            ("alice", "set_limits", None),
            ("alice", "set_priority", None),
            ("alice", "retry", None),
            ("alice", "remove", None),
            ("bob", "drain", Some(0)),
        ]
    );
    let first = all.last().expect("an entry");
    assert!(matches!(&first.answer, AuditAnswer::Failed(why) if why.contains("no such queue")));
    assert_eq!(first.address.as_deref(), Some("10.1.2.3"));
    assert!(first.from.contains(&format!(":{} ", std::process::id())), "{first:?}");
    let limits = &all[4];
    assert_eq!((limits.on.as_deref(), &limits.answer), (Some("active=7"), &AuditAnswer::Done));
    assert_eq!(all[2].on.as_deref(), Some(job.id().as_str()));
    assert!(matches!(&all[2].answer, AuditAnswer::Failed(why) if why.contains("waiting")));

    // Filters, and going on.
    let bobs = client.audit_log().who("bob").newest(10).await.expect("read");
    assert!(bobs.len() == 1 && bobs[0].address.is_none());
    assert_eq!(client.audit_log().action("pause").newest(2).await.expect("read").len(), 2);
    assert!(client.audit_log().queue("mails").newest(10).await.expect("read").is_empty());
    let older = client.audit_log().before(&all[1].id).newest(1).await.expect("read");
    assert_eq!(older[0], all[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_server() {
    scene(&client_of(shared::url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_engine() {
    scene(&client_of("embedded:").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_action_is_noted() {
    let client = client_of(shared::url()).await;
    let ops = client.acting_as("ops");
    let orders = ops.queue("orders").expect("a good name");
    orders.create().await.expect("made");
    for id in ["a", "b", "c"] {
        client.add(order, 1).id(id).delay(1.hours()).await.expect("added");
    }
    let job = |id: &str| orders.job(id.parse::<JobId>().expect("a good id"));
    job("a").set_delay(1.hours()).await.expect("delayed");
    job("a").promote().await.expect("promoted");
    job("a").edit_options().attempts(3).await.expect("edited");
    job("a").cancel().await.expect("cancelled");
    job("a").retry().await.expect("retried");
    orders.cancel_all(["b".parse::<JobId>().expect("a good id")]).await.expect("done");
    let filter = JobFilter::new().name("order").state(JobState::Delayed);
    orders.cancel_where(filter).await.expect("cancelled");
    orders.retry_failed().await.expect("none");
    orders.clean(JobState::Completed, Duration::ZERO).await.expect("none");
    orders.lift_throttle().await.expect("none");
    ops.dead_letters("orders").expect("a good name").redrive().await.expect("none");

    client.schedule("hourly", Every::new(1.hours()), order, 1).await.expect("made");
    let schedules = orders.schedules();
    schedules.pause("hourly").await.expect("paused");
    schedules.resume("hourly").await.expect("resumed");
    schedules.reschedule("hourly", Every::new(2.hours())).await.expect("moved");
    schedules.give_back("hourly").await.expect("given back");
    schedules.run_now("hourly").await.expect("run");
    schedules.remove("hourly").await.expect("removed");

    let topic = ops.topic("news").expect("a good name");
    topic.bind("orders", "a.*").await.expect("bound");
    topic.keep(Retain::count(3)).await.expect("kept");
    topic.unbind("orders", "a.*").await.expect("unbound");
    topic.obliterate().await.expect("removed");
    orders.obliterate().force().await.expect("removed");

    let expected = [
        "create",
        "set_delay",
        "promote",
        "edit",
        "cancel",
        "retry",
        "cancel_all",
        "cancel_where",
        "cancel_where",
        "retry_failed",
        "clean",
        "lift_throttle",
        "redrive",
        "redrive",
        "pause_schedule",
        "resume_schedule",
        "reschedule",
        "give_back_schedule",
        "run_schedule",
        "remove_schedule",
        "bind",
        "configure_topic",
        "unbind",
        "delete_topic",
        "obliterate",
    ];
    assert_eq!(actions(&client).await, expected);
    let begun = log(&client).await.into_iter().filter(|it| it.answer == AuditAnswer::Begun);
    assert_eq!(begun.count(), 2, "bulk work says when it begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_acts_and_nothing_is_written() {
    let prefix = names::queue("t");
    let builder = Client::builder(shared::url()).prefix(&prefix);
    let client = builder.connect().await.expect("the server is there");
    let queue = client.queue("orders").expect("a good name");
    queue.create().await.expect("made");
    queue.pause().await.expect("paused");
    let exists: bool = redis::cmd("EXISTS")
        .arg(format!("{prefix}:audit"))
        .query(&mut blocking(shared::url()))
        .expect("asked");
    assert!(!exists);
}

/// On one thread: on two, the answer could be there before the first poll is over.
#[tokio::test]
async fn an_action_that_nobody_waits_for_is_noted_all_the_same() {
    let client = client_of(shared::url()).await;
    let ops = client.acting_as("ops").queue("orders").expect("a good name");
    ops.create().await.expect("made");
    let mut pause = Box::pin(ops.pause());
    // Polled once: it is on its way.
    let first = poll_fn(|cx| Poll::Ready(pause.as_mut().poll(cx).is_pending())).await;
    assert!(first, "it waits for Redis");
    drop(pause);
    eventually("the note", async || actions(&client).await == ["create", "pause"]).await;
    assert_eq!(log(&client).await[0].answer, AuditAnswer::GivenUp);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_is_answered_though_the_log_may_not_be_written_and_the_log_is_capped() {
    let users = "user default on nopass ~* &* +@all\n\
        user few on >few ~jq:{*}:* &* +@all\n";
    let server = RedisServer::builder().acl(users).start();
    let few = Client::connect(&server.url_as("few", "few")).await.expect("the server is there");
    let orders = few.acting_as("ops").queue("orders").expect("a good name");
    orders.create().await.expect("made, though nothing notes it");
    assert!(orders.pause().await.expect("paused"));
    assert!(few.audit_log().newest(1).await.is_err(), "its ACL forbids to read it");
    let all = Client::connect(&server.url()).await.expect("the server is there");
    assert!(log(&all).await.is_empty());

    let mut filling = redis::pipe();
    for _ in 0..12_000 {
        filling.cmd("XADD").arg("jq:audit").arg("*").arg("e").arg("x").ignore();
    }
    filling.query::<()>(&mut server.connection()).expect("filled");
    all.acting_as("ops").queue("orders").expect("a good name").resume().await.expect("resumed");
    let kept: u64 =
        redis::cmd("XLEN").arg("jq:audit").query(&mut server.connection()).expect("counted");
    assert!((10_000..10_200).contains(&kept), "{kept}");
    let newest = all.audit_log().newest(1).await.expect("read");
    assert_eq!(newest[0].action, "resume", "what others have written there is left out");
}
