//! Accounts: proof that nothing was lost, doubled or leaked, whatever happened meanwhile.
//!
//! Producers note each add before it is sent and after it was acknowledged; handlers note each run and each
//! effect. Notes stand in files that a killed process can't take back. Afterwards a [`Proof`] compares them
//! with what Redis has and with the queue's own history.
//!
//! - [`Account`]: where it is kept, and processes that work and produce on it
//! - [`fanout`]: those who publish to a topic and receive from it
//! - [`task`]: the jobs, and the handler that runs them
//! - [`note`]: what processes write down
//! - [`ledger`]: what Redis says
//! - [`proof`]: whether both agree

mod books;
pub mod fanout;
pub mod ledger;
pub mod note;
mod producer;
pub mod proof;
pub mod task;
mod worker;

pub use self::{
    books::{Account, run_child},
    producer::Order,
    proof::Proof,
    worker::Shift,
};

/// The queue that accounts are kept of.
pub const QUEUE: &str = "accounts";
