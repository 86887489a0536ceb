//! Scripts that let an effect happen once for a key.

mod begin;
mod finish;
mod release;

pub(crate) use begin::{Begin, Begun};
pub(crate) use finish::Finish;
pub(crate) use release::Release;

#[cfg(feature = "testing")]
use super::{Command, Script};

#[cfg(feature = "testing")]
pub(super) fn scripts() -> [&'static Script; 3] {
    [Begin::SCRIPT, Finish::SCRIPT, Release::SCRIPT]
}
