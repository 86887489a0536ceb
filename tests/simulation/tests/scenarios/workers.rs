//! What workers believe.

use std::time::Duration;

use bytes::Bytes;
use jobqueue::{JobState, Worker, internals::simulation, job};
use tokio::time::timeout;

use crate::{
    gate::{Gate, gated},
    server::{Server, Wire},
    wait::until,
};

#[job(queue = "other")]
async fn other(_nothing: ()) {}

/// A worker holds one job, and so it did when the copy was made: but another one. It didn't notice
/// the failover, since another of its queues was the first to connect anew. When it settled its job,
/// the server took its word that this was the one that it held, and forgot the other.
#[tokio::test(start_paused = true)]
async fn a_job_that_a_replica_believes_to_be_active_is_not_lost() {
    // Without it, the heart of a worker would beat in a thread of its own, by the system's time.
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    let server = Server::start();
    let client = server.client().await;
    let gate = Gate::shut();
    let worker = Worker::builder(&server.client().await)
        .handler(gated)
        .handler(other)
        .state(gate.clone())
        .concurrency(1)
        .build()
        .expect("a worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let begun = async |count| gate.has_begun(count);

    let first = client.add(gated, true).await.expect("it is added");
    until("the first runs", || begun(1)).await;
    let copy = server.engine.copy();
    // It is to be tried again in ten seconds, which the replica doesn't know.
    gate.ends.add_permits(1);
    let is = async |state| first.state().await.is_ok_and(|now| now == Some(state));
    until("it waits", || is(JobState::Delayed)).await;
    let second = client.add(gated, false).await.expect("it is added");
    until("the second runs", || begun(2)).await;

    server.fail_over(copy);
    // Another queue of this worker finds a connection.
    let nudge = async || {
        let job = client.add(other, ()).await.expect("it is added");
        timeout(Duration::from_secs(30), job.result()).await.is_ok()
    };
    assert!(nudge().await, "it goes on");
    gate.ends.add_permits(10);
    until("the first completes", || is(JobState::Completed)).await;
    // Its add was lost with the last writes, and so it is no more.
    assert_eq!(second.state().await.expect("it answers"), None);
    let counts = client.queue("gated").expect("a queue").counts().await.expect("counts");
    assert_eq!((counts.waiting, counts.active, counts.delayed), (0, 0, 0), "{counts:?}");
    handle.stop(Duration::from_secs(1));
    running.await.expect("no panic").expect("it ends well");
}

/// A worker doesn't hear that its call was carried out, which settled one job and handed out another,
/// and is told to stop while it can't ask. Back on the network, it told again what became of its job,
/// under the same name: the server counts jobs, and it did hold one. So a job that was another
/// worker's by then was taken from it.
#[tokio::test(start_paused = true)]
async fn what_has_perhaps_been_settled_is_not_told_again_by_a_worker_that_stops() {
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    for later in (0..3_000).step_by(100) {
        let server = Server::start();
        let far = server.elsewhere();
        let client = server.client().await;
        let gate = Gate::shut();
        let worker = Worker::builder(&far.client().await).handler(gated).state(gate.clone());
        let worker = worker.concurrency(1).build().expect("a worker");
        let (handle, running) =
            (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
        let first = client.add(gated, true).await.expect("it is added");
        until("it runs", async || gate.has_begun(1)).await;
        client.add(gated, false).await.expect("it is added");

        far.set(Wire::Mute);
        gate.ends.add_permits(1);
        let is_delayed = async || first.state().await.expect("a state") == Some(JobState::Delayed);
        until("it waits to be tried again", is_delayed).await;
        far.set(Wire::Dead);
        handle.stop(Duration::ZERO);
        tokio::time::sleep(Duration::from_millis(later)).await;
        far.set(Wire::Sound);
        running.await.expect("no panic").expect("it ends");
        let events = ["XRANGE", "jq:{gated}:events", "-", "+"].map(Bytes::from);
        let events = format!("{:?}", server.engine.call(&events));
        assert_eq!(events.matches("retrying").count(), 1, "after {later} ms: {events}");
    }
}
