//! Calls that Redis carries out once, however often and however late they arrive.

use std::time::Duration;

use super::Args;
use crate::{job::WorkerId, store::time::millis};

/// The name and number of such a call; see `lua/lib/numbered.lua`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered<'a> {
    /// The name under which one call is made at a time.
    pub(crate) sender: &'a WorkerId,
    pub(crate) number: u64,
    /// For how long Redis knows that it was carried out.
    pub(crate) remembered: Duration,
    /// Whether it may have been sent before.
    pub(crate) resend: bool,
}

impl Numbered<'_> {
    /// The number, how long it is remembered, and whether it is a resend.
    pub(in crate::store) fn write(self, args: &mut Args<'_>) {
        args.push(self.number).push(millis(self.remembered)).push(u8::from(self.resend));
    }
}
