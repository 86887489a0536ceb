//! Which worker wakes for a job, and that one does.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use jobqueue::{Client, Context, DurationExt, Failure, Queue, State, WorkerHandle, job};
use jobqueue_tests::{names, server::RedisServer, wait::at_once};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::support::{Count, Running, client, client_of, worker};

/// What handlers do: begin, and end when they are let.
#[derive(Clone, Default)]
struct Board {
    begun: Count,
    go: Count,
}

#[job(queue = "wake", attempts = 1, retain = none)]
async fn quick(_n: u32, board: State<Board>) {
    board.begun.up();
}

#[job(queue = "wake", attempts = 1, retain = none)]
async fn slow(_n: u32, board: State<Board>) {
    board.begun.up();
    while board.go.get() == 0 {
        tokio::time::sleep(2.millis()).await;
    }
}

#[job(queue = "wake", attempts = 2, backoff = fixed("300ms"))]
async fn flaky(_n: u32, board: State<Board>, ctx: Context) -> Result<(), Failure> {
    if ctx.attempt() == 1 {
        return Err(Failure::retry("again"));
    }
    board.begun.up();
    Ok(())
}

#[job(queue = "wake")]
async fn something_else(_n: u32) {}

fn queue(client: &Client) -> Queue {
    client.queue("wake").expect("a good name")
}

fn start(client: &Client, board: &Board, slots: usize) -> Running {
    let builder = worker(client).handler(quick).handler(slow).handler(flaky);
    Running::start(builder.state(board.clone()).concurrency(slots))
}

/// Waits until so many consumers wait for the token.
async fn waiters(server: &RedisServer, many: usize) {
    let mut looks = server.connection();
    at_once("consumers that wait", async || {
        let list: String = redis::cmd("CLIENT").arg("LIST").query(&mut looks).expect("a list");
        list.lines().filter(|line| line.contains(" cmd=blpop ")).count() == many
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_that_comes_to_a_full_worker_goes_on_to_an_idle_one() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    let full = start(&client, &board, 1);
    // It sleeps until that is due, and still waits for the token when it has it.
    client.add(slow, 1).delay(300.millis()).await.expect("added");
    at_once("the slow run", async || board.begun.get() == 1).await;
    waiters(&server, 1).await;
    let idle = start(&client, &board, 1);
    waiters(&server, 2).await;
    client.add(quick, 2).await.expect("added");
    at_once("the quick run", async || board.begun.get() == 2).await;
    board.go.up();
    full.stop().await;
    idle.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_worker_is_full_runs_at_an_idle_one() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    let first = start(&client, &board, 1);
    waiters(&server, 1).await;
    let idle = start(&client, &board, 1);
    waiters(&server, 2).await;
    client.add_all(slow, [1, 2]).await.expect("added");
    at_once("the slow runs", async || board.begun.get() == 2).await;
    // Both are full; the one that ends takes the flaky job, then the next slow one.
    client.add(flaky, 3).await.expect("added");
    client.add(slow, 4).await.expect("added");
    board.go.up();
    at_once("the retry", async || board.begun.get() == 4).await;
    first.stop().await;
    idle.stop().await;
}

/// The worker that doesn't know the job looks later than the other when it is due.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_an_unknown_name_runs_at_the_worker_that_knows_it() {
    let (client, board) = (client().await, Board::default());
    let stranger = worker(&client).handler(something_else).unknown_names(40.millis(), 1);
    let (knows, stranger) = (start(&client, &board, 1), Running::start(stranger));
    for n in 1..=20 {
        client.add(quick, n).await.expect("added");
        at_once("the run", async || board.begun.get() == n as usize).await;
    }
    knows.stop().await;
    stranger.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_is_freed_by_hand_wakes_a_worker() {
    let (client, board) = (client().await, Board::default());
    let queue = queue(&client);
    queue.set_limits().max_active(1).await.expect("set");
    client.add(quick, 1).await.expect("added");
    let held = queue.receive(1, 1.seconds()).await.expect("received").pop().expect("one");
    let running = start(&client, &board, 5);
    client.add(quick, 2).await.expect("added");
    tokio::time::sleep(200.millis()).await;
    assert_eq!(board.begun.get(), 0, "one is out");
    held.complete().await.expect("completed");
    at_once("the next", async || board.begun.get() == 1).await;
    running.stop().await;
}

/// Its wait ends with it, and no token goes there any more.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_takes_no_token_along() {
    let (client, board) = (client().await, Board::default());
    let stays = start(&client, &board, 2);
    for n in 1..=20 {
        let leaves = start(&client, &board, 2);
        tokio::time::sleep(20.millis()).await;
        let stops = tokio::spawn(leaves.stop());
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..4_000))).await;
        client.add(quick, n).await.expect("added");
        at_once("the run", async || board.begun.get() == n as usize).await;
        stops.await.expect("no panic");
    }
    stays.stop().await;
}

/// An idle worker, and a job that it may fetch though no token came: a queue was resumed without a
/// word to it.
async fn unheard(server: &RedisServer, client: &Client, board: &Board) -> (Running, String) {
    queue(client).create().await.expect("there");
    queue(client).pause().await.expect("paused");
    client.add(slow, 1).await.expect("added");
    let running = start(client, board, 2);
    waiters(server, 1).await;
    tokio::time::sleep(50.millis()).await;
    let mut raw = server.connection();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*:meta").query(&mut raw).expect("keys");
    let () = redis::cmd("HDEL").arg(&keys[0]).arg("paused").query(&mut raw).expect("resumed");
    (running, keys[0].replace("meta", ""))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stops_fetches_nothing() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    let (running, base) = unheard(&server, &client, &board).await;
    running.stop().await;
    let (mut raw, events) = (server.connection(), format!("{base}events"));
    let events: redis::Value =
        redis::cmd("XRANGE").arg(events).arg("-").arg("+").query(&mut raw).expect("events");
    assert!(!format!("{events:?}").contains("active"), "{events:?}");
}

/// Else the fetch would go on under the same name, for a worker that holds jobs.
#[tokio::test]
async fn a_turn_while_a_fetch_is_under_way_joins_first() {
    let server = RedisServer::start();
    let (client, board) = (client_of(&server.url()).await, Board::default());
    let (running, base) = unheard(&server, &client, &board).await;
    let mut raw = server.connection();
    let mut name = || -> Vec<String> {
        redis::cmd("ZRANGE")
            .arg(format!("{base}workers"))
            .arg("0")
            .arg("-1")
            .query(&mut raw)
            .expect("names")
    };
    let before = name();
    running.handle.pause();
    running.handle.resume();
    at_once("the run", async || board.begun.get() == 1).await;
    assert_ne!(name(), before);
    board.go.up();
    running.stop().await;
}

/// The worker, for handlers that stop it.
#[derive(Clone, Default)]
struct Own(Arc<Mutex<Option<WorkerHandle>>>);

#[job(queue = "last", attempts = 1)]
async fn last(n: u32, own: State<Own>, board: State<Board>) {
    board.begun.up();
    if n == 0
        && let Some(handle) = &*own.0.0.lock().expect("no panic")
    {
        handle.stop(5.seconds());
    }
}

/// The end of a run and the word to stop come at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_prefetched_job_does_not_begin_once_the_worker_stops() {
    let client = client().await;
    for _ in 0..20 {
        let (board, own) = (Board::default(), Own::default());
        client.queue("last").expect("a name").drain().await.expect("drained");
        client.add_all(last, 0..4).await.expect("added");
        let builder = worker(&client).handler(last).state(board.clone()).state(own.clone());
        let built = builder.concurrency(1).prefetch(3).build().expect("a sound worker");
        *own.0.lock().expect("no panic") = Some(built.handle());
        built.run_until(std::future::pending()).await.expect("no error");
        assert_eq!(board.begun.get(), 1);
    }
}

/// Lets runs end.
#[derive(Clone)]
struct Gate(Arc<Semaphore>);

#[job(queue = "wake", attempts = 1, retain = none)]
async fn gated(_n: u32, board: State<Board>, gate: State<Gate>) {
    board.begun.up();
    let _ = gate.0.0.acquire().await.map(SemaphorePermit::forget);
}

/// A producer in a thread of its own: each word to it is a job.
fn producer(url: String, prefix: String) -> (mpsc::Sender<u32>, mpsc::Receiver<()>) {
    let ((order, orders), (done, added)) = (mpsc::channel(), mpsc::channel());
    std::thread::spawn(move || {
        one_thread().block_on(async move {
            let client = Client::builder(&url).prefix(prefix).connect().await.expect("there");
            while let Ok(n) = orders.recv() {
                client.add(quick, n).await.expect("added");
                done.send(()).expect("somebody hears");
            }
        });
    });
    (order, added)
}

fn one_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// The token has come while the worker was busy with a call, and then it orders its next fetch.
#[test]
fn a_fetch_that_is_ordered_when_the_token_was_there_does_not_wait() {
    let (server, prefix) = (RedisServer::start(), names::queue("t"));
    let (order, added) = producer(server.url(), prefix.clone());
    one_thread().block_on(async {
        let client = Client::builder(&server.url()).prefix(prefix).connect().await.expect("there");
        let (board, gate) = (Board::default(), Gate(Arc::new(Semaphore::new(0))));
        let builder = worker(&client).handler(quick).handler(gated).state(board.clone());
        let running = Running::start(builder.state(gate.clone()).concurrency(2));
        for round in 0..150 {
            // While it holds a job, it waits for the token alone.
            client.add(gated, round).await.expect("added");
            at_once("the run", async || board.begun.get() == 2 * round as usize + 1).await;
            tokio::time::sleep(2.millis()).await;
            gate.0.add_permits(1);
            for _ in 0..round % 25 {
                tokio::task::yield_now().await;
            }
            // This blocks the worker while its last call is answered and the token comes.
            std::thread::sleep(1.millis());
            order.send(round).expect("somebody hears");
            added.recv().expect("added");
            std::thread::sleep(1.millis());
            at_once("the next", async || board.begun.get() == 2 * round as usize + 2).await;
        }
        running.stop().await;
    });
}
