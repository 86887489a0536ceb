//! Calls: a request is a job, and its caller gets the reply.

use std::{future::IntoFuture as _, sync::Arc, time::Duration};

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobState, Retain, State,
    error::{CallError, FailureReason},
    job,
    manage::Overflow,
};
use jobqueue_tests::{
    account::{
        Account, Shift,
        task::{Act, Task, work},
    },
    cluster::RedisCluster,
    names,
    process::Signal,
    server::RedisServer,
    shared,
    wait::{at_once, eventually},
};
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, client_of, raw, worker};

#[job(queue = "prices", attempts = 2, backoff = fixed("1ms"))]
async fn quote(item: String, ctx: Context) -> Result<u64, Failure> {
    match item.as_str() {
        "unicorn" => Err(Failure::permanent("there is no such thing")),
        "bomb" => panic!("boom"),
        "patience" if ctx.attempt() == 1 => Err(Failure::retry("not yet")),
        _ => Ok(item.len() as u64),
    }
}

#[job(queue = "prices", attempts = 1, timeout = "30ms")]
async fn ponder(_: ()) {
    std::future::pending().await
}

/// Runs once for each permit that is given.
#[job(queue = "gates")]
async fn pass(number: u32, gate: State<Arc<Semaphore>>, passed: State<Count>) -> u32 {
    gate.acquire().await.expect("it is never closed").forget();
    passed.up();
    number
}

fn gatekeeper(client: &Client, gate: &Arc<Semaphore>, passed: &Count) -> Running {
    let builder = worker(client).handler(pass).state(gate.clone()).state(passed.clone());
    Running::start(builder)
}

/// A client, and the prefix of all its keys.
async fn client_and_prefix(url: &str) -> (Client, String) {
    let prefix = names::queue("t");
    let client = Client::builder(url).prefix(prefix.clone()).connect().await;
    (client.expect("the server is there"), prefix)
}

/// The inboxes under a prefix, each with how many replies it holds and for how many ms it is there.
async fn inboxes(prefix: &str) -> Vec<(u64, i64)> {
    let mut redis = raw(shared::url()).await;
    let pattern = format!("{prefix}:{{inbox.*}}:replies");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(pattern).query_async(&mut redis).await.expect("keys");
    let mut found = Vec::new();
    for key in keys {
        let mut both = redis::pipe();
        both.cmd("XLEN").arg(&key).cmd("PTTL").arg(&key);
        found.push(both.query_async(&mut redis).await.expect("read"));
    }
    found
}

#[tokio::test]
async fn a_call_gives_the_typed_result_or_the_failure() {
    let client = client().await;
    let builder = worker(&client).handler(quote).handler(ponder).unknown_names(1.seconds(), 0);
    let running = Running::start(builder);
    let ask = |item: &str| client.call(quote, item.to_owned()).into_future();
    let price: u64 = ask("tea").await.expect("a price");
    assert_eq!(price, 3);
    assert_eq!(ask("patience").await.expect("the second attempt"), 8);
    let prices = client.queue("prices").expect("a good name");
    assert_eq!(prices.call("quote", "bread").await.expect("a price"), 5);
    assert_eq!(prices.call("quote", "bread").typed::<u8>().await.expect("a price"), 5);

    let reason = |answer: Result<u64, CallError>| match answer {
        Err(CallError::Failed { failure, .. }) => failure.reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(ask("unicorn").await), FailureReason::Permanent);
    assert_eq!(reason(ask("bomb").await), FailureReason::Panic);
    let pondered = client.call(ponder, ()).await;
    assert_eq!(reason(pondered.map(|()| 0)), FailureReason::Timeout);
    let unknown = prices.call("no-such-handler", &1).typed().await;
    assert_eq!(reason(unknown), FailureReason::UnknownName);
    let bad = prices.call("quote", &1).typed().await;
    assert_eq!(reason(bad), FailureReason::BadPayload);
    let unreadable = prices.call("quote", "tea").typed::<String>().await;
    assert!(matches!(unreadable, Err(CallError::Error(_))), "{unreadable:?}");

    // Nothing is kept of them unless the caller asks for it.
    let counts = prices.counts().await.expect("counted");
    assert_eq!((counts.completed, counts.failed), (0, 0));
    client.call(quote, "tea".to_owned()).retain(Retain::all()).await.expect("a price");
    assert_eq!(prices.counts().await.expect("counted").completed, 1);
    running.stop().await;
}

#[tokio::test]
async fn a_reply_that_comes_too_late_is_dropped() {
    let (client, prefix) = client_and_prefix(shared::url()).await;
    let (gate, passed) = (Arc::new(Semaphore::new(0)), Count::default());
    let running = gatekeeper(&client, &gate, &passed);
    // Long enough for it to begin.
    let late = client.call(pass, 1).timeout(2.seconds()).await;
    assert!(matches!(late, Err(CallError::TimedOut { .. })), "{late:?}");
    gate.add_permits(2);
    // The next call gets its own reply, not the one before.
    assert_eq!(client.call(pass, 2).await.expect("a reply"), 2);
    assert_eq!(passed.get(), 2, "the request ran all the same");
    eventually("late replies to go", async || inboxes(&prefix).await.iter().all(|it| it.0 == 0))
        .await;
    running.stop().await;
}

#[tokio::test]
async fn a_request_whose_caller_waits_no_longer_does_not_run() {
    let client = client().await;
    let late = client.call(pass, 1).timeout(50.millis()).await;
    assert!(matches!(late, Err(CallError::TimedOut { .. })), "{late:?}");
    let (gate, passed) = (Arc::new(Semaphore::new(9)), Count::default());
    let running = gatekeeper(&client, &gate, &passed);
    assert_eq!(client.call(pass, 2).await.expect("a reply"), 2);
    let gates = client.queue("gates").expect("a good name");
    eventually("the first to be gone", async || {
        let counts = gates.counts().await.expect("counted");
        counts.waiting + counts.delayed + counts.active == 0
    })
    .await;
    assert_eq!(passed.get(), 1);
    running.stop().await;
}

#[tokio::test]
async fn the_inbox_of_a_caller_that_died_vanishes_by_itself() {
    let (client, prefix) = client_and_prefix(shared::url()).await;
    let (gate, passed) = (Arc::new(Semaphore::new(0)), Count::default());
    let running = gatekeeper(&client, &gate, &passed);
    let dying = Client::builder(shared::url()).prefix(prefix.clone()).connect().await;
    let dying = dying.expect("the server is there");
    let gates = dying.queue("gates").expect("a good name");
    let call = tokio::spawn(dying.call(pass, 1).into_future());
    drop(dying);
    at_once("the request to run", async || gates.counts().await.expect("counted").active == 1)
        .await;
    call.abort();
    assert!(call.await.is_err(), "it was aborted");
    drop(gates);
    gate.add_permits(1);
    let [(replies, lifetime)] = eventually("the reply to be relayed", async || {
        <[_; 1]>::try_from(inboxes(&prefix).await).ok()
    })
    .await;
    assert_eq!(replies, 1, "nobody took it");
    assert!((1..=60_000).contains(&lifetime), "it goes after a minute: {lifetime}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_are_in_flight_at_once() {
    let client = client().await;
    let (gate, passed) = (Arc::new(Semaphore::new(0)), Count::default());
    let builder =
        worker(&client).handler(pass).concurrency(1_000).state(gate.clone()).state(passed.clone());
    let running = Running::start(builder);
    let calls = (0..1_000).map(|number| tokio::spawn(client.call(pass, number).into_future()));
    let calls: Vec<_> = calls.collect();
    let gates = client.queue("gates").expect("a good name");
    eventually("all to run at once", async || {
        gates.counts().await.expect("counted").active == 1_000
    })
    .await;
    gate.add_permits(1_000);
    for (number, call) in (0..).zip(calls) {
        assert_eq!(call.await.expect("no panic").expect("a reply"), number);
    }
    assert_eq!(passed.get(), 1_000);
    running.stop().await;
}

#[tokio::test]
async fn invalid_requests_are_refused_before_they_are_sent() {
    let client = client().await;
    let refused = client.call(pass, 1).priority(5_000).await;
    assert!(matches!(refused, Err(CallError::Error(jobqueue::Error::Invalid(_)))), "{refused:?}");
    let gates = client.queue("gates").expect("a good name");
    assert_eq!(gates.counts().await.expect("counted").waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_arrive_whatever_happens_to_connections() {
    let server = RedisServer::start();
    let url = server.url();
    let client = client_of(&url).await;
    let running = Running::start(worker(&client).handler(quote));
    let calls = (0..300).map(|number| {
        let call = client.call(quote, "x".repeat(number)).timeout(60.seconds());
        tokio::spawn(call.into_future())
    });
    let calls: Vec<_> = calls.collect();
    let mut redis = raw(&url).await;
    while !calls.iter().all(tokio::task::JoinHandle::is_finished) {
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
        let _: u64 = kill.query_async(&mut redis).await.expect("killed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (number, call) in (0..).zip(calls) {
        assert_eq!(call.await.expect("no panic").expect("a reply"), number);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_of_killed_workers_arrive_through_others() {
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await;
    let client = account.client(&url).await;
    let calls = (0..2_000).map(|_| {
        let task = Task::new(Act::Work, Duration::ZERO, false);
        tokio::spawn(client.call(work, task).timeout(90.seconds()).into_future())
    });
    let calls: Vec<_> = calls.collect();
    let queue = account.queue(&url).await;
    let completed = async || queue.counts().await.expect("counted").total_completed;
    // Each worker lives for a hundred or two requests, so the kills fall anywhere between the
    // settling, the taking, the delivering and the removing of what was delivered.
    for round in 1..=8 {
        let mut killed = account.worker(&url, Shift::default());
        let enough = round * 150 + fastrand::u64(..50);
        eventually("requests to run", async || completed().await >= enough).await;
        killed.signal(Signal::KILL);
        killed.exit().await;
    }
    let mut last = account.worker(&url, Shift::default());
    for call in calls {
        call.await.expect("no panic").expect("a reply");
    }
    last.signal(Signal::TERM);
    last.exit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_and_handlers_are_on_different_nodes_of_a_cluster() {
    let cluster = RedisCluster::start();
    let url = cluster.node(0).url();
    let (first, prefix) = client_and_prefix(&url).await;
    let running = Running::start(worker(&first).handler(quote));
    // Each with an inbox of its own, somewhere.
    for _ in 0..12 {
        let client = Client::builder(&url).prefix(prefix.clone()).connect().await;
        let client = client.expect("the cluster is there");
        let call = |number| tokio::spawn(client.call(quote, "x".repeat(number)).into_future());
        let calls: Vec<_> = (0..20).map(call).collect();
        for (number, call) in (0..).zip(calls) {
            assert_eq!(call.await.expect("no panic").expect("a reply"), number);
        }
    }
    running.stop().await;
}

/// A request leaves its queue without a run, and its caller doesn't wait until its time is up.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_leaves_without_a_run_is_answered_at_once() {
    let client = client().await;
    let prices = client.queue("prices").expect("a good name");
    prices.create().await.expect("there");
    prices.pause().await.expect("paused");
    let ask = || {
        let call = client.call(quote, "tea".to_owned()).timeout(Duration::from_secs(20));
        tokio::spawn(call.into_future())
    };
    let asked = async || {
        let page = prices.jobs(JobState::Waiting);
        eventually("the request", async || page.ids(0, 9).await.expect("read").pop()).await
    };
    let reason = async |call: tokio::task::JoinHandle<Result<u64, CallError>>| {
        let answer = tokio::time::timeout(Duration::from_secs(4), call).await;
        match answer.expect("at once").expect("no panic") {
            Err(CallError::Failed { failure, .. }) => failure.reason,
            other => panic!("{other:?}"),
        }
    };
    let call = ask();
    prices.job(asked().await).remove().await.expect("removed");
    assert_eq!(reason(call).await, FailureReason::Removed);
    let call = ask();
    asked().await;
    assert_eq!(prices.drain().await.expect("drained"), 1);
    assert_eq!(reason(call).await, FailureReason::Removed);
    let call = ask();
    asked().await;
    prices.obliterate().await.expect("obliterated");
    assert_eq!(reason(call).await, FailureReason::Removed);

    prices.create().await.expect("there");
    prices.pause().await.expect("paused");
    for dead_letter in [None, Some("prices-dlq")] {
        let set = prices.set_limits().max_length(1).overflow(Overflow::DropOldest);
        match dead_letter {
            None => set.await.expect("set"),
            Some(name) => set.dead_letter(name).await.expect("set"),
        }
        prices.drain().await.expect("drained");
        let call = ask();
        asked().await;
        client.add(quote, "cake".to_owned()).await.expect("added");
        assert_eq!(reason(call).await, FailureReason::Overflow, "{dead_letter:?}");
    }
    prices.set_limits().overflow(Overflow::DeadLetter).await.expect("set");
    assert_eq!(reason(ask()).await, FailureReason::Overflow);
}
