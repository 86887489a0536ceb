//! `./dev prove embedded`: what the embedded server keeps, and how fast it is, played end to end. A
//! line and a figure each, and a count at the end.
//!
//! `embedded [NAME…]` plays those alone whose names contain one of these texts.

mod sums;

use jobqueue_tests::{
    plays,
    report::{Played, Report},
};

/// redis-server brings an allocator of its own, too. With the system's, a quarter of the time goes by in
/// it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

plays![cuts, kills, four, recovery, speed];

/// A number of a play, that `JOBQUEUE_EMBEDDED_<NAME>` may set to another.
fn number(name: &str, usual: usize) -> usize {
    let set = std::env::var(format!("JOBQUEUE_EMBEDDED_{name}")).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(usual)
}
