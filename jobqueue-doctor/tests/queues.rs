//! Checks of queues.

use std::{future::pending, time::Duration};

use jobqueue::{
    Client, DurationExt as _, Queue, Worker, WorkerBuilder, WorkerHandle, job, schedule::Every,
};
use jobqueue_doctor::{
    Check, Doctor, Finding, Severity, Subject, Thresholds, glance_findings, queue_findings,
};
use jobqueue_tests::wait::{at_once, eventually};
use tokio::task::JoinHandle;

use crate::{client_of, found, report, ship, well, well_with_base};

#[job(queue = "parcels", every = "1h")]
async fn sweep(_: ()) {}

#[job(queue = "parcels")]
async fn hold(_: u64) {
    pending::<()>().await;
}

fn run(builder: WorkerBuilder) -> (WorkerHandle, JoinHandle<jobqueue::Result<()>>) {
    let worker = builder.build().expect("a sound worker");
    let handle = worker.handle();
    (handle, tokio::spawn(worker.run_until(pending())))
}

async fn stop((handle, task): (WorkerHandle, JoinHandle<jobqueue::Result<()>>)) {
    handle.stop(Duration::from_secs(10));
    task.await.expect("no panic").expect("no error");
}

fn parcels(client: &Client) -> Queue {
    client.queue("parcels").expect("a good name")
}

/// Thresholds of nothing at all.
fn strict() -> Thresholds {
    let mut thresholds = Thresholds::default();
    thresholds.unserved = Duration::from_millis(1);
    thresholds.paused = Duration::from_millis(1);
    thresholds.effect = Duration::from_millis(1);
    thresholds.late = Duration::from_millis(1);
    thresholds.big_key = 1;
    thresholds
}

async fn strictly(client: &Client, check: Check) -> Vec<Finding> {
    let report = Doctor::new(client).thresholds(strict()).run().await.expect("a report");
    report.findings.into_iter().filter(|finding| finding.check == check).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_that_are_well_have_no_finding() {
    let (_server, client) = well().await;
    client.add_all(ship, 0..5).await.expect("added");
    let running = run(Worker::builder(&client).handler(ship).handler(sweep));
    let done = async || parcels(&client).counts().await.expect("counts").completed >= 5;
    at_once("all to end", done).await;
    let report = report(&client).await;
    let of_queues = |finding: &&Finding| matches!(finding.subject, Subject::Queue(_));
    assert_eq!(report.findings.iter().find(of_queues), None);
    assert!(report.queues >= 1);
    stop(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_jobs_and_no_worker_is_found_unless_it_is_paused() {
    let (_server, client) = well().await;
    client.add_all(ship, 0..5).await.expect("added");
    eventually("it to be found", async || !strictly(&client, Check::Workers).await.is_empty())
        .await;
    let finding = strictly(&client, Check::Workers).await.remove(0);
    assert!(finding.what.starts_with("5 jobs, no worker for"), "{finding:?}");
    assert_eq!(finding.subject, Subject::Queue("parcels".parse().expect("a name")));
    assert!(finding.since.is_some() && finding.severity == Severity::Error);
    assert!(found(&client, Check::Workers).await.is_empty(), "not yet by the usual thresholds");
    parcels(&client).pause().await.expect("paused");
    assert!(strictly(&client, Check::Workers).await.is_empty());
    let paused = strictly(&client, Check::Paused).await.remove(0);
    assert_eq!(paused.mend, "jobqueue resume parcels");
    assert!(found(&client, Check::Paused).await.is_empty());
    parcels(&client).resume().await.expect("resumed");
    let running = run(Worker::builder(&client).handler(ship));
    at_once("it to be well", async || strictly(&client, Check::Workers).await.is_empty()).await;
    assert!(strictly(&client, Check::Paused).await.is_empty());
    stop(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_that_nobody_reads_are_found() {
    let (_server, client) = well().await;
    client.add(ship, 13).await.expect("added");
    let running = run(Worker::builder(&client).handler(ship));
    let letters = client.dead_letters("parcels-dlq").expect("a name");
    at_once("it to arrive", async || letters.count().await.expect("a count") == 1).await;
    let finding = found(&client, Check::DeadLetters).await.remove(0);
    assert!(finding.what.starts_with("1 dead letter, no reader"), "{finding:?}");
    assert_eq!(finding.severity, Severity::Warning);
    assert!(strictly(&client, Check::Workers).await.is_empty(), "nobody has to work on them");
    letters.queue().drain().await.expect("drained");
    assert!(found(&client, Check::DeadLetters).await.is_empty());
    stop(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_workers_that_are_gone_and_effects_that_stay_are_found() {
    let (server, client, base) = well_with_base().await;
    client.add(hold, 1).await.expect("added");
    let builder = Worker::builder(&client).handler(hold).lease(2.seconds());
    let (handle, task) = run(builder);
    let active = async || parcels(&client).counts().await.expect("counts").active == 1;
    at_once("it to run", active).await;
    assert!(found(&client, Check::Leases).await.is_empty());
    task.abort();
    drop(handle);
    let gone = async || !found(&client, Check::Leases).await.is_empty();
    eventually("its lease to run out", gone).await;
    let finding = found(&client, Check::Leases).await.remove(0);
    assert!(finding.what.starts_with("1 job held by workers"), "{finding:?}");
    // What no worker is there to carry.
    let mut effect = redis::cmd("XADD");
    effect.arg(format!("{base}outbox")).arg("*").arg("to").arg("elsewhere");
    let _: String = effect.query(&mut server.connection()).expect("written");
    let stuck = async || !strictly(&client, Check::Outbox).await.is_empty();
    eventually("it to be on its way for long", stuck).await;
    assert!(found(&client, Check::Outbox).await.is_empty(), "not yet by the usual thresholds");
}

#[tokio::test]
async fn a_layout_of_another_version_is_found_and_hides_no_other_queue() {
    let (server, client, base) = well_with_base().await;
    client.add(ship, 1).await.expect("added");
    client.queue("others").expect("a name").add("ship", &1).await.expect("added");
    assert!(found(&client, Check::Layout).await.is_empty());
    let mut mark = redis::cmd("HSET");
    mark.arg(format!("{base}meta")).arg("layout").arg("99");
    let _: u64 = mark.query(&mut server.connection()).expect("written");
    let finding = found(&client, Check::Layout).await.remove(0);
    assert!(finding.what.contains("version 99"), "{finding:?}");
    assert_eq!(finding.severity, Severity::Error);
    let others = async || !strictly(&client, Check::Workers).await.is_empty();
    eventually("the other queue to be looked at", others).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_whose_owner_is_gone_is_found() {
    let (_server, client) = well().await;
    let running = run(Worker::builder(&client).handler(sweep).schedules_of("shop"));
    let schedules = parcels(&client).schedules();
    let declared = async || !schedules.list().await.expect("read").is_empty();
    at_once("it to be declared", declared).await;
    assert!(found(&client, Check::Schedules).await.is_empty());
    stop(running).await;
    let finding = found(&client, Check::Schedules).await.remove(0);
    assert!(finding.what.contains("is declared by shop"), "{finding:?}");
    assert!(finding.mend.contains("jobqueue schedules remove parcels"), "{finding:?}");
    let id = schedules.list().await.expect("read").remove(0).id;
    schedules.pause(&id).await.expect("paused");
    assert!(found(&client, Check::Schedules).await.is_empty(), "it adds nothing");
}

#[tokio::test]
async fn a_schedule_that_nobody_fires_is_found() {
    let (_server, client) = well().await;
    client.schedule("soon", Every::new(1.seconds()), ship, 1).await.expect("scheduled");
    assert!(found(&client, Check::Schedules).await.is_empty(), "not late by a minute");
    let late = async || !strictly(&client, Check::Schedules).await.is_empty();
    eventually("it to be late", late).await;
    let finding = strictly(&client, Check::Schedules).await.remove(0);
    assert!(finding.what.contains("Schedule soon was due"), "{finding:?}");
}

#[tokio::test]
async fn a_large_key_is_found() {
    let (_server, client) = well().await;
    client.add_all(ship, 0..100).await.expect("added");
    assert!(found(&client, Check::BigKeys).await.is_empty());
    let finding = strictly(&client, Check::BigKeys).await.remove(0);
    assert!(finding.what.starts_with("Its "), "{finding:?}");
}

#[tokio::test]
async fn snapshots_alone_are_enough_for_most() {
    let client = client_of("embedded:").await;
    client.add(ship, 1).await.expect("added");
    let entry = client.queues().all().await.expect("read").remove(0);
    let stats = parcels(&client).stats().await.expect("read");
    assert!(queue_findings(&stats, &entry, &Thresholds::default()).is_empty());
    // A glance finds the same as a snapshot, as far as it goes.
    let strict = strict();
    eventually("the job to wait", async || {
        let glance =
            client.glance(std::slice::from_ref(&entry.name)).await.expect("read").remove(0);
        let found = glance_findings(&glance, &entry, &strict);
        found.first().is_some_and(|finding| {
            finding.check == Check::Workers && finding.what.starts_with("1 job, no worker")
        })
    })
    .await;
}

#[tokio::test]
async fn jobs_that_are_in_no_state_are_found() {
    let (server, client, base) = well_with_base().await;
    for n in 0..20 {
        parcels(&client).add("ship", &n).await.expect("added");
    }
    assert!(found(&client, Check::Orphans).await.is_empty());
    let mut leave = redis::cmd("ZPOPMIN");
    leave.arg(format!("{base}waiting"));
    let _: Vec<String> = leave.query(&mut server.connection()).expect("taken");
    let finding = found(&client, Check::Orphans).await.remove(0);
    assert!(finding.what.starts_with("1 of 20 jobs that were looked at"), "{finding:?}");
    assert!(finding.mend.contains("{parcels}:jobs"), "{finding:?}");
}
