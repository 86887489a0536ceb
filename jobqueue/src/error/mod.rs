//! Errors, sorted by what a caller can do about them.
//!
//! | variant | what happened | what to do |
//! | --- | --- | --- |
//! | [`Error::Unavailable`] | Redis could not be reached in time | wait and repeat; an add may be repeated with its id |
//! | [`Error::Refused`] | Redis or a rule of the queue refused the call | decide: the reason is a type |
//! | [`Error::Invalid`] | an argument, an option, a name or the set-up is wrong | fix the program or the set-up |
//! | [`Error::Payload`] | a payload or result could not be written or read | fix the type or the data |
//! | [`Error::Corrupt`] | Redis holds data that this library did not write | stop and look |
//! | [`Error::Closed`] | the client or worker has been shut down | nothing |
//!
//! Each text says what was being done, on what, and what helps. It doesn't repeat the error's
//! [source](std::error::Error::source), so print the whole chain: `{:#}` of `anyhow`, or a loop
//! over
//! `source`. No text has a password, a payload or a result in it; the source of a
//! [payload that can't be read](PayloadError::Decode) may quote one value.

pub(crate) mod kind;
mod operation;
mod refused;
pub(crate) mod result;

// Users find these elsewhere, and there alone: at the crate's root, and with flows.
pub(crate) use self::{
    kind::{Error, Result},
    result::FlowError,
};
pub use self::{
    operation::Operation,
    refused::Refused,
    result::{CallError, ResultError},
};
pub use crate::{
    job::{FailureReason, JobFailure},
    value_error::{Corrupt, Invalid, PayloadError, TooLarge},
};
