//! The demo's programs, run as a user would: the main job, killed workers, signals.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use jobqueue::{Client, JobError as _, retry::Verdict};
use jobqueue_examples::checksum::checksum;
use jobqueue_tests::{
    leftovers::keys_that_stay,
    process::{Process, Signal, example},
    server::RedisServer,
    wait::eventually,
};

/// A tree of files, with names of all sorts.
fn tree(files: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (at, folder) in ["plain", "with blank", "größe 漢字", "back\\slash"].iter().enumerate()
    {
        let folder = dir.path().join(folder);
        fs::create_dir(&folder).expect("a folder");
        for file in (at..files).step_by(4) {
            let name = if file % 3 == 0 { format!("é {file}\n.txt") } else { format!("f{file}") };
            fs::write(folder.join(name), vec![b'x'; file * 7]).expect("a file");
        }
    }
    std::os::unix::fs::symlink("plain", dir.path().join("link")).expect("a link");
    dir
}

/// Runs the demo in a tree's parent, on its last part.
fn demo(server: &RedisServer, dir: &Path, more: &[&str]) -> Output {
    let _ = example("demo-worker"); // built, for the demo to find beside itself
    let mut command = Command::new(example("demo"));
    command.args(more).arg(dir.file_name().expect("a name")).env("REDIS_URL", server.url());
    command.current_dir(dir.parent().expect("a parent")).output().expect("the demo runs")
}

/// The output of `sha256sum` for the same files.
fn sha256sum(dir: &Path) -> String {
    let script = "find \"$0\" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(dir.file_name().expect("a name"));
    let output = command.current_dir(dir.parent().expect("a parent")).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_demo_needs_no_server() {
    let dir = tree(300);
    let _ = example("demo-worker"); // built, for the demo to find beside itself
    for more in [&[][..], &["--kill"]] {
        let mut command = Command::new(example("demo"));
        command.args(more).arg(dir.path().file_name().expect("a name")).env_remove("REDIS_URL");
        let output = command.current_dir(dir.path().parent().expect("a parent")).output();
        let output = output.expect("the demo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).expect("text"), sha256sum(dir.path()));
    }
}

#[test]
fn the_demo_prints_what_sha256sum_prints() {
    let (server, dir) = (RedisServer::start(), tree(300));
    let expected = sha256sum(dir.path());
    assert_eq!(expected.lines().count(), 300);
    for more in [&[][..], &["--kill"]] {
        let output = demo(&server, dir.path(), more);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        assert!(errors.contains("300 files") && errors.contains("0 failed"), "{errors}");
        assert_eq!(errors.contains("killed worker"), !more.is_empty(), "{errors}");
    }
    assert_eq!(keys_that_stay(&mut server.connection(), "*"), [""; 0], "it leaves nothing behind");
}

#[tokio::test]
async fn a_file_that_can_not_be_read_fails_with_its_reason() {
    let nowhere = "/nowhere/at/all".parse::<std::path::PathBuf>().expect("a path");
    let error = checksum(nowhere.into()).await;
    assert_eq!(error.expect_err("it isn't there").verdict(), Verdict::Permanent);

    let (server, dir) = (RedisServer::start(), tree(8));
    let locked = dir.path().join("plain/f4");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("locked");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("open");
    // The superuser reads everything, so the demo runs as nobody, from where nobody may run it.
    let bin = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(bin.path(), fs::Permissions::from_mode(0o755)).expect("open");
    for name in ["demo", "demo-worker"] {
        fs::copy(example(name), bin.path().join(name)).expect("copied");
    }
    let mut command = Command::new(bin.path().join("demo"));
    if rustix::process::geteuid().is_root() {
        command.uid(65_534);
    }
    let output = command.arg(dir.path()).env("REDIS_URL", server.url()).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("f4: Permission denied") && errors.contains("1 failed"), "{errors}");
    assert_eq!(output.stdout.split(|byte| *byte == b'\n').count(), 8, "the other seven lines");
}

/// A worker program, once it serves.
async fn worker(server: &RedisServer) -> Process {
    let mut command = Command::new(example("demo-worker"));
    command.env("REDIS_URL", server.url()).env("JOBQUEUE_DEMO_PREFIX", "t");
    let process = Process::spawn(command.env("RUST_LOG", "jobqueue=info"));
    let client = client(server).await;
    let queue = client.queue("checksums").expect("a name");
    eventually("the worker", async || queue.counts().await.expect("counts").workers == 1).await;
    process
}

async fn client(server: &RedisServer) -> Client {
    Client::builder(&server.url()).prefix("t").connect().await.expect("connected")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_worker_and_its_lease() {
    let server = RedisServer::start();
    for signal in [Signal::TERM, Signal::INT] {
        let mut worker = worker(&server).await;
        worker.signal(signal);
        assert!(worker.exit().await.success(), "{worker}");
        let counts = client(&server).await.queue("checksums").expect("a name").counts().await;
        assert_eq!(counts.expect("counts").workers, 0, "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_workers_jobs_run_elsewhere_once_and_its_outcomes_are_refused() {
    let server = RedisServer::start();
    let mut stopped = worker(&server).await;
    stopped.signal(Signal::STOP);
    let (client, dir) = (client(&server).await, tree(40));
    let files: Vec<_> = (0..10).map(|n| dir.path().join(format!("plain/f{}", n * 4))).collect();
    let jobs = client.add_all(checksum, files.iter().cloned().map(Into::into)).await;
    let jobs = jobs.expect("added");
    let mut command = Command::new(example("demo-worker"));
    command.env("REDIS_URL", server.url()).env("JOBQUEUE_DEMO_PREFIX", "t");
    let mut other = Process::spawn(&mut command);
    for job in &jobs {
        // Most have odd names; it only matters that each has ended.
        let _ = job.result().await;
    }
    stopped.signal(Signal::CONT);
    // It finds its lease lost, joins again, and goes on.
    other.signal(Signal::TERM);
    assert!(other.exit().await.success());
    let job = client.add(checksum, dir.path().join("plain/f4").into()).await.expect("added");
    job.result().await.expect("a checksum");
    let counts = job.queue().counts().await.expect("counts");
    assert_eq!(counts.total_completed + counts.total_failed, 11);
    stopped.signal(Signal::TERM);
    assert!(stopped.exit().await.success(), "{stopped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_makes_few_calls() {
    let server = RedisServer::start();
    let _worker = worker(&server).await;
    let calls = || -> u64 {
        let info: String =
            redis::cmd("INFO").arg("stats").query(&mut server.connection()).expect("info");
        let line = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
        line.and_then(|calls| calls.trim().parse().ok()).expect("a number")
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = calls();
    tokio::time::sleep(Duration::from_secs(4)).await;
    // Commands within scripts count too: a look at the queue is one call of some fifteen.
    let made = calls() - before;
    assert!(made < 80, "{made} commands in 4 s of idleness");
}
