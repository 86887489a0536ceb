//! The order of jobs.

use serde::Serialize;

use crate::value_error::Invalid;

/// A job's priority: -1024 to 1023, 0 by default, **lower first**, as with Unix `nice`.
///
/// ```
/// use jobqueue::Priority;
///
/// assert!(Priority::try_from(-5)? < Priority::default());
/// assert!(Priority::try_from(1024).is_err());
/// # Ok::<(), jobqueue::error::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Priority(i16);

impl Priority {
    /// The most urgent priority.
    pub const FIRST: Self = Self(-1024);
    /// The least urgent priority.
    pub const LAST: Self = Self(1023);

    /// The priority as a number.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.0
    }
}

impl TryFrom<i16> for Priority {
    type Error = Invalid;

    fn try_from(value: i16) -> Result<Self, Invalid> {
        if (Self::FIRST.0..=Self::LAST.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err(Invalid::new("priority", value, "use -1024 (first) to 1023 (last)"))
        }
    }
}

impl From<Priority> for i16 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

impl std::fmt::Display for Priority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
