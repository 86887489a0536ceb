//! Whatever happens to jobs, the counters of the slots add up.

mod bench;

use proptest::prelude::*;

use self::bench::{Bench, CAPACITY, steps};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_counters_add_up(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let mut bench = Bench::new();
            for step in &steps {
                bench.step(step).await;
                bench.check();
            }
            bench.abort().await;
            bench.settle();
            let slots = &bench.slots;
            assert!(slots.is_empty() && slots.is_idle() && bench.held.is_empty());
            assert_eq!((slots.running(), slots.room()), (0, CAPACITY.total()));
            assert_eq!(slots.slots_for(&bench.threes.name), CAPACITY.concurrency);
        });
    }
}

#[tokio::test]
async fn a_run_at_most_once_starts_when_its_settlement_is_answered() {
    let mut bench = Bench::new();
    let run = bench.run(true);
    let id = run.ctx.id().clone();
    assert!(bench.slots.admit(run, &mut bench.pending).is_none());
    assert_eq!((bench.slots.running(), bench.pending.len()), (0, 1));
    bench.settle();
    assert_eq!((bench.slots.running(), bench.slots.holds()), (1, 0));
    bench.gate.add_permits(1);
    let report = bench.slots.next_report().await.expect("a report");
    assert_eq!(bench.slots.ended(&id, report.run), Standing::Settled);
    assert!(bench.slots.is_empty());
}

#[tokio::test]
async fn a_run_at_most_once_never_starts_if_its_settlement_is_in_doubt() {
    let mut bench = Bench::new();
    let run = bench.run(true);
    let id = run.ctx.id().clone();
    bench.slots.admit(run, &mut bench.pending);
    bench.slots.lose(&id);
    assert_eq!(bench.slots.prune(), std::slice::from_ref(&id));
    bench.slots.settled(&id);
    assert_eq!((bench.slots.running(), bench.slots.room()), (0, CAPACITY.total()));
}

#[tokio::test]
async fn at_a_shutdown_a_job_that_has_not_run_goes_back() {
    let mut bench = Bench::new();
    let run = bench.run(true);
    bench.slots.admit(run, &mut bench.pending);
    bench.slots.release_waiting(&mut bench.pending);
    let batch = bench.pending.take_batch();
    assert!(matches!(batch.settlements[0].end, Transition::Unstarted { lane: None }));
    bench.slots.settled(&batch.settlements[0].id);
    assert_eq!(bench.slots.running(), 0);
}

#[tokio::test]
async fn the_end_of_a_lost_run_frees_its_slot_for_a_queued_one() {
    let mut bench = Bench::new();
    let first = bench.run(false);
    let lost = first.ctx.id().clone();
    bench.slots.admit(first, &mut bench.pending);
    for _ in 0..2 {
        let run = bench.run(false);
        bench.slots.admit(run, &mut bench.pending);
    }
    assert!(bench.slots.has_queued() && bench.slots.lose(&lost));
    bench.held.remove(&lost);
    bench.gate.add_permits(1);
    bench.note().await;
    bench.check();
    assert!(!bench.slots.has_queued());
}

/// Its future is copied on its way into a task.
#[tokio::test]
async fn a_run_is_small() {
    let run = Bench::new().run(false);
    let size = size_of_val(&run.go());
    assert!(size <= 1_120, "a run takes {size} bytes");
}
