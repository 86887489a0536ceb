//! One module for each Lua entry, named as it is: the bare script on a server of its own, and the whole
//! keyspace before and after.
//!
//! A test brings about what the script is to find ([`Rig::given`]), calls it ([`Rig::replies`],
//! [`Rig::refuses`]) and says what the server holds then ([`Rig::holds`]). The clock stands at
//! [`NOW`](jobqueue_tests::raw::NOW), so that every score can be written down: a job of priority 0 that is
//! ready at NOW has rank `1024 * 2^42 + NOW`, 4505299627370496.

mod add;
mod advance;
mod apply;
mod begin;
mod bind;
mod clean;
mod configure;
mod counts;
mod delay;
mod dissolve;
mod drain;
mod edit;
mod extend;
mod finish;
mod heartbeat;
mod introduce;
mod join;
mod leave;
mod limits;
mod log;
mod obliterate;
mod observe;
mod page;
mod pause;
mod priority;
mod progress;
mod promote;
mod publish;
mod read;
mod release;
mod remove;
mod replay;
mod reply;
mod resume;
mod retry;
mod retry_failed;
mod send;
mod settle;
mod stats;
mod survey;
mod take;
mod transfer;
mod unbind;
mod wake;

use jobqueue_tests::raw::Rig;

/// A rig for the script of this name (`job/add`) on an empty server.
fn rig(name: &str) -> Rig {
    Rig::new(source(name))
}

/// A script's text, as it is sent to Redis.
fn source(name: &str) -> &'static str {
    let all = jobqueue::internals::scripts();
    let script = all.iter().find(|script| script.name == name);
    script.unwrap_or_else(|| panic!("there is no script {name}")).source
}
