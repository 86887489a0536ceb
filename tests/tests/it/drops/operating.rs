//! What operators do.

use std::time::Duration;

use jobqueue::{
    DurationExt as _, Failure, Flow, JobState, Rate,
    flow::{FlowError, FlowState},
    job,
};
use jobqueue_tests::{edges::works, wait::eventually_within};

use super::{ROUNDS, dropped};
use crate::support::client;

#[tokio::test(flavor = "multi_thread")]
async fn steering_that_is_dropped_is_done_or_not() {
    let queue = client().await.queue("steered").expect("a good name");
    for round in 0..ROUNDS {
        queue.create().await.expect("there");
        let _ = dropped(round, queue.pause()).await;
        let rate = Rate::new(1_000_000, 1.seconds());
        let _ = dropped(round, queue.set_limits().rate(rate).max_active(9).events(0)).await;
        let limits = queue.limits().await.expect("read");
        let set = (limits.rate.is_some(), limits.max_active.is_some(), limits.events.is_some());
        assert!([(true, true, true), (false, false, false)].contains(&set), "all or none: {set:?}");
        queue.resume().await.expect("resumed");
        works(&queue).await.expect("the queue works");
        let clear = queue.set_limits().rate(None).max_active(None).events(1_000);
        clear.await.expect("cleared");
        queue.obliterate().await.expect("removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_change_is_dropped_is_in_one_state() {
    let queue = client().await.queue("changed").expect("a good name");
    for round in 0..ROUNDS {
        let job = queue.add("any", &round).delay(1.hours()).await.expect("added");
        let _ = dropped(round, job.set_delay(2.hours())).await;
        let _ = dropped(round, job.set_priority(-1)).await;
        let _ = dropped(round, job.promote()).await;
        if job.state().await.expect("looked") == Some(JobState::Delayed) {
            job.promote().await.expect("it was not");
        }
        let delivery = queue.receive(1, 5.seconds()).await.expect("received").pop();
        delivery.expect("the job").complete().await.expect("completed");
        let _ = dropped(round, job.retry()).await;
        match job.state().await.expect("looked") {
            Some(JobState::Waiting | JobState::Completed) => {}
            other => panic!("it is in {other:?}"),
        }
        let _ = dropped(round, job.remove()).await;
        if job.state().await.expect("looked").is_some() {
            job.remove().await.expect("it was not");
        }
    }
    let counts = queue.counts().await.expect("counted");
    assert_eq!((counts.waiting, counts.delayed, counts.active, counts.completed), (0, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_is_dropped_loses_and_doubles_nothing() {
    let client = client().await;
    let orders = client.queue("orders").expect("a good name");
    let dead = client.dead_letters("dead").expect("a good name");
    let outbox = client.topic("dead").expect("a good name");
    orders.set_limits().dead_letter("dead").await.expect("set");
    let mut redriven = 0;
    for round in 0..ROUNDS / 4 {
        orders.add_all("ship", 0..10).retain_failed(jobqueue::Retain::none()).await.expect("added");
        for job in orders.receive(10, 5.seconds()).await.expect("received") {
            job.fail(Failure::permanent("no")).await.expect("failed");
        }
        dead.wait_for(10).await.expect("they arrive");
        let _ = dropped(round * 16, dead.redrive()).await;
        let all = async || {
            dead.redrive().await.expect("redriven");
            // Those that had left, which nobody else relays here.
            outbox.flush().await.expect("relayed");
            let (back, left) = (orders.counts().await, dead.count().await);
            (back.expect("counted").waiting, left.expect("counted")) == (10, 0)
        };
        eventually_within(Duration::from_secs(2), "all to be back, once", all).await;
        redriven += orders.drain().await.expect("drained");
    }
    assert_eq!(redriven, 10 * (ROUNDS / 4));
}

#[job(queue = "dropped")]
async fn leaf(_: u64) {}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_whose_change_is_dropped_is_in_one_state() {
    let client = client().await;
    let queue = client.queue("dropped").expect("a good name");
    let start = || {
        let flow = Flow::new("flow");
        let nodes = flow.all(leaf, 0..3);
        client.start(flow, nodes)
    };
    for round in (0..ROUNDS).step_by(3) {
        let _ = dropped(round, start()).await;
        let handle = start().await.expect("started");
        let state = async || handle.info().await.expect("known").summary.state;
        let cancelled = async || {
            match handle.cancel().await {
                Ok(()) | Err(FlowError::WrongState { state: FlowState::Cancelled, .. }) => {}
                other => panic!("{other:?}"),
            }
            let ended = async || state().await == FlowState::Cancelled;
            eventually_within(Duration::from_secs(2), "it to end", ended).await;
        };
        let _ = dropped(round, handle.cancel()).await;
        cancelled().await;
        let _ = dropped(round, handle.retry()).await;
        if state().await == FlowState::Cancelled {
            handle.retry().await.expect("it did not run again");
        }
        cancelled().await;
        let _ = dropped(round, handle.remove()).await;
        handle.remove().await.expect("removed, or gone");
    }
    assert!(queue.flows().all().await.expect("read").is_empty());
    let counts = queue.counts().await.expect("counted");
    assert_eq!((counts.waiting, counts.active), (0, 0));
}
