//! Group commit: while one call to Redis is in flight, new requests gather, and the next call takes
//! all of them. When idle, a batch of one goes at once; under load, batches are large. There is no
//! timer and no added latency.
//!
//! A [`Sink`] makes the calls, and its [`Rules`] say how requests share them. Callers hold a
//! [`GroupCommit`]; the requests of all of them go through one channel to one background task:
//!
//! - If no call is in flight and the sink allows it, the caller sends its own request, without a
//!   stop at another task. Otherwise the background task sends the batch, so a dropped caller can't
//!   stall others.
//! - A call carries whole requests, in the order in which they came, up to a number of items and of
//!   bytes. One request always fits.
//! - A request has a deadline from the start. If it passes before a call takes the request, the
//!   caller gets an error; a call that is made ends at the earliest deadline of its requests.
//! - Answers go to their callers by the request, and a caller that is gone is skipped.
//!
//! [`GroupCommits`] finds the right one by queue and durability. [`Senders`](crate::store::Senders) number the
//! calls, so
//! that Redis carries out each of them once.

mod commits;
mod flusher;
mod handle;
mod sink;
#[cfg(test)]
mod tests;

pub(crate) use commits::GroupCommits;
pub(crate) use handle::GroupCommit;
pub(crate) use sink::{Rules, Sink};
