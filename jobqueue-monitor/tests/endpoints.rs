//! The endpoints, asked as probes and scrapers ask.

use std::{future::pending, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use jobqueue_monitor::Monitor;
use jobqueue_tests::wait::{at_once, eventually};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt as _;

use crate::{ship, worker};

async fn ask(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let answer = router.clone().oneshot(request).await.expect("an answer");
    let (status, body) = (answer.status(), answer.into_body());
    let bytes = to_bytes(body, 1 << 20).await.expect("a body");
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

async fn status(router: &Router, path: &str) -> u16 {
    ask(router, path).await.0.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_follow_a_worker_through_its_life() {
    let (client, worker) = worker().await;
    let handle = worker.handle();
    let router = Monitor::new(&client, handle.clone()).router();
    assert_eq!(status(&router, "/health/live").await, 200);
    let (early, body) = ask(&router, "/health/ready").await;
    assert_eq!(early, 503, "{body}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(body["phase"], "starting");
    assert_eq!(body["problems"][0], "the worker doesn't run yet");

    let running = tokio::spawn(worker.run_until(pending()));
    at_once("it to be ready", async || status(&router, "/health/ready").await == 200).await;
    let body: Value = serde_json::from_str(&ask(&router, "/health/ready").await.1).expect("JSON");
    assert_eq!((&body["live"], &body["ready"]), (&Value::Bool(true), &Value::Bool(true)));
    assert_eq!(
        (&body["queues"][0]["queue"], &body["queues"][0]["joined"]),
        (&"parcels".into(), &true.into())
    );

    handle.stop(Duration::from_secs(10));
    assert_eq!(status(&router, "/health/ready").await, 503);
    running.await.expect("no panic").expect("no error");
    let (ended, body) = ask(&router, "/health/live").await;
    assert_eq!(ended, 503, "{body}");
    assert!(body.contains("the worker has ended"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_has_what_the_worker_serves_and_what_is_named() {
    let (client, worker) = worker().await;
    let handle = worker.handle();
    let monitor = Monitor::new(&client, handle.clone()).queue("parcels-dlq").expect("a name");
    let router = monitor.queue("parcels").expect("a name").router();
    let running = tokio::spawn(worker.run_until(pending()));
    client.add(ship, 1).await.expect("added").result().await.expect("it ran");
    let all = async || {
        let (_, text) = ask(&router, "/metrics").await;
        text.contains("jobqueue_worker_ready 1").then_some(text)
    };
    let text = eventually("a ready worker", all).await;
    for sample in [
        r#"jobqueue_added_total{queue="parcels"} 1"#,
        r#"jobqueue_added_total{queue="parcels-dlq"} 0"#,
        "jobqueue_worker_live 1",
    ] {
        let lines = text.lines().filter(|line| *line == sample).count();
        assert_eq!(lines, 1, "{sample} in:\n{text}");
    }
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scrape_that_cannot_be_answered_says_so() {
    let mut server = jobqueue_tests::server::RedisServer::start();
    let builder = jobqueue::Client::builder(&server.url()).retry_timeout(Duration::from_millis(50));
    let client = builder.connect().await.expect("connected");
    let worker = jobqueue::Worker::builder(&client).handler(ship).build().expect("sound");
    let monitor = Monitor::new(&client, worker.handle()).queue("parcels").expect("a name");
    server.kill();
    let (status, body) = ask(&monitor.router(), "/metrics").await;
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("redis is unavailable"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_listens_by_itself_and_says_if_it_cannot() {
    let (client, worker) = worker().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address: SocketAddr = taken.local_addr().expect("bound");
    let monitor = Monitor::new(&client, worker.handle());
    let error = monitor.clone().serve(address).await.expect_err("it is taken");
    assert_eq!(error.address, address);
    drop(taken);
    let serving = tokio::spawn(monitor.serve(address));
    let answer = async || {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    };
    let answer = eventually("an answer", answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    serving.abort();
}
