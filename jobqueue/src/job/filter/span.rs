//! Which states jobs can be in that a filter means, and from when to when: what an order in Redis
//! answers needn't be looked at.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    build::JobFilter,
    term::{Comparison, Document, Term, Test, TimeKey, TimeValue},
};
use crate::job::state::JobState;

/// From one time to another, in milliseconds; the end is no part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from_ms: Option<i64>,
    pub(crate) until_ms: Option<i64>,
}

impl Span {
    /// What is in both.
    fn and(self, other: Self) -> Self {
        let later = self.from_ms.max(other.from_ms);
        let until_ms = match (self.until_ms, other.until_ms) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { from_ms: later, until_ms }
    }

    /// From the first of both to the last of both.
    fn around(self, other: Self) -> Self {
        let from_ms = self.from_ms.zip(other.from_ms).map(|(one, two)| one.min(two));
        let until_ms = self.until_ms.zip(other.until_ms).map(|(one, two)| one.max(two));
        Self { from_ms, until_ms }
    }

    /// The millisecond of the first time, and that behind the last.
    fn between(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>) -> Self {
        let from_ms = from.map(|time| time.timestamp_millis());
        let until_ms = until.map(|time| time.timestamp_millis().saturating_add(1));
        Self { from_ms, until_ms }
    }
}

impl JobFilter {
    /// From when to when jobs of a state must have ended, or be due.
    pub(crate) fn span(&self, state: JobState, now: DateTime<Utc>) -> Span {
        let key = match state {
            JobState::Delayed => TimeKey::Due,
            state if state.is_final() => TimeKey::Ended,
            _ => return Span::default(),
        };
        let mut span = Span::default();
        for term in &self.terms {
            if let Test::Time(of, comparison, any) = &term.test
                && *of == key
                && !term.negated
            {
                let spans = any.iter().map(|value| value.span(key, *comparison, now));
                span = span.and(spans.reduce(Span::around).unwrap_or_default());
            }
        }
        span
    }
}

impl TimeValue {
    fn span(self, key: TimeKey, comparison: Comparison, now: DateTime<Utc>) -> Span {
        let (from, until) = match self {
            Self::Exists => return Span::default(),
            Self::At(moment) => (moment.from(), moment.until()),
            Self::Away(length) => {
                let Ok(length) = TimeDelta::from_std(length.0) else { return Span::default() };
                let then = match key {
                    TimeKey::Due => now.checked_add_signed(length),
                    _ => now.checked_sub_signed(length),
                };
                let Some(then) = then else { return Span::default() };
                // What is further ago is earlier; what is due in longer is later.
                let later = match (key, comparison) {
                    (TimeKey::Due, Comparison::More | Comparison::NotLess) => true,
                    (TimeKey::Due, _) => false,
                    (_, comparison) => matches!(comparison, Comparison::Less | Comparison::NotMore),
                };
                // What is due by now, or ended in a future of the server's, is 0 away.
                let is_now = length.is_zero();
                return match later {
                    _ if is_now => Span::default(),
                    true => Span::between(Some(then), None),
                    false => Span::between(None, Some(then)),
                };
            }
        };
        match comparison {
            Comparison::Equal => Span::between(Some(from), Some(until)),
            Comparison::Less | Comparison::NotMore => Span::between(None, Some(until)),
            Comparison::More | Comparison::NotLess => Span::between(Some(from), None),
        }
    }
}

impl Term {
    /// Whether a job in this state can have what is asked for.
    pub(super) fn allows(&self, state: JobState) -> bool {
        if let Test::State(states) = &self.test {
            return states.contains(&state) != self.negated;
        }
        if self.negated {
            return true;
        }
        match &self.test {
            Test::Time(TimeKey::Ended, ..) => state.is_final(),
            Test::Time(TimeKey::Due, ..) => state == JobState::Delayed,
            Test::Time(TimeKey::Started, ..) => state.is_final() || state == JobState::Active,
            Test::Length(..) => state.is_final(),
            Test::Field(Document::Result, ..) => state == JobState::Completed,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_answer_from_when_to_when() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let now_ms = now.timestamp_millis();
        let span = |text: &str, state| text.parse::<JobFilter>().expect(text).span(state, now);
        let between = |from_ms, until_ms| Span { from_ms, until_ms };
        let hour = 3_600_000;
        let failed = JobState::Failed;
        assert_eq!(span("name:a", failed), Span::default());
        assert_eq!(span("ended<1h", failed), between(Some(now_ms - hour), None));
        assert_eq!(span("ended>1h", failed), between(None, Some(now_ms - hour + 1)));
        let both = between(Some(now_ms - 2 * hour), Some(now_ms - hour + 1));
        assert_eq!(span("ended>1h ended<2h", failed), both);
        assert_eq!(span("ended<1h,2h", failed), between(Some(now_ms - 2 * hour), None));
        assert_eq!(span("-ended<1h", failed), Span::default());
        assert_eq!(span("ended<1h", JobState::Delayed), Span::default());
        assert_eq!(span("due<1h", JobState::Delayed), between(None, Some(now_ms + hour + 1)));
        assert_eq!(span("due>1h", JobState::Delayed), between(Some(now_ms + hour), None));
        let day = between(Some(0), Some(86_400_001));
        assert_eq!(span("ended:1970-01-01", failed), day);
        assert_eq!(span("ended>999999999999d", failed), Span::default());
    }
}
