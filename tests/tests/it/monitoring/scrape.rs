//! The endpoint of the examples, scraped over HTTP.

use std::net::SocketAddr;

use jobqueue::{Failure, job};
use jobqueue_patterns::endpoint;
use jobqueue_tests::wait;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::exposition::Page;
use crate::support::{Running, client, worker};

#[job(queue = "orders", attempts = 1, dead_letter = "orders-dlq")]
async fn ship(order: u32) -> Result<(), Failure> {
    if order == 0 { Err(Failure::retry("no address")) } else { Ok(()) }
}

async fn serve(queues: Vec<jobqueue::Queue>) -> (SocketAddr, AbortHandle) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (address, tokio::spawn(endpoint::serve(listener, queues)).abort_handle())
}

/// One request: the status, and the body after checks of everything a scraper relies on.
async fn request(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // In two pieces, as a network may deliver it.
    let (first, second) = request.split_at(request.len() / 2);
    stream.write_all(first.as_bytes()).await.expect("sent");
    tokio::task::yield_now().await;
    stream.write_all(second.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).expect("a status");
    let headers: Vec<(&str, &str)> =
        lines.map(|line| line.split_once(": ").expect("name and value")).collect();
    assert!(headers.contains(&("Content-Length", &body.len().to_string())), "{headers:?}");
    let kind = ("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    assert!(headers.contains(&kind), "{headers:?}");
    (status[..3].parse().expect("three digits"), body.to_owned())
}

async fn scrape(address: SocketAddr) -> Page {
    let (status, body) = request(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(status, 200, "{body}");
    Page::read(&body)
}

#[tokio::test]
async fn depth_lag_dead_letters_and_histograms_are_scraped() {
    let client = client().await;
    let (orders, dead) = (client.queue("orders"), client.dead_letters("orders-dlq"));
    let (orders, dead) = (orders.expect("a good name"), dead.expect("a good name"));
    let (address, server) = serve(vec![orders.clone(), dead.queue().clone()]).await;
    let empty = scrape(address).await;
    assert_eq!(empty.value("jobqueue_lag_seconds", &[("queue", "orders")]), 0.0);
    assert_eq!(empty.count("jobqueue_run_seconds", &[("queue", "orders")]), 0.0);

    let running = Running::start(worker(&client).handler(ship));
    client.add_all(ship, 0..10).await.expect("added");
    wait::eventually("the dead letter to arrive", async || {
        dead.count().await.is_ok_and(|count| count == 1)
    })
    .await;
    wait::eventually("all to be done", async || {
        orders.counts().await.is_ok_and(|counts| counts.waiting + counts.active == 0)
    })
    .await;
    running.stop().await;
    client.add_all(ship, 1..4).await.expect("added");
    client.add(ship, 4).delay(std::time::Duration::from_secs(600)).await.expect("added");
    let stats = orders.stats().await.expect("redis is there");
    wait::eventually("time to pass", async || {
        orders.stats().await.is_ok_and(|later| later.at > stats.at)
    })
    .await;

    let page = scrape(address).await;
    server.abort();
    let jobs = |queue, state| page.value("jobqueue_jobs", &[("queue", queue), ("state", state)]);
    let states = ["waiting", "delayed", "active", "completed", "failed"];
    assert_eq!(states.map(|state| jobs("orders", state)), [3.0, 1.0, 0.0, 9.0, 1.0]);
    assert_eq!(jobs("orders-dlq", "waiting"), 1.0);
    let of = |name: &str| page.value(name, &[("queue", "orders")]);
    assert!(of("jobqueue_lag_seconds") > 0.0);
    assert_eq!(of("jobqueue_lag_seconds"), of("jobqueue_oldest_waiting_seconds"));
    assert!(page.value("jobqueue_lag_seconds", &[("queue", "orders-dlq")]) > 0.0);
    assert_eq!(of("jobqueue_added_total"), 14.0);
    assert_eq!((of("jobqueue_completed_total"), of("jobqueue_failed_total")), (9.0, 1.0));
    assert_eq!((of("jobqueue_effects"), of("jobqueue_workers")), (0.0, 0.0));
    assert_eq!(page.count("jobqueue_run_seconds", &[("queue", "orders")]), 10.0);
    assert_eq!(page.count("jobqueue_wait_seconds", &[("queue", "orders")]), 10.0);
    assert_eq!(page.count("jobqueue_run_seconds", &[("queue", "orders-dlq")]), 0.0);
    assert!(page.names().iter().all(|name| name.starts_with("jobqueue_")));
}

#[tokio::test]
async fn other_requests_are_refused() {
    let (address, server) = serve(Vec::new()).await;
    let (status, _) = request(address, "GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(status, 404);
    let (status, _) = request(address, "POST /metrics HTTP/1.1\r\n\r\n").await;
    assert_eq!(status, 405);
    server.abort();
}
