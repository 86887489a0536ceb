//! Jobs that run at most once, while everything dies around them.

use std::{collections::HashMap, time::Duration};

use jobqueue_tests::{
    account::{
        Account, Shift,
        note::Note,
        task::{Act, Task, once},
    },
    process::Signal,
    server::RedisServer,
    wait::eventually,
};
use redis::cmd;

use super::PATIENCE;
use crate::support::raw;

/// How often each job's run began.
fn starts(account: &Account) -> HashMap<String, usize> {
    let mut starts = HashMap::new();
    for note in account.notes() {
        if let Note::Start { id, .. } = note {
            *starts.entry(id).or_default() += 1;
        }
    }
    starts
}

async fn add(account: &Account, url: &str, jobs: usize, time: Duration) {
    let tasks = (0..jobs).map(|_| Task::new(Act::Work, time, false));
    account.client(url).await.add_all(once, tasks).await.expect("added");
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_killed_and_no_job_runs_twice() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 3_000, Duration::from_millis(2)).await;
    for round in 1..=8 {
        let mut killed = account.worker(&url, Shift { prefetch: 4, ..Shift::default() });
        eventually("runs to begin", async || starts(&account).len() >= round * 200).await;
        killed.signal(Signal::KILL);
        killed.exit().await;
    }
    let mut last = account.worker(&url, Shift::default());
    account.settled(&url, 1, PATIENCE).await;
    last.signal(Signal::TERM);
    assert!(last.exit().await.success(), "{last}");
    let starts = starts(&account);
    assert!(starts.values().all(|runs| *runs == 1), "{starts:?}");
    // For each killed worker: jobs that it had settled and not begun.
    let lost = 3_000 - starts.len();
    assert!(lost <= 8 * 12, "{lost} never ran");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_killed_and_no_job_runs_twice() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 1_000, Duration::from_millis(10)).await;
    let mut workers =
        [account.worker(&url, Shift::default()), account.worker(&url, Shift::default())];
    let mut redis = raw(&url).await;
    for round in 1..=8 {
        eventually("runs to begin", async || starts(&account).len() >= round * 40).await;
        let mut kill = cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
        let _: u64 = kill.query_async(&mut redis).await.expect("killed");
    }
    account.settled(&url, 2, PATIENCE).await;
    for worker in &mut workers {
        worker.signal(Signal::TERM);
        // Runs that are settled may end before their worker does.
        assert!(worker.exit().await.success(), "{worker}");
    }
    let starts = starts(&account);
    assert!(starts.values().all(|runs| *runs == 1), "{starts:?}");
    let ended = super::effects(&account);
    assert_eq!(ended, starts.len(), "nothing was cut off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_frozen_beyond_its_lease_runs_no_job_that_another_has() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    add(&account, &url, 400, Duration::from_millis(20)).await;
    let mut frozen = account.worker(&url, Shift { prefetch: 4, ..Shift::default() });
    for round in 1..=3 {
        eventually("runs to begin", async || starts(&account).len() >= round * 40).await;
        frozen.signal(Signal::STOP);
        let mut other = account.worker(&url, Shift::default());
        let enough = starts(&account).len() + 60;
        eventually("others to go on", async || starts(&account).len() >= enough).await;
        frozen.signal(Signal::CONT);
        other.signal(Signal::TERM);
        other.exit().await;
    }
    account.settled(&url, 1, PATIENCE).await;
    frozen.signal(Signal::TERM);
    frozen.exit().await;
    let starts = starts(&account);
    assert!(starts.values().all(|runs| *runs == 1), "{starts:?}");
}
