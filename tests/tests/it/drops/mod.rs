//! Futures that are dropped after their call was sent: what they were about is done or isn't, and
//! nobody waits for what they left behind.

mod by_hand;
mod operating;
mod sending;

use std::{pin::pin, time::Duration};

use tokio::time::timeout;

/// How often each future is dropped, each time at another moment.
const ROUNDS: u64 = 60;

/// Polls a future for a moment that is shorter or longer than a round trip, and drops it. Answers
/// what it said in time.
async fn dropped<F: IntoFuture>(round: u64, future: F) -> Option<F::Output> {
    // Of 60 rounds some end before the call has been written, and some after its answer has come.
    let moment = Duration::from_micros(round * round);
    timeout(moment, pin!(future.into_future())).await.ok()
}
