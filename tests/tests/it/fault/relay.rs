//! Effects on other queues, while the workers that relay them die.

use std::time::Duration;

use jobqueue::Retain;
use jobqueue_tests::{
    account::{
        Account, Shift,
        note::Note,
        task::{Act, Task, work},
    },
    process::Signal,
    server::RedisServer,
    wait::eventually,
};

use super::{PATIENCE, settle};

/// Jobs that all fail for good, half of them removed when they do.
async fn hopeless(account: &Account, url: &str, jobs: usize) {
    let (book, client) = (account.book(), account.client(url).await);
    for kept in [true, false] {
        let task = || Task::new(Act::Hopeless, Duration::ZERO, kept);
        let tasks: Vec<Task> = (0..jobs / 2).map(|_| task()).collect();
        let intent = |task: &Task| Note::Intent { token: task.token.clone() };
        book.note_all(&tasks.iter().map(intent).collect::<Vec<_>>());
        let retain = if kept { Retain::all() } else { Retain::none() };
        let tokens: Vec<String> = tasks.iter().map(|task| task.token.clone()).collect();
        let added = client.add_all(work, tasks).retain(retain).retain_failed(retain).await;
        let ids = added.expect("added").into_iter().map(|job| job.id().to_string());
        let added = tokens.into_iter().zip(ids).map(|(token, id)| Note::Added { token, id });
        book.note_all(&added.collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_are_killed_at_every_step_of_the_relay() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    hopeless(&account, &url, 6_000).await;
    let queue = account.queue(&url).await;
    let failed = async || queue.counts().await.expect("counted").total_failed;
    // Each worker lives for a few hundred failures, so the kills fall anywhere between the
    // settling, the taking, the delivering and the removing of what was delivered.
    for round in 1..=12 {
        let mut worker = account.worker(&url, Shift::default());
        let enough = round * 400 + fastrand::u64(..100);
        eventually("jobs to fail", async || failed().await >= enough).await;
        worker.signal(Signal::KILL);
        worker.exit().await;
    }
    let mut workers = [account.worker(&url, Shift::default())];
    account.settled(&url, 1, PATIENCE).await;
    settle(&account, &url, &mut [], &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!(proof.dead_letters, 6_000, "{proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_while_dead_letters_are_on_their_way() {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let account = Account::open(&url).await;
    hopeless(&account, &url, 3_000).await;
    let mut workers =
        [account.worker(&url, Shift::default()), account.worker(&url, Shift::default())];
    for round in 1..=4 {
        let queue = account.queue(&url).await;
        let failed = async || queue.counts().await.map_or(0, |counts| counts.total_failed);
        eventually("jobs to fail", async || failed().await >= round * 400).await;
        server.kill();
        server.restart();
    }
    account.settled(&url, 2, PATIENCE).await;
    settle(&account, &url, &mut [], &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!(proof.dead_letters, 3_000, "{proof}");
}
