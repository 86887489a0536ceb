//! Why a command was refused.

use std::borrow::Cow;

/// Why a command was refused: a code and a text, as Redis has them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(Cow<'static, str>);

impl Refusal {
    pub(crate) const SYNTAX: Self = Self::new("ERR syntax error");
    pub(crate) const NO_INTEGER: Self = Self::new("ERR value is not an integer or out of range");
    pub(crate) const NO_FLOAT: Self = Self::new("ERR value is not a valid float");
    pub(crate) const WRONG_TYPE: Self =
        Self::new("WRONGTYPE Operation against a key holding the wrong kind of value");
    pub(crate) const BAD_STREAM_ID: Self =
        Self::new("ERR Invalid stream ID specified as stream command argument");

    pub(crate) const fn new(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// One whose text has something of the caller's in it. It stays on one line.
    pub(crate) fn with(text: &str) -> Self {
        Self(text.replace(['\r', '\n'], " ").into())
    }

    pub(crate) fn wrong_number_of_arguments(command: &str) -> Self {
        let command = command.to_ascii_lowercase();
        Self::with(&format!("ERR wrong number of arguments for '{command}' command"))
    }

    /// The first word: `ERR`, `WRONGTYPE`, `NOSCRIPT`, or a script's own.
    #[must_use]
    pub fn code(&self) -> &str {
        self.0.split(' ').next().unwrap_or_default()
    }

    /// Code and text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}
