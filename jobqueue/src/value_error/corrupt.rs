//! Data in Redis that this library did not write that way.

use std::{error::Error as StdError, fmt};

use crate::error_chain::{Source, readable_debug, say_the_same, source};

/// Something in Redis that this library did not write that way: another program writes to its keys,
/// or data was lost. Nothing is guessed from it. Look at what its text names before going on.
#[derive(Clone, thiserror::Error)]
#[error(
    "unexpected data in redis ({what}{}): stop, and check what else writes to its keys",
    About(.about)
)]
pub struct Corrupt {
    what: &'static str,
    about: Option<Box<str>>,
    source: Source,
}

impl Corrupt {
    /// `what` is data, or the call that reads it: "a job's record", "add jobs".
    pub(crate) fn new(
        what: &'static str,
        problem: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { what, about: None, source: source(problem) }
    }

    /// Says where it was found, unless that is said already.
    pub(crate) fn about(mut self, subject: impl fmt::Display) -> Self {
        self.about.get_or_insert_with(|| subject.to_string().into_boxed_str());
        self
    }
}

struct About<'a>(&'a Option<Box<str>>);

impl fmt::Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |about| write!(f, ", {about}"))
    }
}

/// Equal if they say the same.
impl PartialEq for Corrupt {
    fn eq(&self, other: &Self) -> bool {
        say_the_same(self, other)
    }
}

impl Eq for Corrupt {}

readable_debug!(Corrupt);
