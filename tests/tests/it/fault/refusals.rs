//! Servers that answer with a refusal. Wrong passwords and users without rights are in `connect`.

use std::time::Duration;

use jobqueue::{Client, DurationExt as _, Error, error::Refused, job};
use jobqueue_tests::{
    account::{Account, Order, Shift},
    proxy::Proxy,
    server::RedisServer,
    wait::eventually,
};
use redis::cmd;

use super::{progress, settle};
use crate::support::{Running, client_of, raw, whole, worker};

#[job(queue = "refusals", attempts = 1)]
async fn double(n: u32) -> u32 {
    2 * n
}

/// One more job goes there and back.
async fn works(client: &Client) {
    let job = client.add(double, 21).await.expect("added");
    assert_eq!(job.result().await.expect("run"), 42);
}

fn tell(server: &RedisServer, words: &[&str]) {
    let (name, rest) = words.split_first().expect("a command");
    cmd(name).arg(rest).query::<()>(&mut server.connection()).expect("it does as told");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_runs_full_under_load() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let time = Duration::from_millis(3);
    let order = Order { pause: time * 10, time, mixed: true, ..Order::default() };
    let mut producers = [account.producer(&url, order)];
    let some_wait = async || queue.counts().await.expect("counts").waiting > 100;
    eventually("a queue", some_wait).await;

    tell(&server, &["CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1mb"]);
    let mut workers = [account.worker(&url, Shift::default())];
    let drained = async || {
        let counts = queue.counts().await.expect("counts");
        counts.waiting + counts.delayed + counts.active == 0
    };
    eventually("the worker to drain the queue", drained).await;
    let refused = account.client(&url).await.add(double, 1).await.expect_err("no memory");
    assert!(matches!(refused, Error::Refused(Refused::OutOfMemory { .. })), "{refused}");
    // What an operator does then.
    assert!(queue.pause().await.expect("paused") && queue.resume().await.expect("resumed"));
    queue.set_limits().max_length(1_000_000).await.expect("limited");
    queue.set_limits().max_length(None).await.expect("not limited");

    tell(&server, &["CONFIG", "SET", "maxmemory", "0"]);
    progress(&queue, 20).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!(proof.acknowledged, proof.jobs, "what was refused wasn't added: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_is_a_read_only_replica_for_a_while() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let running = Running::start(worker(&client).handler(double));
    works(&client).await;
    // The primary is unreachable, so the replica keeps its data.
    tell(&server, &["REPLICAOF", "127.0.0.1", "1"]);
    let impatient = Client::builder(&server.url()).retry_timeout(50.millis());
    let impatient = impatient.connect().await.expect("connected");
    let error = impatient.add(double, 1).await.expect_err("read-only");
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(whole(&error).contains("primary"), "{}", whole(&error));
    let patient = tokio::spawn({
        let client = client.clone();
        async move { client.add(double, 21).await?.result().await }
    });
    tell(&server, &["REPLICAOF", "NO", "ONE"]);
    assert_eq!(patient.await.expect("no panic").expect("it waited"), 42);
    running.stop().await;
}

/// Behind one name, the old connections lead to what is a replica now, and new ones to the primary.
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_behind_one_name_is_followed() {
    let (old, new) = (RedisServer::start(), RedisServer::start());
    let proxy = Proxy::start(old.address());
    let client = client_of(&old.url_through(&proxy)).await;
    let running = Running::start(worker(&client).handler(double));
    works(&client).await;
    proxy.lead_to(new.address());
    tell(&old, &["REPLICAOF", "127.0.0.1", "1"]);
    works(&client).await;
    running.stop().await;
}

/// What passes by itself is waited for: by adds, by workers that have nothing to do, and by those
/// that have something to settle.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_pass_are_waited_for() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let running = Running::start(worker(&client).handler(double));
    works(&client).await;
    tell(&server, &["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let patient = tokio::spawn({
        let client = client.clone();
        async move { client.add(double, 21).await?.result().await }
    });
    let impatient = Client::builder(&server.url()).retry_timeout(50.millis());
    let impatient = impatient.connect().await.expect("connected");
    let error = impatient.add(double, 1).await.expect_err("no replicas");
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(whole(&error).contains("NOREPLICAS"), "{}", whole(&error));
    tell(&server, &["CONFIG", "SET", "min-replicas-to-write", "0"]);
    assert_eq!(patient.await.expect("no panic").expect("it waited"), 42);
    works(&client).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_still_loads_its_data() {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let client = client_of(&url).await;
    let running = Running::start(worker(&client).handler(double));
    works(&client).await;
    let mut fill = redis::pipe();
    for key in 0..2_000 {
        fill.cmd("SET").arg(key).arg("x".repeat(1_024)).ignore();
    }
    fill.query::<()>(&mut server.connection()).expect("filled");
    tell(&server, &["BGREWRITEAOF"]);
    let snapshot = async || {
        let info: String =
            cmd("INFO").arg("persistence").query(&mut server.connection()).expect("it");
        info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0")
    };
    eventually("the snapshot", snapshot).await;
    server.kill();
    // A millisecond for each key, and a look at the clients in between.
    server.set_option("key-load-delay", "1000");
    server.set_option("loading-process-events-interval-bytes", "1024");
    let restarted = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let impatient = || Client::builder(&url).retry_timeout(10.millis()).connect();
    let loading = async || impatient().await.err().map(|error| whole(&error));
    let said = async || loading().await.filter(|error| error.to_lowercase().contains("loading"));
    eventually("the word that it loads", said).await;
    // A patient one waits.
    works(&client).await;
    drop(restarted.await.expect("it came back"));
    drop(running);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_another_type_stand_where_columns_should_be() {
    let server = RedisServer::start();
    for column in ["jobs", "waiting", "delayed", "meta", "events"] {
        let client = Client::builder(&server.url()).connect().await.expect("connected");
        let mut connection = raw(&server.url()).await;
        let mut set = cmd("SET");
        set.arg(format!("jq:{{refusals}}:{column}")).arg("of another type");
        let () = set.query_async(&mut connection).await.expect("set");
        // An add reads `delayed` only for a delayed job.
        let delay = if column == "delayed" { 1.hours() } else { 0.millis() };
        let error = client.add(double, 1).delay(delay).await.expect_err("another type");
        assert!(whole(&error).contains("WRONGTYPE"), "{column}: {error}");
        assert!(!error.is_retryable(), "{column}: {error}");
        let () = cmd("FLUSHALL").query_async(&mut connection).await.expect("flushed");
        let running = Running::start(worker(&client).handler(double));
        works(&client).await;
        running.stop().await;
        let () = cmd("FLUSHALL").query_async(&mut connection).await.expect("flushed");
    }
}
