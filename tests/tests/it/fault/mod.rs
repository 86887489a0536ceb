//! Faults, one file a group; the table of them is in `tests/README.md`. Each test has a server and
//! processes of its own, and most end with the proof of an account.

mod clock;
mod cluster;
mod freeze;
mod hand;
mod handlers;
mod kill;
mod late;
mod many;
mod network;
mod once;
mod patience;
mod poison;
mod refusals;
mod relay;
mod restart;
mod sentinel;
mod shutdown;
mod thin;
mod topics;
mod unblocked;
mod unheard;
mod upgrade;

use std::{collections::HashSet, env, time::Duration};

use jobqueue::Queue;
use jobqueue_tests::{
    account::{Account, Proof, note::Note, proof::Wrong},
    process::{Process, Signal},
    wait::{LIMIT, eventually, eventually_within},
};

/// How long jobs may take to end once all is well. These tests share the machine with others.
const PATIENCE: Duration = Duration::from_secs(60);

/// The long variants of tests run if this is set.
const LONG: &str = "JOBQUEUE_LONG";

/// The short variant, or the long one with `JOBQUEUE_LONG`.
fn short_or_long<T>(short: T, long: T) -> T {
    if env::var_os(LONG).is_some() { long } else { short }
}

/// Ends a producer, or waits for its end, and then for the end of all jobs.
async fn settle(account: &Account, url: &str, producers: &mut [Process], workers: &mut [Process]) {
    for producer in &mut *producers {
        producer.signal(Signal::TERM);
    }
    for producer in producers {
        assert!(producer.exit().await.success(), "{producer}");
    }
    account.settled(url, workers.len() as u64, PATIENCE).await;
    for worker in &mut *workers {
        worker.signal(Signal::TERM);
    }
    for worker in workers {
        assert!(worker.exit().await.success(), "{worker}");
    }
}

/// Waits for some more jobs to complete.
async fn progress(queue: &Queue, jobs: u64) {
    let completed = async || queue.counts().await.ok().map(|counts| counts.total_completed);
    let before = eventually("an answer", completed).await;
    let more = async || completed().await.filter(|now| *now >= before + jobs);
    eventually_within(LIMIT * 2, "jobs to complete", more).await;
}

/// Waits until `runs` runs have begun in all.
async fn begun(account: &Account, runs: usize) {
    let begun = || count(account, |note| matches!(note, Note::Start { .. }));
    eventually("runs to begin", async || begun() >= runs).await;
}

/// How many runs have had their effect.
fn effects(account: &Account) -> usize {
    count(account, |note| matches!(note, Note::Effect { .. }))
}

/// After a failover: all is in order, except for writes of the old master that reached no replica
/// in time. Adds and runs of that time may be unknown to the new one; acknowledged adds of these
/// tokens may not.
#[track_caller]
fn assert_kept(proof: &Proof, kept: &HashSet<String>) {
    let lost = proof.wrong.get(&Wrong::Lost).into_iter().flatten();
    let token = |what: &str| what.split(['(', ')']).nth(1).map(str::to_owned);
    let missed = lost.filter(|what| token(what).is_none_or(|token| kept.contains(&token))).count();
    let others = [Wrong::Leaked, Wrong::Unfenced].map(|kind| proof.number(kind));
    assert_eq!((missed, others, proof.standing), (0, [0, 0], 0), "{proof}");
}

/// The tokens of all adds that are acknowledged so far.
fn acknowledged(account: &Account) -> HashSet<String> {
    let token = |note| if let Note::Added { token, .. } = note { Some(token) } else { None };
    account.notes().into_iter().filter_map(token).collect()
}

/// How many notes are of one kind.
fn count(account: &Account, is_one: fn(&Note) -> bool) -> usize {
    account.notes().iter().filter(|note| is_one(note)).count()
}
