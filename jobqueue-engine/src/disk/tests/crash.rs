//! A process that ends between any two steps.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::disk::files::{Hook, Step};

/// Lets so many steps pass, and none that comes later.
fn ends_after(steps: usize) -> (Hook, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let hook: Hook = Arc::new(move |step| {
        if step != Step::Read && count.fetch_add(1, Ordering::SeqCst) >= steps {
            return Err(io::Error::other("the process has ended"));
        }
        Ok(())
    });
    (hook, taken)
}

#[test]
fn a_compaction_may_end_between_any_two_steps() {
    let original = folder();
    let engine = open(Files::of(original.path()), &options(Fsync::EverySecond));
    for number in 1..=100 {
        assert!(step(&engine, number));
        if number % 25 == 0 {
            engine.log().expect("a log").turn_now();
        }
    }
    drop(engine);
    let whole = expected(100);
    for steps_left in 0.. {
        let folder = copy(original.path());
        // The engine itself changes nothing any more; what it would do at its end is refused.
        let (hook, taken) = ends_after(steps_left);
        let (log, _) = Log::open(Files::of(folder.path()), &options(Fsync::Never)).expect("open");
        let compacted = log.compact_with(hook);
        drop(log);
        let recovered = reopened(folder.path())
            .unwrap_or_else(|error| panic!("after {steps_left} steps: {error}"));
        assert_same(&shown(&recovered.keyspace), &whole, &format!("after {steps_left} steps"));
        let left_over = Files::of(folder.path()).names().expect("names");
        assert!(left_over.iter().all(|name| !name.ends_with(".new")), "{left_over:?}");
        // And the next one goes to its end.
        let (log, _) = Log::open(Files::of(folder.path()), &options(Fsync::Never)).expect("open");
        log.compact_with(ends_after(usize::MAX).0).expect("compacted");
        drop(log);
        let recovered = reopened(folder.path()).expect("it opens");
        assert_same(&shown(&recovered.keyspace), &whole, "compacted again");
        assert!(recovered.manifest.base().is_some());
        if compacted.is_ok() {
            assert!(steps_left > 10 && taken.load(Ordering::SeqCst) <= steps_left);
            return;
        }
    }
}

/// Everything at once: calls, syncs, new files, snapshots, in small files.
#[test]
fn an_engine_may_end_between_any_two_steps() {
    for steps_left in (0..400).step_by(3) {
        let folder = folder();
        let (hook, _) = ends_after(steps_left);
        let files = Files::of(folder.path()).hooked(hook);
        let mut acknowledged = 0;
        if let Ok((log, keyspace)) = Log::open(files, &options(Fsync::Always).segment(1_000)) {
            let engine = Engine::with(Clock::standing_at(1_000), keyspace, Some(log));
            while acknowledged < 60 && step(&engine, acknowledged + 1) {
                acknowledged += 1;
            }
        }
        let recovered = reopened(folder.path())
            .unwrap_or_else(|error| panic!("after {steps_left} steps: {error}"));
        let found = steps(&recovered.keyspace);
        assert!(
            found == acknowledged || found == acknowledged + 1,
            "after {steps_left} steps: {found} of {acknowledged}"
        );
        let what = format!("after {steps_left} steps");
        assert_same(&shown(&recovered.keyspace), &expected(found), &what);
    }
}

#[test]
fn snapshots_take_the_place_of_logs_while_calls_go_on() {
    let folder = folder();
    let engine = open(Files::of(folder.path()), &options(Fsync::EverySecond).segment(2_000));
    let first = || engine.log().expect("a log").manifest().first;
    let mut number = 0;
    while first() < 20 {
        number += 1;
        assert!(step(&engine, number) && number < 100_000);
        engine.log().expect("a log").tick();
    }
    drop(engine);
    let recovered = reopened(folder.path()).expect("it opens");
    assert_same(&shown(&recovered.keyspace), &expected(number), "snapshots");
    let size: u64 = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").metadata().expect("metadata").len())
        .sum();
    assert!(size < 500_000, "{size} bytes");
}
