//! A test's own time and server.

use chrono::{DateTime, Utc};

use super::TestQueue;
use crate::{
    clock::virtual_time::{self, Epoch},
    store::Faults,
};

/// When each test begins: 2026-01-01T00:00:00Z, in ms since the epoch.
const BEGIN: i64 = 1_767_225_600_000;

/// Runs a test with a server of its own, and a time of its own that stands still. This is what
/// [`#[jobqueue::test]`](macro@crate::test) does.
///
/// # Panics
/// The test panics.
pub fn run<T, F>(test: impl FnOnce(TestQueue) -> F) -> T
where
    F: Future<Output = T>,
{
    let begin = DateTime::<Utc>::from_timestamp_millis(BEGIN).unwrap_or_default();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().expect("a runtime");
    // The same random numbers each time, so that a failed test fails again.
    let _leave = Leave { seed: fastrand::u64(..) };
    fastrand::seed(1);
    runtime.block_on(async {
        let epoch = Epoch::starting_at(begin);
        epoch.enter();
        let faults = Faults::default();
        faults.enter();
        let app = TestQueue::start(epoch, faults).await.expect("a server in this process");
        test(app).await
    })
}

/// The thread may run another test next.
struct Leave {
    seed: u64,
}

impl Drop for Leave {
    fn drop(&mut self) {
        virtual_time::leave();
        Faults::leave();
        fastrand::seed(self.seed);
    }
}
