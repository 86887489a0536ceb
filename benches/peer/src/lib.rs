//! What every contestant of the comparison is made with: the tasks that it is given, one JSON text
//! a line on its standard input, and its answers, one a line on its standard output.
//!
//! A contestant in Rust implements [`Peer`] and calls [`serve()`]; one in another language reads
//! and writes the same lines. The comparison itself only knows the lines.

mod answer;
mod latency;
mod peer;
mod produce;
mod running;
mod serve;
mod tally;
mod task;

pub use self::{
    answer::{Answer, Hello, Percentiles, locked_version},
    peer::{NewJob, Peer, Work},
    serve::serve,
    tally::{Tally, now_ms},
    task::{Add, How, Kind, Latency, Process, Task},
};

/// Whatever goes wrong in a contestant ends it, with its text.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of all that a contestant does.
pub type Result<T, E = Error> = std::result::Result<T, E>;
