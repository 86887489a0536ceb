//! Waiting, in the tests' own time.

use std::{task::Poll, time::Duration};

use tokio::time::timeout;

/// Lets each task that is ready have its turn, once. Tokio's own `yield_now` lets them go on until none
/// is ready.
pub(crate) async fn step() {
    let mut had_turn = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut had_turn, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits until that is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(Duration::from_secs(60), wait).await.is_ok(), "not within a minute: {what}");
}
