//! An upgrade: versions of the library that lay a queue out otherwise meet each other's queues.

use std::time::Duration;

use jobqueue::{Client, Error, Failure, JobState, Queue, Result, error::Refused, job};
use jobqueue_tests::{
    dump::Dump,
    names,
    raw::{Rig, Try, eval, run},
    scripts::is_once,
    server::RedisServer,
};

use crate::support::{Running, worker};

#[job(queue = "q", attempts = 1)]
async fn even(number: u32) -> std::result::Result<u32, Failure> {
    if number.is_multiple_of(2) { Ok(number) } else { Err(Failure::permanent("odd")) }
}

/// A queue with jobs in every state but `active`, written by this version. Its keys begin with
/// [`Rig::BASE`].
async fn written(server: &RedisServer) -> (Client, Queue) {
    let client = Client::connect(&server.url()).await.expect("the server is there");
    let running = Running::start(worker(&client).handler(even));
    for job in client.add_all(even, 0..4).await.expect("added") {
        let _ = job.result().await;
    }
    running.stop().await;
    client.add_all(even, 4..8).await.expect("added");
    client.add(even, 8).delay(Duration::from_secs(3_600)).await.expect("added");
    client.add(even, 9).unique("nine").await.expect("added");
    let queue = client.queue("q").expect("a good name");
    (client, queue)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(layout: &str, what: &str, answer: Result<T>) {
    let error = answer.expect_err(what);
    let is_layout = matches!(&error, Error::Refused(Refused::Layout { found, known, queue, .. })
        if found == layout && known == "2" && queue.as_str() == "q");
    assert!(is_layout, "{what}: {error}");
    let text = error.to_string();
    assert!(text.contains(layout) && text.contains('q'), "{what}: {text}");
}

/// Everything that writes is tried on a queue of another layout.
async fn all_is_refused(layout: &str) {
    let server = RedisServer::start();
    let (client, queue) = written(&server).await;
    let page = async |state| queue.jobs(state).ids(0, 1).await.expect("read").remove(0);
    let (waiting, delayed) = (page(JobState::Waiting).await, page(JobState::Delayed).await);
    let (failed, completed) = (page(JobState::Failed).await, page(JobState::Completed).await);
    let mut redis = server.connection();
    run(&mut redis, &format!("HSET {}meta layout {layout}", Rig::BASE));
    let before = Dump::of(&mut redis);

    refused(layout, "add", client.add(even, 10).await);
    refused(layout, "a delayed add", client.add(even, 10).delay(Duration::from_secs(9)).await);
    let bulk = client.add_all(even, [10, 11]).await.map_err(|error| error.error);
    refused(layout, "adds in bulk", bulk);
    let running = Running::start(worker(&client).handler(even));
    refused(layout, "a worker", running.ended().await);
    refused(layout, "pause", queue.pause().await);
    refused(layout, "resume", queue.resume().await);
    refused(layout, "promote", queue.job(&delayed).promote().await);
    refused(layout, "retry", queue.job(&failed).retry().await);
    refused(layout, "retry all", queue.retry_failed().await);
    refused(layout, "remove", queue.job(&waiting).remove().await);
    refused(layout, "another priority", queue.job(&waiting).set_priority(3).await);
    refused(layout, "another delay", queue.job(&delayed).set_delay(Duration::ZERO).await);
    refused(layout, "drain", queue.drain().await);
    refused(layout, "clean", queue.clean(JobState::Completed, Duration::ZERO).await);
    refused(layout, "limits", queue.set_limits().max_active(3).await);
    refused(layout, "obliterate", queue.obliterate().await);
    refused(layout, "obliterate by force", queue.obliterate().force().await);
    let dead = client.dead_letters("q").expect("a good name");
    refused(layout, "redrive", dead.redrive().ids([completed]).await);

    Dump::of(&mut redis).assert_unchanged_since(&before);
}

#[tokio::test(flavor = "multi_thread")]
async fn this_version_meets_a_queue_of_an_older_one() {
    all_is_refused("1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_version_meets_a_queue_of_a_newer_one() {
    all_is_refused("3").await;
    all_is_refused(&names::queue("nonsense")).await;
}

/// The keys of a script, after its header, as those of the queue `q` and a worker `w1`.
fn keys(source: &str) -> Vec<String> {
    let header = source.lines().skip_while(|line| !line.starts_with("-- KEYS"));
    let lines = header.take_while(|line| !line.starts_with("-- ARGV"));
    let names = lines.filter_map(|line| line.split_once("{q}:")).map(|(_, name)| name);
    let names = names.map(|name| name.split([' ', ',', ';']).next().expect("a name"));
    let one = |name: &str| name.split('<').next().expect("a stem").to_owned();
    names
        .filter(|name| !name.contains("<key>"))
        .map(|name| if name.contains('<') { one(name) + "w1" } else { name.to_owned() })
        .map(|name| format!("{}{name}", Rig::BASE))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_version_meets_a_queue_of_this_one() {
    const MARK: &str = "local LAYOUT = '2'";
    let server = RedisServer::start();
    let (_client, _queue) = written(&server).await;
    let mut redis = server.connection();
    let before = Dump::of(&mut redis);
    let mut tried = 0;
    for script in jobqueue::internals::scripts() {
        // Scripts that only read don't check the layout.
        if !script.source.contains(MARK) {
            continue;
        }
        let next = script.source.replace(MARK, "local LAYOUT = '3'");
        let mut keys = keys(script.source);
        assert!(!keys.is_empty(), "{}", script.name);
        // Their values don't matter: the script checks the layout first.
        let mut args: Vec<Vec<u8>> =
            [Rig::BASE].into_iter().chain([("1"); 40]).map(|arg| arg.as_bytes().to_vec()).collect();
        if is_once(script.source) {
            keys.push(Rig::SENDER.to_owned());
            args.extend(Try { number: 1, resend: false }.args());
        }
        let refusal = eval(&mut redis, &next, &keys, args).expect_err(script.name);
        assert_eq!(refusal, "LAYOUT 2 3", "{}", script.name);
        Dump::of(&mut redis).assert_unchanged_since(&before);
        tried += 1;
    }
    assert!(tried > 15, "only {tried} scripts look at the layout");
}
