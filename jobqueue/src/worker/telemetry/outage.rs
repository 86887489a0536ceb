//! The log's view of an outage: one line when it begins, one when it ends, and few between, for all
//! queues and workers of a client.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How often a line says that it goes on; and how long after the last line another outage may
/// begin in the log: what flaps is one outage.
const STILL: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(10);

/// Whether Redis can be reached, as far as the workers of a client know. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outage(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// When it began, and whether the log says so.
    began: Option<(Instant, bool)>,
    /// When the log's last line on it was written.
    said: Option<Instant>,
}

/// The line that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogLine {
    None,
    Begins,
    /// It goes on, since this long.
    GoesOn(Duration),
    /// It has ended, after this long.
    Ends(Duration),
}

impl Outage {
    /// A call found Redis unavailable.
    pub(super) fn failed(&self) -> LogLine {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let silent = state.said.map(|said| now - said);
        let (began, is_told) = *state.began.get_or_insert((now, false));
        let line = match (is_told, silent) {
            (false, Some(silent)) if silent < QUIET => LogLine::None,
            (false, _) => LogLine::Begins,
            (true, Some(silent)) if silent >= STILL => LogLine::GoesOn(now - began),
            (true, _) => LogLine::None,
        };
        if line != LogLine::None {
            state.began = Some((began, true));
            state.said = Some(now);
        }
        line
    }

    /// A call was answered.
    pub(super) fn answered(&self) -> LogLine {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.began.take() {
            Some((began, true)) => {
                let now = Instant::now();
                state.said = Some(now);
                LogLine::Ends(now - began)
            }
            _ => LogLine::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn many_failures_are_one_outage() {
        let outage = Outage::default();
        assert_eq!(outage.answered(), LogLine::None);
        assert_eq!(outage.failed(), LogLine::Begins);
        for _ in 0..59 {
            advance(Duration::from_secs(1)).await;
            assert_eq!(outage.clone().failed(), LogLine::None);
        }
        advance(Duration::from_secs(1)).await;
        assert_eq!(outage.failed(), LogLine::GoesOn(STILL));
        assert_eq!(outage.answered(), LogLine::Ends(STILL));
        assert_eq!(outage.answered(), LogLine::None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_flaps_is_told_rarely() {
        let outage = Outage::default();
        assert_eq!(
            (outage.failed(), outage.answered()),
            (LogLine::Begins, LogLine::Ends(Duration::ZERO))
        );
        for _ in 0..9 {
            advance(Duration::from_secs(1)).await;
            assert_eq!((outage.failed(), outage.answered()), (LogLine::None, LogLine::None));
        }
        advance(Duration::from_secs(1)).await;
        assert_eq!(outage.failed(), LogLine::Begins);
    }
}
