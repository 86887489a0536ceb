//! `jobqueue serve`, and moves out of its folders.

use std::{path::Path, process::Command};

use jobqueue::Client;
use jobqueue_tests::{
    process::{Process, Signal},
    server::RedisServer,
    wait::eventually,
};

use crate::{
    queues::Queues,
    transfer::{moves, refused, text},
};

fn command(data: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobqueue"));
    command.arg("serve").arg("--data").arg(data).args(more);
    command
}

async fn serve(data: &Path, more: &[&str]) -> Process {
    let mut process = Process::spawn(&mut command(data, more));
    process.line("serving ").await;
    process
}

fn url(data: &Path) -> String {
    format!("unix://{}", data.join("socket").display())
}

/// A port that nobody has.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

async fn end(mut process: Process) {
    process.signal(Signal::TERM);
    let status = process.exit().await;
    assert!(status.success(), "{status}: {process:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_stay_in_the_folder_and_move_to_redis_and_back() {
    let (dir, redis) = (tempfile::tempdir().expect("a folder"), RedisServer::start());
    let data = dir.path().join("jobs");
    let folder = format!("embedded:{}", data.display());
    let server = serve(&data, &[]).await;
    let queues = Queues::fill(&url(&data)).await;
    refused(&moves(&folder, &redis.url(), &[]), "must be stopped first");
    end(server).await;

    let moved = moves(&folder, &redis.url(), &[]);
    assert!(moved.status.success(), "{}", text(&moved));
    let other = format!("embedded:{}", dir.path().join("other").display());
    let moved = moves(&redis.url(), &other, &[]);
    assert!(moved.status.success(), "{}", text(&moved));
    queues.are_at(&redis.url()).await;
    for name in ["jobs", "other"] {
        let data = dir.path().join(name);
        let server = serve(&data, &[]).await;
        queues.are_at(&url(&data)).await;
        end(server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_takes_over_when_the_one_that_serves_is_killed() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut first = serve(dir.path(), &["--sync", "always"]).await;
    let mut second = Process::spawn(&mut command(dir.path(), &[]));
    second.line("waiting until it goes").await;
    let queues = Queues::fill(&url(dir.path())).await;
    first.signal(Signal::KILL);
    let _ = first.exit().await;
    second.line("serving ").await;
    queues.are_at(&url(dir.path())).await;
    end(second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_for_those_who_know_the_password() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("password");
    std::fs::write(&file, "s3cret\nnothing else\n").expect("written");
    let file = file.display().to_string();
    let open = command(dir.path(), &["--listen", "0.0.0.0:0"]).output().expect("it runs");
    refused(&open, "can be reached from elsewhere");
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let more = ["--listen", &address, "--password-file", &file, "--max-memory", "1mb"];
    let server = serve(&dir.path().join("jobs"), &more).await;
    let error = Client::connect(&format!("redis://{address}")).await.expect_err("no password");
    assert!(error.to_string().contains("password") || format!("{error:?}").contains("NOAUTH"));
    let client = Client::connect(&format!("redis://:s3cret@{address}")).await.expect("connected");
    // The folder's own clients need none, and memory is full for all.
    let own = Client::connect(&url(&dir.path().join("jobs"))).await.expect("connected");
    for client in [client, own] {
        let queue = client.queue("q").expect("a name");
        let refusal = async || queue.add("job", &"x".repeat(10_000)).await.is_err();
        eventually("memory to be full", refusal).await;
    }
    end(server).await;
}

#[test]
fn mistakes_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let there = |name: &str| dir.path().join(name).display().to_string();
    let file = there("file");
    std::fs::write(&file, "").expect("written");
    let output = |more: &[&str]| command(dir.path(), more).output().expect("it runs");
    refused(&output(&["--sync", "often"]), "everysec");
    refused(&output(&["--listen", "127.0.0.1:1", "--password-file", &file]), "no password");
    refused(&output(&["--password-file", &file]), "--listen");
    refused(&output(&["--max-memory", "much"]), "maxmemory");
    let unusable = command(Path::new(&file), &[]).output().expect("it runs");
    refused(&unusable, "can't make");
    assert_eq!(text(&unusable).matches("os error").count(), 1, "{}", text(&unusable));
    let redis = "redis://127.0.0.1:1";
    refused(&moves(&format!("embedded:{}", there("nothing")), redis, &[]), "is no folder");
    refused(&moves("embedded:", redis, &[]), "gone with the process");
    assert!(!dir.path().join("nothing").exists());
}
