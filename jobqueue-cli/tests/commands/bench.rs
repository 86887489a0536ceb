//! The bench.

use jobqueue_tests::process::{Process, Signal};

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn it_measures_and_leaves_nothing() {
    let program = Program::start();
    let out = program.out("bench -n 500 --payload 10 --concurrency 20");
    for text in ["add  500 jobs in ", "run  500 jobs in ", "/s  ", "µs of Redis a job"] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let measured = program.json("bench -n 300");
    for phase in ["add", "run"] {
        assert_eq!(measured[phase]["jobs"], 300);
        assert!(measured[phase]["jobs_per_second"].as_f64().is_some_and(|it| it > 0.0));
        assert!(measured[phase]["redis_cpu_us"].as_f64().is_some_and(|it| it >= 0.0));
    }
    assert_eq!(program.json("queues --over 0s"), serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_it_and_removes_its_queue() {
    let program = Program::start();
    let client = program.client().await;
    let queue = client.queue("jobqueue-bench").expect("a name");
    let mut process = Process::spawn(&mut program.command(&["bench", "-n", "5000000"]));
    jobqueue_tests::wait::eventually("jobs", async || {
        queue.counts().await.expect("counts").waiting > 0
    })
    .await;
    program.run("bench -n 1").ends(4).says(&["another bench runs"]);
    process.signal(Signal::INT);
    assert_eq!(process.exit().await.code(), Some(130));
    assert!(!queue.exists().await.expect("asked"));
}
