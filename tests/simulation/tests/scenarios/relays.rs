//! What relays remove.

use std::time::Duration;

use jobqueue::{JobState, Worker, internals::simulation};
use tokio::time::timeout;

use crate::{
    gate::{Gate, doomed},
    server::{Server, Wire},
    wait::step,
};

/// A dead letter had arrived, and a replica took over that had its outbox, but not the letter. The
/// relay knew that it had arrived, and removed it there.
#[tokio::test(start_paused = true)]
async fn what_a_replica_lacks_is_brought_again() {
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    // The replica takes over so many steps of the program's tasks after the letter is there.
    for steps in 0..60 {
        // As a task like the others.
        let brought = tokio::spawn(bring_again(steps));
        let brought = timeout(Duration::from_secs(120), brought).await;
        brought.unwrap_or_else(|_| panic!("after {steps} steps: not brought")).expect("no panic");
    }
}

async fn bring_again(steps: usize) {
    let server = Server::start();
    let far = server.elsewhere();
    let client = server.client().await;
    let gate = Gate::shut();
    let worker = Worker::builder(&far.client().await).handler(doomed).state(gate.clone());
    let worker = worker.concurrency(1).build().expect("a worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let job = client.add(doomed, ()).await.expect("it is added");
    while !gate.has_begun(1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    far.set(Wire::Mute);
    gate.ends.add_permits(1);
    while job.state().await.expect("a state") != Some(JobState::Failed) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let copy = server.engine.copy();
    // Its worker hears of that, and brings the letter.
    far.set(Wire::Dead);
    far.set(Wire::Sound);
    server.holds("ZCARD", "jq:{graves}:waiting").await;
    for _ in 0..steps {
        step().await;
    }
    far.cut();
    server.fail_over(copy);
    let letters = client.dead_letters("graves").expect("a name");
    while letters.count().await.is_ok_and(|count| count == 0) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    handle.stop(Duration::from_secs(1));
    running.await.expect("no panic").expect("it ends well");
}
