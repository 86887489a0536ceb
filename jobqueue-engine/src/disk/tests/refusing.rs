//! A disk that takes nothing for a while.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use super::*;
use crate::disk::files::Step;

/// Refuses this step while the switch is on.
fn refusing(files: Files, step: Step, why: io::ErrorKind) -> (Files, Arc<AtomicBool>) {
    let is_on = Arc::new(AtomicBool::new(false));
    let switch = is_on.clone();
    let hook = move |taken| {
        if taken == step && is_on.load(Ordering::SeqCst) { Err(why.into()) } else { Ok(()) }
    };
    (files.hooked(Arc::new(hook)), switch)
}

fn a_disk_that_refuses(step_refused: Step, fsync: Fsync) {
    let folder = folder();
    let (files, switch) =
        refusing(Files::of(folder.path()), step_refused, io::ErrorKind::StorageFull);
    let engine = open(files, &options(fsync).segment(1 << 20));
    let mut made = 0;
    for _ in 0..2 {
        for _ in 0..20 {
            made += 1;
            assert!(step(&engine, made), "{step_refused:?} {fsync:?}");
        }
        switch.store(true, Ordering::SeqCst);
        // The first of them may be carried out, but isn't acknowledged.
        let began = Instant::now();
        while step(&engine, made + 1) {
            made += 1;
            assert!(began.elapsed() < Duration::from_secs(5), "it was never refused");
            engine.log().expect("a log").tick();
        }
        assert!(!step(&engine, made + 1) && !step(&engine, made + 1), "refused before it begins");
        let text = format!("{:?}", engine.call(&["SET", "a", "b"].map(Bytes::from)));
        assert!(text.contains("MISCONF") && text.contains("no storage space"), "{text}");
        assert_eq!(call(&engine, "HLEN none"), Some(Reply::Integer(0)), "reads go on");
        switch.store(false, Ordering::SeqCst);
        let began = Instant::now();
        while !step(&engine, made + 1) {
            assert!(began.elapsed() < Duration::from_secs(5), "it doesn't recover");
            std::thread::sleep(Duration::from_millis(20));
        }
        made += 1;
    }
    // With what was carried out and not acknowledged.
    let whole = engine.with_keyspace(shown);
    drop(engine);
    let recovered = reopened(folder.path()).expect("it opens");
    assert_same(&shown(&recovered.keyspace), &whole, &format!("{step_refused:?} {fsync:?}"));
    assert_eq!(steps(&recovered.keyspace), made);
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    a_disk_that_refuses(Step::Write, Fsync::Always);
    a_disk_that_refuses(Step::Write, Fsync::EverySecond);
    a_disk_that_refuses(Step::Write, Fsync::Never);
}

#[test]
fn after_a_sync_that_failed_all_is_written_anew() {
    a_disk_that_refuses(Step::Sync, Fsync::Always);
    a_disk_that_refuses(Step::Sync, Fsync::EverySecond);
}
