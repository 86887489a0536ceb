//! One module for each Lua entry, named as it is: the bare script on a server of its own, and the whole
//! keyspace before and after.
//!
//! A test brings about what the script is to find ([`Rig::given`]), calls it ([`Rig::replies`],
//! [`Rig::refuses`]) and says what the server holds then ([`Rig::holds`]). The clock stands at
//! [`NOW`](jobqueue_tests::raw::NOW), so that every score can be written down: a job of priority 0 that is
//! ready at NOW has rank `1024 * 2^42 + NOW`, 4505299627370496.

mod job;
mod once;
mod outbox;
mod queue;
mod topic;
mod worker;

use jobqueue_tests::raw::Rig;

/// A rig for the script of this name (`job/add`) on an empty server.
fn rig(name: &str) -> Rig {
    Rig::new(source(name))
}

/// A script's text, as it is sent to Redis.
fn source(name: &str) -> &'static str {
    let all = jobqueue::testing::scripts();
    let script = all.iter().find(|script| script.name == name);
    script.unwrap_or_else(|| panic!("there is no script {name}")).source
}
