//! Sequences that went wrong once, written down: a seed says something only to the generator that
//! made it.

use super::{
    bench::Bench,
    hand,
    op::{Added, DONE, Ending, Op},
    play,
    request::{Due, Mode, Rule},
};

#[track_caller]
fn agrees(ops: &[Op]) {
    if let Err(why) = play::play(&mut Bench::new(), ops) {
        panic!("{why}");
    }
}

/// A job of no special kind.
fn add() -> Op {
    let job = Added { again: None, priority: 0, due: Due::Now, unique: None, tags: "" };
    Op::Add { producer: 0, first_is_late: false, jobs: vec![job] }
}

/// A turn of the first worker; its first only joins.
fn turn(ends: Vec<(usize, Ending)>) -> Op {
    Op::Turn { worker: 0, ends, want: 1, rooms: Vec::new(), hold: 0, lease: 500, lost: false }
}

#[test]
fn a_removal_that_names_a_job_twice() {
    agrees(&[add(), Op::Remove(vec![0, 0])]);
}

/// The rank became negative, and nothing could put the job back.
#[test]
fn a_priority_changed_while_the_job_is_active_and_again() {
    let back = Ending::Released { delay: 0, misses: None };
    agrees(&[
        add(),
        turn(vec![]),
        turn(vec![]),
        Op::Priority(0, 1023),
        Op::Pause,
        turn(vec![(0, back)]),
        Op::Priority(0, -1024),
        Op::Resume,
        turn(vec![]),
        Op::Die { worker: 0 },
    ]);
}

/// The same by another way.
#[test]
fn a_priority_changed_after_the_aging() {
    agrees(&[
        Op::Limit("aging", "1"),
        add(),
        Op::Limit("aging", ""),
        Op::Priority(0, -1),
        turn(vec![]),
        turn(vec![]),
        Op::Die { worker: 0 },
    ]);
}

/// Nobody knew until when, and the next job waited for a worker to look by itself.
#[test]
fn a_throttle_by_hand_while_a_job_waits() {
    agrees(&[
        add(),
        add(),
        Op::Hand(hand::Op::Receive { want: 1, out: 100, lost: false }),
        Op::TakeToken,
        Op::Hand(hand::Op::Acknowledge { delivery: 0, hold: 800, end: DONE }),
    ]);
}

/// The jobs of a queue's first receive weren't counted as active yet, and an idle worker was woken for
/// nothing.
#[test]
fn a_receive_that_uses_up_all_that_may_be_active() {
    let receive = hand::Op::Receive { want: 1, out: 10_000, lost: false };
    agrees(&[add(), add(), Op::Limit("active", "1"), Op::TakeToken, Op::Hand(receive)]);
}

#[test]
fn a_job_that_is_replaced_by_another_of_its_batch_loses_its_tags() {
    let job = |tags| {
        let rule = Rule { lifetime: None, ends: false, mode: Mode::Replace };
        Added { again: None, priority: 0, due: Due::Now, unique: Some(("k", rule)), tags }
    };
    let jobs = vec![job("a\nb"), job("b"), job("")];
    agrees(&[Op::Add { producer: 0, first_is_late: false, jobs }]);
}
