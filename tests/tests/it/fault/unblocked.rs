//! Servers that refuse commands that block: nobody spins, and all goes on by looking.

use std::time::Duration;

use jobqueue::{Client, job, telemetry::WorkerEvent};
use jobqueue_tests::server::RedisServer;
use tokio::time::{sleep, timeout};

use crate::support::{Running, next_now, worker};

#[job(queue = "looks")]
async fn double(n: u32) -> u32 {
    2 * n
}

/// What all take that is still well, on a machine that others use too.
const LIMIT: Duration = Duration::from_secs(5);

/// A worker that may not wait is told so once, finds its jobs soon all the same, and makes few
/// calls while it is idle.
async fn looks_for_jobs(server: &RedisServer, client: &Client) {
    let running = Running::start(worker(client).handler(double));
    let mut events = running.handle.events();
    let polling = async {
        loop {
            if let Some(WorkerEvent::Polling { reason, .. }) = events.next().await {
                return reason;
            }
        }
    };
    let reason = timeout(LIMIT, polling).await.expect("it is told");
    assert!(reason.contains("wait for jobs"), "{reason}");
    let job = client.add(double, 21).await.expect("added");
    assert_eq!(timeout(LIMIT, job.result()).await.expect("in time").expect("run"), 42);
    let before = server.script_calls();
    sleep(Duration::from_secs(2)).await;
    let calls = server.script_calls() - before;
    assert!(calls < 20, "{calls} calls in 2 s of an idle worker");
    while let Some(event) = next_now(&mut events).await {
        assert!(!matches!(event, WorkerEvent::Polling { .. }), "it is told once");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_the_right_to_wait() {
    let users = "user default on nopass ~* &* +@all\nuser jobs on >pw ~* &* +@all -blpop\n";
    let server = RedisServer::builder().acl(users).start();
    let client = Client::connect(&server.url_as("jobs", "pw")).await.expect("connected");
    looks_for_jobs(&server, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_wake_key_is_of_another_type() {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await.expect("connected");
    let mut set = redis::cmd("SET");
    set.arg("jq:{looks}:wake").arg("none").query::<()>(&mut server.connection()).expect("set");
    looks_for_jobs(&server, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receive_without_the_right_to_wait() {
    let users = "user default on nopass ~* &* +@all\nuser jobs on >pw ~* &* +@all -blpop\n";
    let server = RedisServer::builder().acl(users).start();
    let client = Client::connect(&server.url_as("jobs", "pw")).await.expect("connected");
    let looks = client.queue("looks").expect("a good name");
    let empty = looks.receive(1, Duration::from_millis(300)).await.expect("no error");
    assert!(empty.is_empty());
    let receiving = tokio::spawn(looks.receive(1, LIMIT).into_future());
    let before = server.script_calls();
    sleep(Duration::from_millis(1_500)).await;
    let calls = server.script_calls() - before;
    assert!(calls < 10, "{calls} calls in 1.5 s of a receive");
    client.add(double, 21).await.expect("added");
    let received = timeout(LIMIT, receiving).await.expect("in time").expect("no panic");
    assert_eq!(received.expect("no error").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_without_the_right_to_wait_for_streams() {
    let users = "user default on nopass ~* &* +@all\nuser jobs on >pw ~* &* +@all -xread\n";
    let server = RedisServer::builder().acl(users).start();
    let near = Client::connect(&server.url()).await.expect("connected");
    let running = Running::start(worker(&near).handler(double));
    let client = Client::connect(&server.url_as("jobs", "pw")).await.expect("connected");
    let reply = timeout(LIMIT, async { client.call(double, 21).await });
    assert_eq!(reply.await.expect("in time").expect("a reply"), 42);
    let later = client.add(double, 4).delay(Duration::from_millis(300)).await.expect("added");
    assert_eq!(timeout(LIMIT, later.result()).await.expect("in time").expect("a result"), 8);
    let mut events = client.queue("looks").expect("a good name").events();
    // A stream begins when it is first asked.
    let heard = async {
        tokio::select! {
            event = events.next() => event.expect("endless").expect("read"),
            () = async {
                loop {
                    client.add(double, 1).await.expect("added");
                    sleep(Duration::from_millis(100)).await;
                }
            } => unreachable!("it adds for ever"),
        }
    };
    timeout(LIMIT, heard).await.expect("its events are heard");
    running.stop().await;
}
