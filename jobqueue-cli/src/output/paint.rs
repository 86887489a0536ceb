//! Colours, where the terminal has them and nobody minds.

use std::env;

use clap::ValueEnum;
use jobqueue::JobState;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Colours,
}

/// A colour of the terminal's own sixteen, so that it suits its background.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hue {
    Plain,
    Dim,
    Bold,
    Good,
    Bad,
    Busy,
    Odd,
    Later,
}

impl Hue {
    /// That of a state.
    pub(crate) const fn of(state: JobState) -> Self {
        match state {
            JobState::Delayed => Self::Later,
            JobState::Active => Self::Busy,
            JobState::Completed => Self::Good,
            JobState::Failed => Self::Bad,
            JobState::WaitingChildren => Self::Odd,
            JobState::Cancelled => Self::Dim,
            _ => Self::Plain,
        }
    }

    const fn code(self) -> Option<u8> {
        Some(match self {
            Self::Plain => return None,
            Self::Bold => 1,
            Self::Dim => 2,
            Self::Bad => 31,
            Self::Good => 32,
            Self::Odd => 33,
            Self::Busy => 34,
            Self::Later => 35,
        })
    }
}

impl Paint {
    /// What was asked for, on an output that is a terminal or none.
    pub(crate) fn when(when: When, is_terminal: bool) -> Self {
        let unwanted = || {
            env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty())
                || env::var_os("TERM").is_some_and(|it| it == "dumb")
        };
        match when {
            When::Always => Self::Colours,
            When::Auto if is_terminal && !unwanted() => Self::Colours,
            When::Auto | When::Never => Self::Plain,
        }
    }

    /// The text in this colour.
    pub(crate) fn hue(self, hue: Hue, text: &str) -> String {
        match (self, hue.code()) {
            (Self::Colours, Some(code)) => format!("\x1b[{code}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}
