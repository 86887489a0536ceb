//! What a group commit sends, and by which rules.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use crate::error::{Error, Operation, Result};

/// Makes the calls of a group commit.
pub(crate) trait Sink: fmt::Debug + Send + Sync + 'static {
    /// A piece of a request.
    type Item: Send + Sync + 'static;
    /// The answer to a request, and to a call that carries several.
    type Answer: Default + Send + 'static;

    const RULES: Rules;

    /// How long a request may take, from the moment it is made.
    fn retry_timeout(&self) -> Duration;

    /// How long one call may take, even if the time of its request is shorter.
    fn call_limit(&self) -> Duration;

    /// What its calls do, and on what: for errors.
    fn operation(&self) -> Operation;

    /// About how many bytes these items take in a call.
    fn size(&self, items: &[Self::Item]) -> usize;

    /// Sends all items or none in one call, and repeats it until it is answered or the deadline
    /// passes. With `resend`, some of them may have arrived by an earlier call.
    fn send(
        &self,
        items: &[Self::Item],
        deadline: Instant,
        resend: bool,
    ) -> impl Future<Output = Result<Self::Answer>> + Send;

    /// Splits the answer to a call into those of its requests, whose numbers of items are given.
    fn split(
        answer: Self::Answer,
        sizes: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = Self::Answer>;

    /// Whether a call of several requests that failed so is made again for each of them alone,
    /// since some may succeed.
    fn is_retried_alone(_error: &Error) -> bool {
        false
    }
}

/// How requests share calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// How many items of several requests one call carries.
    pub(crate) shared_call: usize,
    /// With this many items waiting, a second call follows the one in flight. Without it there is
    /// never more than one call in flight.
    pub(crate) second_call: Option<usize>,
    /// Whether a caller sends its own request if no call is in flight. If not, the background task
    /// makes every call.
    pub(crate) own_calls: bool,
}
