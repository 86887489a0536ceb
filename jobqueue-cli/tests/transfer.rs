//! `jobqueue move`.

use std::process::{Command, Output};

use jobqueue::{Client, Worker, job};
use jobqueue_tests::{server::RedisServer, wait::eventually};

use crate::queues::Queues;

pub(crate) fn moves(from: &str, to: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobqueue"));
    command.arg("move").args([from, to]).args(more).output().expect("it runs")
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

pub(crate) fn refused(output: &Output, words: &str) {
    assert!(!output.status.success(), "{}", text(output));
    assert!(text(output).contains(words), "{}", text(output));
}

fn run(server: &RedisServer, line: &str) -> redis::Value {
    jobqueue_tests::raw::run(&mut server.connection(), line)
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_go_on_where_they_were_moved_to() {
    let (from, to) = (RedisServer::start(), RedisServer::start());
    let queues = Queues::fill(&from.url()).await;
    let moved = moves(&from.url(), &to.url(), &[]);
    assert!(moved.status.success(), "{}", text(&moved));
    assert!(text(&moved).contains("moved 2 queues"), "{}", text(&moved));
    queues.are_at(&to.url()).await;
    queues.are_at(&from.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_and_what_operators_did_is_known_where_it_was_moved_to() {
    let (from, to) = (RedisServer::start(), RedisServer::start());
    Queues::fill(&from.url()).await;
    let client = Client::connect(&from.url()).await.expect("connected").acting_as("ann");
    let queue = client.queue("letters").expect("a name");
    queue.create().await.expect("made");
    queue.set_limits().dead_letter("letters-dlq").await.expect("set");
    let there = async |url: String| {
        let client = Client::connect(&url).await.expect("connected");
        let queues = client.queues().all().await.expect("listed");
        let log = client.audit_log().newest(10).await.expect("read");
        (queues, log.into_iter().map(|it| (it.who, it.action)).collect::<Vec<_>>())
    };
    let before = there(from.url()).await;
    assert!(before.0.len() > 2 && !before.1.is_empty(), "{before:?}");
    let moved = moves(&from.url(), &to.url(), &[]);
    assert!(moved.status.success(), "{}", text(&moved));
    assert_eq!(there(to.url()).await, before);
}

#[test]
fn the_exit_code_says_what_kind_of_error_it_was() {
    let (from, to) = (RedisServer::start(), RedisServer::start());
    let code = |from: &str, to: &str| moves(from, to, &[]).status.code();
    assert_eq!(code("redis://127.0.0.1:1", &to.url()), Some(3));
    assert_eq!(code("http://nowhere", &to.url()), Some(2));
    assert_eq!(code("embedded:", &to.url()), Some(2));
    assert_eq!(code(&from.url(), &from.url()), Some(2));
    run(&from, "SET jq:{a}:meta x");
    run(&to, "SET jq:{b}:meta x");
    assert_eq!(code(&from.url(), &to.url()), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_overwritten_but_a_move_that_broke_off_is_begun_anew() {
    let (from, to) = (RedisServer::start(), RedisServer::start());
    let queues = Queues::fill(&from.url()).await;
    run(&to, "SET other:key 1");
    run(&to, "SET jq:{moved}:meta mine");
    refused(&moves(&from.url(), &to.url(), &[]), "nothing is overwritten");
    assert_eq!(run(&to, "DBSIZE"), redis::Value::Int(2));
    run(&to, "SET jq:{move}:is-not-over x");
    run(&to, "SET jq:{gone}:meta x");
    let moved = moves(&from.url(), &to.url(), &[]);
    assert!(moved.status.success(), "{}", text(&moved));
    assert_eq!(
        run(&to, "EXISTS other:key jq:{gone}:meta jq:{move}:is-not-over"),
        redis::Value::Int(1)
    );
    queues.are_at(&to.url()).await;
}

#[job(queue = "busy")]
async fn idle(_: ()) {}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_moved_while_a_worker_lives() {
    let (from, to) = (RedisServer::start(), RedisServer::start());
    let client = Client::connect(&from.url()).await.expect("connected");
    client.add(idle, ()).await.expect("added");
    let worker = Worker::builder(&client).handler(idle).build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending::<()>()));
    let leases = async || run(&from, "ZCARD jq:{busy}:workers") == redis::Value::Int(1);
    eventually("a lease", leases).await;
    refused(&moves(&from.url(), &to.url(), &[]), "has a lease");
    assert_eq!(run(&to, "DBSIZE"), redis::Value::Int(0));
    assert!(moves(&from.url(), &to.url(), &["--force"]).status.success());
    handle.stop(std::time::Duration::ZERO);
    running.await.expect("no panic").expect("no error");
}

#[test]
fn keys_of_all_types_are_equal_to_the_last_id_and_expiry() {
    let (from, to) = (RedisServer::start(), RedisServer::start());
    let mut redis = from.connection();
    for line in [
        "SET jq:{q}:text hello PX 3600000",
        "HSET jq:{q}:hash f v g w",
        "SADD jq:{q}:set a b c",
        "ZADD jq:{q}:scores 1.5 a 4503599627370496 b -inf c 0.1 d",
        "RPUSH jq:{q}:list b a a",
        "XADD jq:{q}:stream 5-1 f v g w",
        "XADD jq:{q}:stream 7-1 f v",
        "XDEL jq:{q}:stream 7-1",
        "XADD jq:{q}:empty 9-9 f v",
        "XDEL jq:{q}:empty 9-9",
        "HSET jq:other:{q}:hash f v",
    ] {
        jobqueue_tests::raw::run(&mut redis, line);
    }
    for n in 0..2_500 {
        for line in [
            format!("HSET jq:{{q}}:hash field-{n} {n}"),
            format!("ZADD jq:{{q}}:scores {n} m{n}"),
            format!("RPUSH jq:{{q}}:list {n}"),
            format!("XADD jq:{{q}}:stream {n}-2 f {n}"),
            format!("SADD jq:{{q}}:set {n}"),
        ] {
            // The first ids of the stream are beneath its last one.
            let words: Vec<_> = line.split(' ').collect();
            let _ = redis::cmd(words[0]).arg(&words[1..]).query::<redis::Value>(&mut redis);
        }
    }
    let moved = moves(&from.url(), &to.url(), &[]);
    assert!(moved.status.success(), "{}", text(&moved));
    let dump = |server: &RedisServer| {
        jobqueue_tests::dump::Dump::of_prefix(&mut server.connection(), "jq:{q}")
    };
    dump(&to).assert_same_as(&dump(&from));
    assert_eq!(run(&to, "EXISTS jq:other:{q}:hash"), redis::Value::Int(0));
    for (stream, id) in [("jq:{q}:stream", "2499-2"), ("jq:{q}:empty", "9-9")] {
        let info = format!("{:?}", run(&to, &format!("XINFO STREAM {stream}")));
        assert!(info.contains(id), "{info}");
    }
}

#[test]
fn mistakes_are_told() {
    let server = RedisServer::builder().password("s3cret").start();
    let url = format!("redis://:s3cret@{}", server.address());
    refused(&moves(&url, &url, &[]), "both URLs");
    let other = moves(&url, "redis://127.0.0.1:1", &[]);
    refused(&other, "can't be reached");
    let nothing = moves(&url, &format!("{url}/1"), &[]);
    refused(&nothing, "no key that begins with `jq:{`");
    for output in [other, nothing] {
        assert!(!text(&output).contains("s3cret"), "{}", text(&output));
    }
    refused(&moves("nonsense", &url, &[]), "is no Redis URL");
}
