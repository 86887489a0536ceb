//! Arguments, options, names and set-ups that can't work.

use std::fmt;

use crate::error_chain::{Source, readable_debug, say_the_same, source};

/// An argument, an option, a name or a set-up that can't work: the program or its set-up has to
/// change.
///
/// Its text names the value, unless that may be secret, and says what would work.
#[derive(Clone, thiserror::Error)]
#[error("{problem}: {advice}")]
pub struct Invalid {
    problem: String,
    advice: String,
    source: Option<Source>,
}

/// The longest text of a bad value that an error repeats, in bytes.
const MAX_SHOWN: usize = 80;

impl Invalid {
    /// `what` has a value that can't work. It is shown by `Debug`: text in quotes, numbers without.
    pub(crate) fn new(
        what: &'static str,
        value: impl fmt::Debug,
        advice: impl Into<String>,
    ) -> Self {
        let mut value = format!("{value:?}");
        if value.len() > MAX_SHOWN {
            value.truncate(value.floor_char_boundary(MAX_SHOWN));
            value.push('…');
        }
        Self::setup(format!("invalid {what} {value}"), advice)
    }

    /// The parts can't work together, or one is missing. `problem` names the part and says what is
    /// wrong with it.
    pub(crate) fn setup(problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { problem: problem.into(), advice: advice.into(), source: None }
    }

    /// Says to whom or to which setting it belongs, where the value alone doesn't.
    pub(crate) fn of(mut self, subject: impl fmt::Display) -> Self {
        self.problem = format!("{subject}: {}", self.problem);
        self
    }

    /// Keeps what led to it.
    pub(crate) fn because(
        mut self,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source(error));
        self
    }
}

/// Equal if they say the same.
impl PartialEq for Invalid {
    fn eq(&self, other: &Self) -> bool {
        say_the_same(self, other)
    }
}

impl Eq for Invalid {}

readable_debug!(Invalid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_text_is_quoted() {
        let shown = |value: &str| Invalid::new("name", value, "x").to_string();
        assert_eq!(shown("a\nb"), r#"invalid name "a\nb": x"#);
        assert!(shown(&"ü".repeat(500)).len() < 120);
        assert_eq!(Invalid::new("count", 0, "x").to_string(), "invalid count 0: x");
    }
}
