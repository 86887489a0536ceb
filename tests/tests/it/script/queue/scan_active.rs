//! `lua/queue/scan_active.lua`

use std::collections::BTreeSet;

use jobqueue_tests::raw::{Rig, args};
use redis::Value;

const KEYS: &[&str] = &["workers"];

fn rig() -> Rig {
    crate::script::rig("queue/scan_active")
}

#[test]
fn goes_from_worker_to_worker_by_name() {
    let mut rig = rig();
    rig.given([
        "ZADD jq:{q}:workers 9 v 1 w 5 x",
        "HSET jq:{q}:running:v a 1:1 b 1:1",
        "HSET jq:{q}:running:x c 1:1",
    ]);
    let before = rig.dump();
    rig.replies(KEYS, args![Rig::BASE, "", 0, 2], r#"[["a", "b"], "v", "0"]"#);
    rig.replies(KEYS, args![Rig::BASE, "v", 0, 2], r#"[["c"], "", ""]"#);
    rig.replies(KEYS, args![Rig::BASE, "", 0, 9], r#"[["a", "b", "c"], "", ""]"#);
    // It left meanwhile, and its cursor was of its own jobs.
    rig.replies(KEYS, args![Rig::BASE, "u", 7, 2], r#"[["a", "b"], "v", "0"]"#);
    rig.replies(KEYS, args![Rig::BASE, "y", 0, 2], r#"[[], "", ""]"#);
    rig.dump().assert_unchanged_since(&before);
}

#[test]
fn the_jobs_of_one_worker_come_in_portions() {
    let mut rig = rig();
    let jobs: String = (0..1_000).map(|n| format!(" j{n} 1:1")).collect();
    let write = format!("HSET jq:{{q}}:running:w{jobs}");
    rig.given(["ZADD jq:{q}:workers 9 w", write.as_str()]);
    let (mut found, mut worker, mut cursor) = (BTreeSet::new(), String::new(), "0".to_owned());
    for calls in 1.. {
        let answer = rig.call(KEYS, args![Rig::BASE, worker.as_str(), cursor.as_str(), 100]);
        let (ids, next, at): (Vec<String>, String, String) =
            redis::from_redis_value(answer.expect("an answer")).expect("its shape");
        assert!(ids.len() < 300, "{}", ids.len());
        found.extend(ids);
        (worker, cursor) = (next, at);
        if worker.is_empty() {
            assert!(calls >= 4, "{calls}");
            break;
        }
    }
    assert_eq!(found.len(), 1_000);
    let none: Result<Value, String> = rig.call(KEYS, args![Rig::BASE, "w", 0, 100]);
    assert!(none.is_ok());
}
