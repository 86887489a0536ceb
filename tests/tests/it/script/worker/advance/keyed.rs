//! Jobs with concurrency keys.

use expect_test::expect;
use jobqueue_tests::raw::args;

use super::{Rig, fetch, head, rig, settle, taken_by};

/// A queue with jobs of these keys, in this order.
fn given(rig: &mut Rig, jobs: &[(&str, &str)]) {
    rig.given(["HSET jq:{q}:meta grouped 2"]);
    for (at, (id, keys)) in jobs.iter().enumerate() {
        rig.given([
            &*format!("ZADD jq:{{q}}:waiting {} {id}", 4_505_299_627_370_496 + at),
            &*format!("HSET jq:{{q}}:jobs {id} r"),
        ]);
        if !keys.is_empty() {
            rig.given([&*format!("HSET jq:{{q}}:keys_of {id} {keys}")]);
        }
    }
}

#[test]
fn one_that_has_no_room_waits_in_the_lane_of_its_key() {
    let mut rig = rig();
    given(&mut rig, &[("1", "1~a"), ("2", "1~a"), ("3", ""), ("4", "1~a")]);
    assert_eq!(taken_by(&mut rig, fetch(0, 9)), "1 3");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          1 = r
          2 = r
          3 = r
          4 = r
        jq:{q}:keys:active zset
          0 a\n1
        jq:{q}:keys:blocked zset
          4505299627370497 a
        jq:{q}:keys_of hash
          1 = 1 a
          2 = 1 a
          4 = 1 a
        jq:{q}:lane:\u{1}a zset
          4505299627370497 2
          4505299627370499 4
        jq:{q}:lane_of hash
          2 = \u{1}a
          4 = \u{1}a
        jq:{q}:meta hash
          events = 0
          grouped = 2
          layout = 2
          pass = 80640
          plain_pass = 161280
        jq:{q}:running:w1 hash
          1 = 4505299627370496:1700000000000
          3 = 4505299627370498:1700000000000
        jq:{q}:waiting zset
          -4501899627370495 2
          -4501899627370493 4
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
    // No run of the key has ended.
    assert_eq!(taken_by(&mut rig, fetch(2, 9)), "");
    rig.given(["DEL jq:{q}:jobs jq:{q}:meta"]);
    rig.holds(expect![[r#"
        jq:{q}:keys:active zset
          0 a\n1
        jq:{q}:keys:blocked zset
          9007199254740992 a
        jq:{q}:keys_of hash
          1 = 1 a
          2 = 1 a
          4 = 1 a
        jq:{q}:lane:\u{1}a zset
          4505299627370497 2
          4505299627370499 4
        jq:{q}:lane_of hash
          2 = \u{1}a
          4 = \u{1}a
        jq:{q}:running:w1 hash
          1 = 4505299627370496:1700000000000
          3 = 4505299627370498:1700000000000
        jq:{q}:waiting zset
          -4501899627370495 2
          -4501899627370493 4
        jq:{q}:workers zset
          1700000010000 w1
    "#]]);
}

#[test]
fn when_a_run_has_ended_the_first_goes_back_and_starts() {
    let mut rig = rig();
    given(&mut rig, &[("1", "1~a"), ("2", "1~a"), ("3", "1~a"), ("4", "")]);
    assert_eq!(taken_by(&mut rig, fetch(0, 1)), "1");
    assert_eq!(taken_by(&mut rig, fetch(1, 0)), "");
    let ended = args![1, "completed", 0, -1, 1, "1", 0, 0, 10, 0];
    assert_eq!(taken_by(&mut rig, settle(1, 2, ended)), "2 4");
    rig.given(["DEL jq:{q}:jobs jq:{q}:meta"]);
    rig.holds(expect![[r#"
        jq:{q}:keys:active zset
          0 a\n2
        jq:{q}:keys:blocked zset
          4505299627370498 a
        jq:{q}:keys_of hash
          2 = 1 a
          3 = 1 a
        jq:{q}:lane:\u{1}a zset
          4505299627370498 3
        jq:{q}:lane_of hash
          3 = \u{1}a
        jq:{q}:running:w1 hash
          2 = 4505299627370497:1700000000000
          4 = 4505299627370499:1700000000000
        jq:{q}:waiting zset
          -4501899627370494 3
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

#[test]
fn a_job_for_which_a_worker_has_no_room_holds_none_of_its_key() {
    let mut rig = rig();
    given(&mut rig, &[("1", "1~a"), ("2", "1~a")]);
    assert_eq!(taken_by(&mut rig, fetch(0, 1)), "1");
    let released = args![0, 0, 1, "1", "=work", -1, 10, 0];
    let mut call = head(1, 1, 0);
    // The worker has room for none of that name.
    call[6] = b"0 work\n".to_vec();
    assert_eq!(taken_by(&mut rig, [call, released].concat()), "2");
    rig.given(["DEL jq:{q}:jobs jq:{q}:meta"]);
    rig.holds(expect![[r#"
        jq:{q}:keys:active zset
          0 a\n2
        jq:{q}:keys_of hash
          1 = 1 a
          2 = 1 a
        jq:{q}:lane:work zset
          4505299627370496 1
        jq:{q}:lane_of hash
          1 = work
        jq:{q}:lanes zset
          4505299627370496 work
        jq:{q}:running:w1 hash
          2 = 4505299627370497:1700000000000
        jq:{q}:waiting zset
          -4501899627370496 1
        jq:{q}:wake list
          1
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}

#[test]
fn with_the_last_of_them_the_queue_is_as_it_was() {
    let mut rig = rig();
    given(&mut rig, &[("1", "1~a\n2~b")]);
    assert_eq!(taken_by(&mut rig, fetch(0, 1)), "1");
    let ended = args![1, "completed", 0, -1, 1, "1", 0, 0, 10, 0];
    rig.given(["ZADD jq:{q}:waiting 5 9", "HSET jq:{q}:jobs 9 r"]);
    assert_eq!(taken_by(&mut rig, settle(1, 1, ended)), "9");
    rig.holds(expect![[r#"
        jq:{q}:jobs hash
          9 = r
        jq:{q}:meta hash
          completed = 1
          events = 0
          grouped = 1
          layout = 2
          pass = 0
          plain_pass = 80640
        jq:{q}:running:w1 hash
          9 = 5:1700000000000
        jq:{q}:workers zset
          1700000010000.5 w1
    "#]]);
}
