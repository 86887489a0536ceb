//! A test's own time and server.

use std::panic::{AssertUnwindSafe, resume_unwind};

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;

use super::{TestQueue, server::TestServer};
use crate::{
    clock::virtual_time::{self, Epoch},
    store::Faults,
};

/// When each test begins: 2026-01-01T00:00:00Z, in ms since the epoch.
const BEGIN: i64 = 1_767_225_600_000;

/// The variable that has a test run on a real Redis: its URL.
pub const URL_VARIABLE: &str = "JOBQUEUE_TEST_URL";

/// Runs a test with a server of its own, and a time of its own that stands still. This is what
/// [`#[jobqueue::test]`](macro@crate::test) does. With the variable [`JOBQUEUE_TEST_URL`](URL_VARIABLE)
/// the test runs [on a real Redis](run_on).
///
/// # Panics
/// The test panics.
pub fn run<T, F>(test: impl FnOnce(TestQueue) -> F) -> T
where
    F: Future<Output = T>,
{
    if let Ok(url) = std::env::var(URL_VARIABLE) {
        return run_on(&url, test);
    }
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
        let server = TestServer::engine(epoch);
        test(TestQueue::start(server, faults).await.expect("a server in this process")).await
    })
}

/// Runs a test on a real Redis, under keys of its own, which go with it, whether it passes or not.
///
/// The server's time can't be moved. So time is real, it takes a handler a minute to sleep for a
/// minute, and [`advance`](TestQueue::advance) moves the jobs that are delayed towards now instead.
/// Other times don't move: those of rates, throttles, leases, expiry, unique keys and retention.
///
/// # Panics
/// The test panics, or the server can't be reached.
pub fn run_on<T, F>(url: &str, test: impl FnOnce(TestQueue) -> F) -> T
where
    F: Future<Output = T>,
{
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let _leave = Leave { seed: fastrand::u64(..) };
    runtime.block_on(async {
        let faults = Faults::default();
        faults.enter();
        let app = TestQueue::start(TestServer::redis(url), faults).await;
        let app = app.expect("the server of the tests can be reached");
        let (client, stage) = (app.client().clone(), app.stage.clone());
        let result = AssertUnwindSafe(test(app)).catch_unwind().await;
        // The next test has keys of its own, so nothing depends on it.
        for queue in stage.queues() {
            if let Ok(queue) = client.queue(queue) {
                let _ = queue.obliterate().force().await;
            }
        }
        client.store().remove_all_keys().await;
        result.unwrap_or_else(|panic| resume_unwind(panic))
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
