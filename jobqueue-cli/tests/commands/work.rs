//! Workers.

use std::sync::Arc;

use jobqueue::{Client, DurationExt as _, State, Worker, job};
use jobqueue_tests::wait::eventually;
use tokio::sync::Notify;

use crate::program::Program;

#[job(queue = "long")]
async fn long(_: (), State(end): State<Arc<Notify>>) {
    end.notified().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_what_they_run() {
    let program = Program::start();
    program.run("workers").done().says(&["No worker."]);
    let client = Client::builder(&program.server.url()).program("shop", "1.2.3").connect();
    let client = client.await.expect("connected");
    let end = Arc::new(Notify::new());
    client.add(long, ()).await.expect("added");
    let worker = Worker::builder(&client).state(end.clone()).handler(long).concurrency(5);
    let worker = worker.build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending::<()>()));
    let queue = client.queue("long").expect("a name");
    eventually("a run", async || queue.counts().await.expect("counts").active == 1).await;
    let out = program.out("workers");
    for text in ["shop 1.2.3", "long", "▶ works", "1/5", "long 0."] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let workers = program.json("workers long");
    assert_eq!(workers[0]["running"][0]["record"]["name"], "long");
    let active = program.out("jobs long --state active");
    assert!(active.contains("RUNS FOR"), "{active}");
    program.run("workers nowhere").ends(4);
    end.notify_one();
    handle.stop(5.seconds());
    running.await.expect("no panic").expect("no error");
}
