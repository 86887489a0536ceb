//! What is wrong, what has happened, and both in the browser.

use std::time::Duration;

use jobqueue::{Worker, job};
use jobqueue_tests::{
    port,
    process::{Process, Signal},
    wait::{eventually, eventually_within},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::program::Program;

#[job(queue = "emails")]
async fn send(_to: String) {}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong_and_what_mends_it() {
    let program = Program::start();
    let client = program.client().await;
    client.queue("emails").expect("a name").create().await.expect("there");
    // Servers of tests keep nothing on the disk.
    let out = program.run("doctor").ends(1);
    out.says(&[
        "✕ persistence",
        "Mend: CONFIG SET appendonly yes",
        "of 1 queue on 1 server ",
        "found nothing",
    ]);
    let report = program.run("doctor --json").ends(1).out;
    let report: serde_json::Value = serde_json::from_str(&report).expect("json");
    let checks = report["findings"].as_array().expect("findings");
    assert!(checks.iter().any(|it| it["check"] == "persistence"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_has_a_line_a_point_and_one_for_all() {
    let program = Program::start();
    let client = program.client().await;
    program.run("history nowhere").ends(4);
    let worker = Worker::builder(&client).handler(send).build().expect("a worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    client.add_all(send, ["a", "b"].map(String::from)).await.expect("added");
    let queue = client.queue("emails").expect("a name");
    eventually("both to run", async || queue.counts().await.expect("counts").total_completed == 2)
        .await;
    // It reports what is left when it ends.
    handle.stop(Duration::from_secs(5));
    running.await.expect("no panic").expect("a clean end");
    let out = program.out("history emails");
    assert!(out.starts_with("SINCE") && out.lines().any(|line| line.starts_with("all")), "{out}");
    assert!(out.lines().last().is_some_and(|line| line.contains(" began ")), "{out}");
    assert_eq!(program.out("history emails --names").trim(), "send");
    let history = program.json("history emails --name send --each 1m");
    let done = history["points"].as_array().expect("points");
    let done: u64 = done.iter().filter_map(|point| point["completed"].as_u64()).sum();
    assert_eq!(done, 2, "{history}");
    assert_eq!(history["deploys"].as_array().map(Vec::len), Some(1), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_is_served_until_it_is_told_to_stop() {
    let program = Program::start();
    program.run("dashboard --listen 0.0.0.0:0").ends(2).says(&["authentication"]);
    let port = port::free();
    let listen = format!("127.0.0.1:{port}");
    let mut process = Process::spawn(&mut program.command(&["dashboard", "--listen", &listen]));
    let page = eventually_within(Duration::from_secs(20), "the page", async || {
        let mut stream = TcpStream::connect(&listen).await.ok()?;
        let request = format!("GET / HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut page = String::new();
        stream.read_to_string(&mut page).await.ok()?;
        Some(page)
    })
    .await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("Overview"), "{page}");
    process.signal(Signal::INT);
    assert_eq!(process.exit().await.code(), Some(0));
}
