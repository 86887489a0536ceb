//! What a job waits for whose run has ended before its handler has.

use std::fmt;

/// What a job waits for whose run has ended before its handler has: a time, or one of some signals
/// until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspension {
    /// Until when at the longest, in ms since the epoch by the server's clock.
    pub(crate) until: u64,
    /// The signals of which any ends it sooner.
    pub(crate) signals: Vec<String>,
}

/// Later times are as good as never, and scripts could not count on.
pub(crate) const LATEST: u64 = (1 << 46) - 1;

impl fmt::Display for Suspension {
    /// As the scripts read it: `<ms>`, and after a space the signals, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.until.min(LATEST))?;
        for (index, name) in self.signals.iter().enumerate() {
            write!(f, "{}{name}", if index == 0 { ' ' } else { '\n' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_scripts_read_it() {
        let written = |until, signals: &[&str]| {
            let signals = signals.iter().copied().map(str::to_owned).collect();
            Suspension { until, signals }.to_string()
        };
        assert_eq!(written(7, &[]), "7");
        assert_eq!(written(7, &["paid"]), "7 paid");
        assert_eq!(written(u64::MAX, &["paid", "it is sent"]), "70368744177663 paid\nit is sent");
    }
}
