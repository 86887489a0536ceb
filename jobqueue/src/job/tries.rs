//! How often a job was tried, as its queue keeps it.

use std::{fmt, str::FromStr};

/// How often a job has failed and was snoozed. In its queue: `<attempts>`, or
/// `<attempts>~<snoozes>`, which scripts don't read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    /// Attempts that ended in an error.
    pub(crate) attempts: u32,
    pub(crate) snoozes: u32,
}

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { attempts, snoozes: 0 } => write!(f, "{attempts}"),
            Self { attempts, snoozes } => write!(f, "{attempts}~{snoozes}"),
        }
    }
}

impl FromStr for Tries {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (attempts, snoozes) = text.split_once('~').unwrap_or((text, "0"));
        Ok(Self { attempts: attempts.parse()?, snoozes: snoozes.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        for (attempts, snoozes, text) in [(0, 0, "0"), (3, 0, "3"), (0, 1, "0~1"), (2, 70, "2~70")]
        {
            let tries = Tries { attempts, snoozes };
            assert_eq!((tries.to_string().as_str(), text.parse()), (text, Ok(tries)));
        }
        for nonsense in ["", "~", "1~", "-1", "1~x", "4294967296"] {
            assert!(nonsense.parse::<Tries>().is_err(), "{nonsense}");
        }
    }
}
