//! What is wrong with the text of a filter, and where.

use std::fmt;

use crate::{error_chain::readable_debug, value_error::Invalid};

/// The text of a filter can't be read: where, what stands there, and what may.
///
/// ```
/// use jobqueue::find::JobFilter;
///
/// let error = "name:send state:stuck".parse::<JobFilter>().expect_err("no state is called that");
/// assert_eq!((error.at(), error.found()), (16, Some("stuck")));
/// assert_eq!(
///     error.pointed(),
///     "name:send state:stuck\n                ^^^^^ expected waiting, delayed, active, completed, \
///      failed or cancelled",
/// );
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("in a filter, at column {}: found {}, expected {expected}", .at_char + 1, Found(.found))]
pub struct FilterError {
    text: String,
    at: usize,
    at_char: usize,
    found: Option<String>,
    expected: String,
}

/// The longest text of a filter, in bytes.
pub(super) const MAX_TEXT: usize = 4_096;

/// The longest part of a text that an error repeats, in bytes.
const MOST_SHOWN: usize = 40;

impl FilterError {
    /// `at` and `until` are bytes of the text; what stands between them is wrong, or the end is.
    pub(super) fn new(text: &str, at: usize, until: usize, expected: impl Into<String>) -> Self {
        let at = text.floor_char_boundary(at);
        let until = text.floor_char_boundary(until.min(at + MOST_SHOWN));
        let found = text.get(at..until).filter(|found| !found.is_empty()).map(str::to_owned);
        let at_char = text.get(..at).map_or(0, |before| before.chars().count());
        let shown = text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default().to_owned();
        Self { text: shown, at, at_char, found, expected: expected.into() }
    }

    /// The place in the text, in bytes from 0.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The place in the text, in characters from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.at_char + 1
    }

    /// What stands there, at most 40 bytes of it; `None` at the end.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// What may stand there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The text, and below it a mark at the place with what may stand there. For terminals and pages
    /// whose letters are all as wide.
    #[must_use]
    pub fn pointed(&self) -> String {
        // A mark below stands right as long as nothing above is wider than one letter.
        let line = self.text.replace(char::is_control, " ");
        let width = self.found.as_ref().map_or(1, |found| found.chars().count());
        let (space, mark) = (" ".repeat(self.at_char), "^".repeat(width));
        format!("{line}\n{space}{mark} expected {}", self.expected)
    }
}

struct Found<'a>(&'a Option<String>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) => write!(f, "{found:?}"),
            None => f.write_str("the end"),
        }
    }
}

impl From<FilterError> for Invalid {
    fn from(error: FilterError) -> Self {
        let place = format!("the filter at column {}", error.column());
        let found = error.found().unwrap_or_default();
        Self::new("part", found, format!("use {}", error.expected)).of(place)
    }
}

readable_debug!(FilterError);
