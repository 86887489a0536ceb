//! Scripts that let an effect happen once for a key.

mod begin;
mod finish;
mod release;

#[cfg(feature = "internals")]
use super::{Command, Script};
pub(crate) use begin::{Begin, Begun};
pub(crate) use finish::Finish;
pub(crate) use release::Release;

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 3] {
    [Begin::SCRIPT, Finish::SCRIPT, Release::SCRIPT]
}
