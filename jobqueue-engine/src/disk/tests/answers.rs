//! Answers wait until what they tell of is on the disk, and nothing else waits for that.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    time::timeout,
};

use super::*;
use crate::{connection::serve, disk::files::Step};

/// An engine that syncs before it answers, on a disk whose syncs stand still while the switch is
/// on.
fn on_a_slow_disk(folder: &Path) -> (Arc<Engine>, Arc<AtomicBool>) {
    let is_on = Arc::new(AtomicBool::new(false));
    let switch = is_on.clone();
    let files = Files::of(folder).hooked(Arc::new(move |step| {
        while step == Step::Sync && is_on.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }));
    (open(files, &options(Fsync::Always).segment(1 << 20)), switch)
}

fn client(engine: &Arc<Engine>) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    tokio::spawn(serve(engine.clone(), theirs));
    ours
}

async fn send(client: &mut DuplexStream, line: &str) {
    client.write_all(format!("{line}\r\n").as_bytes()).await.expect("sent");
}

/// What comes within a limit, if anything does.
async fn answer(client: &mut DuplexStream, limit: Duration) -> Option<String> {
    let mut bytes = [0; 200];
    let read = timeout(limit, client.read(&mut bytes)).await.ok()?.expect("read");
    Some(String::from_utf8_lossy(&bytes[..read]).replace("\r\n", " "))
}

const SOON: Duration = Duration::from_secs(2);
const NEVER: Duration = Duration::from_millis(50);

#[tokio::test]
async fn answers_and_what_they_cause_wait_for_the_disk_and_calls_go_on() {
    let folder = folder();
    let (engine, switch) = on_a_slow_disk(folder.path());
    let [mut writer, mut reader, mut waiter] = [(); 3].map(|()| client(&engine));
    send(&mut writer, "SET a 1").await;
    assert_eq!(answer(&mut writer, SOON).await.as_deref(), Some("+OK "));
    send(&mut waiter, "BLPOP list 0").await;
    assert_eq!(answer(&mut waiter, NEVER).await, None);

    switch.store(true, Ordering::SeqCst);
    send(&mut writer, "RPUSH list item").await;
    assert_eq!(answer(&mut writer, NEVER).await, None, "it isn't on the disk");
    // The item has gone to who waited for it, but nobody is told of that yet.
    send(&mut reader, "LLEN list").await;
    assert_eq!(answer(&mut waiter, NEVER).await, None);
    assert_eq!(answer(&mut reader, NEVER).await, None, "a read waits for what it has seen");
    // All are carried out meanwhile.
    send(&mut writer, "SET a 2").await;
    send(&mut reader, "SET b 2").await;
    let carried_out = async {
        while engine.with_keyspace(|keys| keys.slot(b"b").is_none()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(SOON, carried_out).await.expect("calls go on");

    switch.store(false, Ordering::SeqCst);
    assert_eq!(answer(&mut waiter, SOON).await.as_deref(), Some("*2 $4 list $4 item "));
    let mut both = answer(&mut writer, SOON).await.expect("an answer");
    if !both.contains("+OK") {
        both += &answer(&mut writer, SOON).await.expect("the second");
    }
    assert_eq!(both, ":1 +OK ");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_ends_the_connection_instead_of_an_answer() {
    let folder = folder();
    let is_on = Arc::new(AtomicBool::new(false));
    let switch = is_on.clone();
    let files = Files::of(folder.path()).hooked(Arc::new(move |step| {
        let refuses = step == Step::Write && is_on.load(Ordering::SeqCst);
        if refuses { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }));
    let engine = open(files, &options(Fsync::EverySecond));
    let mut first = client(&engine);
    switch.store(true, Ordering::SeqCst);
    send(&mut first, "SET a 1").await;
    assert_eq!(answer(&mut first, SOON).await.as_deref(), Some(""), "it was carried out");
    let mut next = client(&engine);
    send(&mut next, "SET a 2").await;
    let refused = answer(&mut next, SOON).await.expect("an answer");
    assert!(refused.starts_with("-MISCONF"), "{refused}");
    send(&mut next, "GET a").await;
    assert_eq!(answer(&mut next, SOON).await.as_deref(), Some("$1 1 "));
}

#[tokio::test]
async fn an_engine_that_was_closed_answers_nothing() {
    let folder = folder();
    let engine = open(Files::of(folder.path()), &options(Fsync::EverySecond));
    let mut client = client(&engine);
    send(&mut client, "GET a").await;
    assert_eq!(answer(&mut client, SOON).await.as_deref(), Some("$-1 "));
    engine.log().expect("a log").close();
    for line in ["GET a", "SET a 1"] {
        send(&mut client, line).await;
        assert_eq!(answer(&mut client, SOON).await.as_deref(), Some(""));
        client = super::answers::client(&engine);
    }
    assert_eq!(steps(&reopened(folder.path()).expect("it opens").keyspace), 0);
}
