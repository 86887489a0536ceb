//! What cancelling a job comes to, and what its queue is told.

use std::time::Duration;

use bytes::Bytes;

use super::{cancel_reason::CancelReason, id::WorkerId, outcome::Outcome};
use crate::{
    policy::Retain,
    value_error::{Corrupt, Invalid},
};

/// The most characters of a name or a reason.
const MOST_CHARS: usize = 500;

/// What cancelling a job came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancelled {
    /// It was waiting or delayed, and has ended as cancelled.
    Ended,
    /// It runs, and its worker is told: it ends as cancelled unless its run has a result first. The
    /// worker is `by-hand` if it was [received](crate::receive).
    Told(WorkerId),
}

/// What a queue is told of a job that is to be cancelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CancelMark {
    pub(crate) reason: CancelReason,
    /// How many cancelled jobs are kept.
    pub(crate) retain: Retain,
    /// How long its run has to end by itself; none leaves that to its handler.
    pub(crate) grace: Option<Duration>,
}

impl Default for CancelMark {
    fn default() -> Self {
        let reason = CancelReason::default();
        Self { reason, retain: Retain::DEFAULT_FAILED, grace: None }
    }
}

impl CancelMark {
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        let texts = [("by", &self.reason.by), ("reason", &self.reason.reason)];
        for (what, text) in texts {
            let chars = text.as_ref().map_or(0, |text| text.chars().count());
            if chars > MOST_CHARS {
                let problem = format!("the {what} of a cancel has {chars} characters");
                return Err(Invalid::setup(problem, "use at most 500"));
            }
        }
        self.retain.validate().map_err(|invalid| invalid.of("retain"))
    }

    /// How many are kept, for how many ms, the grace in ms, with -1 for none of these, and the
    /// outcome.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        // Numbers that the script's arithmetic can't tell from each other are as good as none.
        let text = |value: Option<u64>| match value {
            Some(value) if value < 1 << 53 => value.to_string(),
            _ => "-1".to_owned(),
        };
        let count = text(self.retain.max_count());
        let (age, grace) = (text(self.retain.max_age().map(ms)), text(self.grace.map(ms)));
        let mut mark = format!("{count} {age} {grace} ").into_bytes();
        mark.extend(Outcome::Cancelled(self.reason.clone()).encode());
        mark
    }

    pub(crate) fn decode(mark: &Bytes) -> Result<Self, Corrupt> {
        let corrupt = |what: &str| Corrupt::new("the mark of a cancelled job", what);
        let mut parts = mark.splitn(4, |byte| *byte == b' ');
        let mut number = || -> Option<Option<u64>> {
            let text = std::str::from_utf8(parts.next()?).ok()?;
            if text == "-1" { Some(None) } else { text.parse().ok().map(Some) }
        };
        let (Some(count), Some(age), Some(grace)) = (number(), number(), number()) else {
            return Err(corrupt("no numbers"));
        };
        let outcome = parts.next().ok_or_else(|| corrupt("no outcome"))?;
        match Outcome::decode(&mark.slice_ref(outcome))? {
            Outcome::Cancelled(reason) => Ok(Self {
                reason,
                retain: Retain::from_parts(count, age.map(Duration::from_millis)),
                grace: grace.map(Duration::from_millis),
            }),
            _ => Err(corrupt("another outcome")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_the_wire() {
        let reason = CancelReason { by: Some("o p s".into()), reason: Some("no\nmore".into()) };
        let second = Duration::from_secs(1);
        for (retain, grace) in [
            (Retain::none(), None),
            (Retain::all(), Some(Duration::ZERO)),
            (Retain::count(7).and_age(second), Some(second)),
        ] {
            for reason in [reason.clone(), CancelReason::default()] {
                let mark = CancelMark { reason, retain, grace };
                let bytes = Bytes::from(mark.encode());
                assert_eq!(CancelMark::decode(&bytes), Ok(mark));
                for cut in 0..bytes.len() {
                    assert!(CancelMark::decode(&bytes.slice(..cut)).is_err(), "cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn long_texts_are_refused() {
        let text = |chars| Some("ä".repeat(chars));
        let by = |chars| CancelReason { by: text(chars), reason: None };
        let mark = |chars| CancelMark { reason: by(chars), ..CancelMark::default() };
        assert!(mark(500).validate().is_ok() && mark(501).validate().is_err());
    }
}
