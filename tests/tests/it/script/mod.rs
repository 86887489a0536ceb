//! The scripts of `lua/`, in the same folders: one module a script, which calls it on a server of
//! its own and checks the whole keyspace before and after.
//!
//! A test sets up the state that the script finds ([`Rig::given`]), calls it ([`Rig::replies`],
//! [`Rig::refuses`]) and compares the whole keyspace ([`Rig::holds`]). `UPDATE_EXPECT=1` writes the
//! new expected keyspaces; a refusal must leave the keyspace unchanged in any case. The clock
//! stands at [`NOW`](jobqueue_tests::raw::NOW), so that every score is known: a job of priority 0
//! that is ready at NOW has rank `1024 * 2^42 + NOW`, 4505299627370496.

mod flow;
mod job;
mod once;
mod outbox;
mod queue;
mod schedule;
mod topic;
mod worker;

use jobqueue_tests::{raw::Rig, scripts::scripts};

/// A rig for the script of this name (`job/add`) on an empty server.
fn rig(name: &str) -> Rig {
    Rig::new(source(name))
}

/// A script's text, as it is sent to Redis.
fn source(name: &str) -> &'static str {
    let script = scripts().iter().find(|script| script.name == name);
    script.unwrap_or_else(|| panic!("there is no script {name}")).source
}

/// The beginning of the record of a job with a group, which is all that scripts look at.
pub(crate) fn grouped(group: &str) -> Vec<u8> {
    let length = u8::try_from(group.len()).expect("a short name");
    [&[0x97, 2, 0xa0 + length], group.as_bytes()].concat()
}

/// The beginning of the record of a job with concurrency keys: `1 user:7`, a line each.
pub(crate) fn keyed(group: &str, keys: &str) -> Vec<u8> {
    let mut record = vec![0x98, 3];
    for text in [group, keys] {
        let length = u16::try_from(text.len()).expect("a short text");
        match length.to_be_bytes() {
            [0, short @ ..32] => record.push(0xa0 + short),
            [0, length] => record.extend([0xd9, length]),
            [high, low] => record.extend([0xda, high, low]),
        }
        record.extend(text.as_bytes());
    }
    record
}

/// The score of a job that has this turn.
pub(crate) fn turn(n: u64) -> String {
    format!("-{}", 18_014_398_509_481_984 - 2 * 80_640 * n)
}
