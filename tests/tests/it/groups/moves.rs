//! Jobs of groups that go anywhere, and come back.

use std::time::Duration;

use jobqueue::{DurationExt as _, Failure, JobState, State, Unique, job};
use jobqueue_tests::wait::{at_once, eventually};
use redis::AsyncCommands as _;
use serde::{Deserialize, Serialize};

use super::{add, batch, next, queue, waiting};
use crate::support::{Count, Running, client, client_and_base, raw, worker};
use jobqueue_tests::shared;

#[tokio::test]
async fn what_goes_back_is_next_in_its_group() {
    let client = client().await;
    let orders = queue(&client);
    add(&orders, Some("a"), 0..3).await;
    add(&orders, Some("b"), 100..103).await;
    // With a set of its own, and without.
    orders.add("work", &50_u32).group("a").priority(-1).await.expect("added");
    let out = orders.receive(3, 1.seconds()).await.expect("received");
    for job in out {
        job.release().await.expect("it goes back");
    }
    assert_eq!(waiting(&orders).await, 7);
    assert_eq!(batch(&orders, 9).await, [100, 50, 0, 101, 1, 102, 2]);
}

#[tokio::test]
async fn a_failed_attempt_a_delay_and_a_retry_by_hand_come_back_to_their_groups() {
    let client = client().await;
    let orders = queue(&client);
    add(&orders, Some("a"), [0]).await;
    let failing = orders.receive(1, 1.seconds()).await.expect("received").remove(0);
    failing.fail(Failure::retry_after(Duration::ZERO, "again")).await.expect("settled");
    orders.add("work", &1_u32).group("a").delay(1.hours()).await.expect("added");
    let delayed = orders.jobs(JobState::Delayed).page(0, 1).await.expect("read").remove(0);
    orders.job(delayed.id).promote().await.expect("promoted");
    add(&orders, Some("a"), [2]).await;
    let failed = orders.add("work", &3_u32).group("a").attempts(1).await.expect("added");
    add(&orders, Some("b"), 100..104).await;
    let out = orders.receive(7, 1.seconds()).await.expect("received");
    for job in out {
        if job.id() == failed.id() {
            job.fail("no").await.expect("settled");
        } else {
            job.release().await.expect("back");
        }
    }
    failed.retry().await.expect("it waits again");
    assert_eq!(batch(&orders, 9).await, [0, 100, 1, 101, 2, 102, 103, 3]);
}

#[tokio::test]
async fn what_is_due_comes_to_its_group() {
    let client = client().await;
    let orders = queue(&client);
    for n in 0..3_u32 {
        orders.add("work", &n).group("a").delay(Duration::from_millis(30)).await.expect("added");
    }
    add(&orders, Some("b"), 100..103).await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    // It becomes ready with the call that fetches.
    assert_eq!(batch(&orders, 9).await, [0, 100, 1, 101, 2, 102]);
}

#[tokio::test]
async fn another_priority_moves_a_job_in_its_group() {
    let client = client().await;
    let orders = queue(&client);
    add(&orders, Some("a"), 0..4).await;
    add(&orders, Some("b"), [100]).await;
    let jobs = orders.jobs(JobState::Waiting).page(0, 9).await.expect("read");
    let of = |n: u32| {
        let found = jobs.iter().find(|job| job.payload::<u32>() == Ok(n)).expect("it waits");
        orders.job(found.id.clone())
    };
    of(3).set_priority(-4).await.expect("changed");
    of(0).set_priority(4).await.expect("changed");
    of(1).set_priority(0).await.expect("as it was");
    of(3).set_priority(-5).await.expect("changed again");
    assert_eq!(batch(&orders, 9).await, [100, 3, 1, 2, 0]);
}

#[tokio::test]
async fn an_aging_that_changes_keeps_each_groups_order() {
    let client = client().await;
    let orders = queue(&client);
    add(&orders, Some("a"), 0..2).await;
    orders.add("work", &50_u32).group("a").priority(-1).await.expect("added");
    orders.add("work", &60_u32).group("a").priority(9).await.expect("added");
    add(&orders, None, [200]).await;
    let out = orders.receive(2, 1.seconds()).await.expect("received");
    orders.set_limits().aging(1.hours()).await.expect("set");
    for job in out {
        job.release().await.expect("back");
    }
    assert_eq!(batch(&orders, 9).await, [50, 0, 200, 1, 60]);
}

#[tokio::test]
async fn removed_and_cancelled_jobs_leave_nothing() {
    let (client, base) = client_and_base("orders").await;
    let orders = queue(&client);
    for priority in [0, 3] {
        let mut jobs = Vec::new();
        for n in 0..4_u32 {
            jobs.push(orders.add("work", &n).group("a").priority(priority).await.expect("added"));
        }
        jobs[0].remove().await.expect("removed");
        jobs[1].cancel().await.expect("cancelled");
        assert_eq!(waiting(&orders).await, 2);
        orders.drain().await.expect("drained");
    }
    assert_eq!(next(&orders, 0).await, Vec::<u32>::new());
    let mut raw = raw(shared::url()).await;
    let column: Vec<String> = raw.hkeys(format!("{base}group_of")).await.expect("read");
    // Of the two that are kept, the record of one says its group.
    assert_eq!(column.len(), 1);
    let apart: i64 = raw.exists(format!("{base}waiting:a")).await.expect("read");
    let groups: i64 = raw.exists(format!("{base}groups")).await.expect("read");
    assert_eq!((apart, groups), (0, 0));

    add(&orders, Some("a"), 0..3).await;
    orders.add("work", &9_u32).group("b").priority(1).await.expect("added");
    orders.groups().set_weight("a", 2).await.expect("set");
    orders.obliterate().await.expect("gone");
    let left: Vec<String> = raw.keys(format!("{base}*")).await.expect("read");
    let known = ["outbox", "sources", "sender:", "producer:", "wake:"];
    let left: Vec<_> = left.iter().filter(|key| !known.iter().any(|it| key.contains(it))).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn one_that_replaces_another_has_its_own_group() {
    let client = client().await;
    let orders = queue(&client);
    let unique = || Unique::by("k").replace();
    add(&orders, Some("a"), 0..2).await;
    orders.add("work", &10_u32).group("a").unique(unique()).await.expect("added");
    orders.add("work", &20_u32).group("b").unique(unique()).await.expect("replaced");
    assert_eq!(batch(&orders, 9).await, [0, 20, 1]);
    orders.add("work", &30_u32).group("a").unique(unique()).await.expect("added");
    orders.add("work", &40_u32).unique(unique()).await.expect("replaced");
    assert_eq!(batch(&orders, 9).await, [40]);
    let groups = orders.groups().longest(9).await.expect("read");
    assert_eq!(groups, []);
}

#[tokio::test]
async fn a_group_whose_jobs_were_removed_waits_for_none_of_their_turns() {
    let client = client().await;
    let orders = queue(&client);
    let many = orders.add_all("work", 0..300_u32).group("a").await.expect("added");
    orders.add_all("work", 1_000..1_300_u32).group("b").await.expect("added");
    for job in many {
        job.cancel().await.expect("cancelled");
    }
    add(&orders, Some("a"), [7]).await;
    assert!(batch(&orders, 3).await.contains(&7));
    // The same by a drain, before others come.
    orders.add_all("work", 0..300_u32).group("a").await.expect("added");
    orders.drain().await.expect("drained");
    add(&orders, Some("a"), [8]).await;
    orders.add_all("work", 1_000..1_300_u32).group("b").await.expect("added");
    assert!(batch(&orders, 3).await.contains(&8));
}

#[tokio::test]
async fn a_job_that_comes_back_late_gives_no_one_a_head_start() {
    let client = client().await;
    let orders = queue(&client);
    for (group, from) in [("a", 0), ("b", 1_000)] {
        orders.add_all("work", from..from + 200_u32).group(group).await.expect("added");
    }
    let late = orders.receive(1, 1.seconds()).await.expect("received").remove(0);
    assert_eq!(batch(&orders, 100).await.len(), 100);
    late.release().await.expect("it goes back");
    assert_eq!(batch(&orders, 1).await, [0]);
    orders.add_all("work", 5_000..5_100_u32).group("c").await.expect("added");
    let taken = batch(&orders, 60).await;
    let new = taken.iter().filter(|it| **it >= 5_000).count();
    assert!((19..=21).contains(&new), "{new} of 60");
}

#[tokio::test]
async fn a_record_that_grows_keeps_its_group() {
    let client = client().await;
    let orders = queue(&client);
    let job = orders.add("work", &"small").group("a").await.expect("added");
    job.edit_payload(&"x".repeat(2_000)).await.expect("edited");
    job.set_priority(-1).await.expect("changed");
    let out = orders.receive(1, 1.seconds()).await.expect("received").remove(0);
    assert_eq!(out.group(), Some("a"));
    out.fail(Failure::retry_after(Duration::ZERO, "again")).await.expect("settled");
    let groups = orders.groups().longest(9).await.expect("read");
    assert_eq!(groups.iter().map(|it| it.name.as_deref()).collect::<Vec<_>>(), [Some("a")]);
}

#[derive(Serialize, Deserialize)]
struct Work {
    tenant: Option<String>,
    n: u32,
}

#[job(queue = "orders", group = "work.tenant", attempts = 1, dead_letter = "dead")]
async fn grouped(work: Work, fails: State<Count>) -> Result<u32, Failure> {
    if work.n == 7 && fails.up() == 0 { Err(Failure::permanent("no")) } else { Ok(work.n) }
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_name_the_group_and_dead_letters_come_back_to_it() {
    let client = client().await;
    let orders = queue(&client);
    let work = |tenant: Option<&str>, n| Work { tenant: tenant.map(str::to_owned), n };
    let plain = client.add(grouped, work(None, 1)).await.expect("added");
    let other = client.add(grouped, work(Some("t"), 2)).group("own").await.expect("added");
    let failing = client.add(grouped, work(Some("t"), 7)).await.expect("added");
    let group = async |id| {
        let info = orders.job(id).info().await.expect("read");
        info.record.options.group
    };
    assert_eq!(group(plain.id().clone()).await, None);
    assert_eq!(group(other.id().clone()).await.as_deref(), Some("own"));
    assert_eq!(group(failing.id().clone()).await.as_deref(), Some("t"));
    let running = Running::start(worker(&client).state(Count::default()).handler(grouped));
    assert_eq!(other.result().await.expect("run"), 2);
    let dead = client.dead_letters("dead").expect("a good name");
    eventually("the letter", async || dead.count().await.expect("counted") == 1).await;
    running.stop().await;
    assert_eq!(dead.redrive().await.expect("sent"), 1);
    at_once("the job", async || waiting(&orders).await == 1).await;
    assert_eq!(group(failing.id().clone()).await.as_deref(), Some("t"));
    let groups = orders.groups().longest(9).await.expect("read");
    assert_eq!(groups.iter().map(|it| it.name.as_deref()).collect::<Vec<_>>(), [Some("t")]);
}

#[job(queue = "orders", name = "limited", group = "work.tenant", concurrency = 1)]
async fn limited(work: Work, most: State<Count>) -> Result<u32, Failure> {
    most.up();
    tokio::time::sleep(Duration::from_millis(2)).await;
    most.down();
    assert!(most.get() <= 1);
    Ok(work.n)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handlers_own_limit_keeps_no_group_from_its_end() {
    let client = client().await;
    let mut jobs = Vec::new();
    for n in 0..40 {
        let tenant = Some(format!("t{}", n % 3));
        let add = client.add(limited, Work { tenant, n }).priority(if n % 7 == 0 { -1 } else { 0 });
        jobs.push(add.await.expect("added"));
    }
    let running = Running::start(worker(&client).state(Count::default()).handler(limited));
    for (n, job) in (0..).zip(jobs) {
        assert_eq!(job.result().await.expect("run"), n);
    }
    running.stop().await;
    assert_eq!(waiting(&queue(&client)).await, 0);
}
