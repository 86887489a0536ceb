//! The whole library over the embedded server, in one thread and in virtual time, with faults: one
//! seed is one run.
//!
//! Producers, workers and an operator are *processes*: groups of tasks that are killed together,
//! stand still together, and have a clock of their own. They reach the server over streams whose
//! every piece takes its time and may be hit. In the end nothing breaks any more: then all jobs must
//! end, probes must start at once, workers must stop, and a judge compares the notes of all
//! processes with what the server has.
//!
//! | file | what |
//! | --- | --- |
//! | `plan`, `draw` | what happens in a run, as data; and the plan of a seed |
//! | `play` | a run from its plan to its findings |
//! | `stage`, `server`, `process`, `network` | the server and the processes, and the ways between |
//! | `executor` | which task goes on next |
//! | `jobs`, `producer`, `schedules`, `worker`, `operator`, `fault`, `probe` | who does what |
//! | `flows/` | flows and jobs of several steps: what is started, and what runs |
//! | `book`, `ledger`, `judge/` | notes, the server's state, whether they agree |
//! | `shrink` | a plan that fails, made smaller |
//! | `mutant` | bugs that must be found |
//!
//! # What it stands on
//!
//! Tokio's `test-util` has the virtual time, and nothing else was needed. Its own executor isn't
//! used: the order in which it polls tasks follows from the order in which they were woken, a part
//! of which hangs on random numbers (`select!`, `watch`) that only `--cfg tokio_unstable` lets a
//! test choose. So the library's tasks run in an executor of this crate, which chooses by the seed,
//! and no `select!` of the library is without `biased`. turmoil simulates hosts and their sockets;
//! a stream in memory with a task of some forty lines in between does what is needed here of it.
//! madsim replaces tokio, and what uses it, by forks of their own; then it wouldn't be the same
//! library.

mod book;
mod draw;
mod executor;
mod fault;
mod flows;
mod jobs;
mod judge;
mod ledger;
mod mutant;
mod network;
mod operator;
pub mod plan;
mod play;
mod probe;
mod process;
mod producer;
mod schedules;
mod server;
mod shrink;
mod stage;
mod worker;

pub use self::{
    judge::{Finding, Wrong},
    mutant::{MUTANTS, Mutant},
    plan::Plan,
    play::{Options, Outcome, play},
    shrink::shrink,
};
