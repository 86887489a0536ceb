//! How a worker says it is, through its life, an outage and a handler that blocks.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use jobqueue::{
    DurationExt as _, State, WorkerHandle, job,
    telemetry::{HealthProblem, WorkerPhase},
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::{at_once, eventually},
};
use tokio::sync::Semaphore;

use crate::support::{Running, client, client_of, worker};

/// Lets runs end.
type Gate = Arc<Semaphore>;

fn gate() -> Gate {
    Arc::new(Semaphore::new(0))
}

#[job(queue = "probed")]
async fn waits(_n: u32, gate: State<Gate>) {
    let _ended = gate.acquire().await;
}

#[job(queue = "probed")]
async fn blocks(_n: u32) {
    thread::sleep(Duration::from_secs(1));
}

fn phase(handle: &WorkerHandle) -> WorkerPhase {
    handle.health().phase
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_is_ready_from_its_join_until_it_drains() {
    let (client, gate) = (client().await, gate());
    let built = worker(&client).handler(waits).state(gate.clone()).build().expect("sound");
    let early = built.handle();
    assert_eq!(phase(&early), WorkerPhase::Starting);
    assert!(early.health().is_live() && !early.health().is_ready());

    let running = Running::start(worker(&client).handler(waits).state(gate.clone()));
    let handle = running.handle.clone();
    at_once("it to be ready", async || handle.health().is_ready()).await;
    client.add(waits, 1).await.expect("added");
    at_once("the run", async || handle.health().queues[0].active == 1).await;
    handle.pause();
    assert_eq!((phase(&handle), handle.health().is_ready()), (WorkerPhase::Paused, true));

    handle.stop(10.seconds());
    let health = handle.health();
    assert_eq!((health.phase, health.is_live()), (WorkerPhase::Draining, true));
    assert!(health.problems().contains(&HealthProblem::Draining), "{health:?}");
    gate.add_permits(1);
    running.ended().await.expect("no error");
    let health = handle.health();
    assert_eq!((health.phase, health.is_live()), (WorkerPhase::Ended, false));
    assert!(health.queues.is_empty(), "{health:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_no_reason_for_a_restart() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let client = client_of(&server.url_through(&proxy)).await;
    let builder = worker(&client).handler(waits).state(gate());
    let running = Running::start(builder.lease(1.seconds()));
    let handle = running.handle.clone();
    at_once("it to be ready", async || handle.health().is_ready()).await;
    proxy.set(Mode::Refuse);
    let refused = |problem: &HealthProblem| {
        matches!(problem, HealthProblem::Unanswered { .. } | HealthProblem::NotJoined { .. })
    };
    eventually("the end of a lease", async || handle.health().problems().iter().any(refused)).await;
    assert!(handle.health().is_live(), "{:?}", handle.health());
    proxy.set(Mode::Forward);
    eventually("it to be ready again", async || handle.health().is_ready()).await;
    running.stop().await;
}

#[test]
fn a_handler_that_blocks_its_thread_is_seen_from_another() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (client, running) = runtime.block_on(async {
        let client = client().await;
        let running = Running::start(worker(&client).handler(blocks));
        at_once("it to be ready", async || running.handle.health().is_ready()).await;
        (client, running)
    });
    let handle = running.handle.clone();
    let watching = thread::spawn(move || {
        let (began, enough) = (Instant::now(), Duration::from_millis(500));
        let blocked = || handle.health().queues.iter().any(|it| it.step > enough && it.active == 1);
        while !blocked() {
            assert!(began.elapsed() < Duration::from_secs(30), "{:?}", handle.health());
            thread::sleep(Duration::from_millis(5));
        }
    });
    runtime.block_on(async {
        client.add(blocks, 1).await.expect("added").result().await.expect("it ran");
        running.stop().await;
    });
    watching.join().expect("it was seen");
}
