//! How often a job was tried, as its queue keeps it.

use std::{fmt, num::NonZeroI64, str::FromStr};

/// How often a job has failed and was snoozed, and since when it is due. In its queue: `<attempts>`,
/// then `~<snoozes>` if there were any, then `@<ms>` if it is due otherwise than its record says:
/// since it was put off, took a key, or runs again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    /// Attempts that ended in an error.
    pub(crate) attempts: u32,
    pub(crate) snoozes: u32,
    /// In ms since the epoch, by the server's clock.
    pub(crate) due: Option<NonZeroI64>,
}

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attempts)?;
        if self.snoozes > 0 {
            write!(f, "~{}", self.snoozes)?;
        }
        self.due.map_or(Ok(()), |due| write!(f, "@{due}"))
    }
}

impl FromStr for Tries {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tries, due) = text.split_once('@').map_or((text, None), |(it, due)| (it, Some(due)));
        let (attempts, snoozes) = tries.split_once('~').unwrap_or((tries, "0"));
        Ok(Self {
            attempts: attempts.parse()?,
            snoozes: snoozes.parse()?,
            due: due.map(str::parse).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written() {
        let times = [None, NonZeroI64::new(1_700_000_000_000)];
        for (attempts, snoozes, text) in [(0, 0, "0"), (3, 0, "3"), (0, 1, "0~1"), (2, 70, "2~70")]
        {
            for due in times {
                let tries = Tries { attempts, snoozes, due };
                let text = due.map_or(text.to_owned(), |due| format!("{text}@{due}"));
                assert_eq!((tries.to_string(), text.parse()), (text.clone(), Ok(tries)));
            }
        }
        for nonsense in ["", "~", "1~", "-1", "1~x", "4294967296", "@5", "1@", "1@x", "1@2~3"] {
            assert!(nonsense.parse::<Tries>().is_err(), "{nonsense}");
        }
    }
}
