//! What jobs of several steps wait for.

use std::time::Duration;

use bytes::Bytes;
use jobqueue::{Context, Failure, Flow, Worker, internals::simulation, job};
use jobqueue_engine::{Copy, Reply};
use tokio::time::timeout;

use crate::{server::Server, wait::step};

#[job(queue = "children")]
async fn child(n: u32) -> u32 {
    n
}

#[job(queue = "parents", attempts = 1, steps)]
async fn parent(_nothing: (), ctx: Context) -> Result<usize, Failure> {
    let flow = Flow::unnamed();
    let children = flow.all(child, 0..2);
    let ends: Vec<u32> = ctx.spawn_children("children", flow, children).await?;
    Ok(ends.len())
}

/// A replica lacked the flow that a run had just started, and of whose end it knew that it comes. The
/// worker told the replica that its job waits for that, and it did for ever.
#[tokio::test(start_paused = true)]
async fn children_that_a_replica_lacks_are_started_again() {
    simulation::Clock::starting_at(1_767_225_600_000).enter();
    // The replica takes over so many steps of the program's tasks after they were started.
    for steps in 0..80 {
        let waits = tokio::spawn(start_again(steps));
        let waits = timeout(Duration::from_secs(120), waits).await;
        waits.unwrap_or_else(|_| panic!("after {steps} steps: it waits")).expect("no panic");
    }
}

/// How the server was just before this key was there.
async fn before(server: &Server, key: &'static str) -> Copy {
    let words = ["EXISTS", key].map(Bytes::from);
    loop {
        for _ in 0..1_000 {
            let copy = server.engine.copy();
            step().await;
            if server.engine.call(&words) == Reply::Integer(1) {
                return copy;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn start_again(steps: usize) {
    let server = Server::start();
    let client = server.client().await;
    let worker = Worker::builder(&server.client().await).handler(parent).handler(child);
    let worker = worker.build().expect("a worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let job = client.add(parent, ()).await.expect("it is added");
    let copy = before(&server, "jq:{parents}:children").await;
    for _ in 0..steps {
        step().await;
    }
    server.fail_over(copy);
    let end = loop {
        if let Ok(end) = job.result().await {
            break end;
        }
    };
    assert_eq!(end, 2);
    handle.stop(Duration::from_secs(1));
    running.await.expect("no panic").expect("it ends well");
}
