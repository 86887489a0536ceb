//! What systemd is told, by a process of its own: variables of this one can't be set safely.

use std::{
    env,
    future::pending,
    io::ErrorKind,
    os::unix::net::UnixDatagram,
    process::Command,
    time::{Duration, Instant},
};

use crate::worker;

/// The process: a worker that is told to stop after a while.
#[ignore = "run by the test below"]
#[tokio::test(flavor = "multi_thread")]
async fn a_service() {
    let (_client, worker) = worker().await;
    let handle = worker.handle();
    let notified = tokio::spawn(jobqueue_monitor::notify(handle.clone()));
    let running = tokio::spawn(worker.run_until(pending()));
    tokio::time::sleep(Duration::from_secs(1)).await;
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
    notified.await.expect("it ends with the worker");
}

#[test]
fn systemd_hears_of_a_start_a_stop_and_a_life_between() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("set");
    // systemd says whom it watches; the shell becomes the service.
    let mut service = Command::new("/bin/sh");
    service.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" --exact systemd::a_service --ignored"]);
    service.arg(env::current_exe().expect("this program"));
    service.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut service = service.spawn().expect("it starts");
    let (began, mut words) = (Instant::now(), Vec::new());
    loop {
        let mut buffer = [0; 1_024];
        match socket.recv(&mut buffer) {
            Ok(length) => words.push(String::from_utf8_lossy(&buffer[..length]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if service.try_wait().expect("waited").is_some() {
                    break;
                }
            }
            Err(error) => panic!("{error}"),
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{words:?}");
    }
    assert!(service.wait().expect("waited").success(), "{words:?}");
    let at = |word: &str| words.iter().position(|it| it.contains(word));
    let count = |word: &str| words.iter().filter(|it| it.contains(word)).count();
    assert_eq!((count("READY=1"), count("STOPPING=1")), (1, 1), "{words:?}");
    assert!(at("READY=1") < at("STOPPING=1"), "{words:?}");
    assert!(count("WATCHDOG=1") >= 3, "{words:?}");
    assert!(at("STATUS=taking jobs").is_some(), "{words:?}");
}
