//! How a job takes its place in a queue to which it comes back.

use std::time::Duration;

use chrono::DateTime;

use super::{options::JobOptions, unique_key::UniqueKey};

/// How a job takes its place in a queue to which it comes back: as it was added there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it is due, in ms since the epoch; at once if that has passed.
    pub(crate) due_ms: Option<i64>,
    /// Its time to live, which begins again; else the queue's.
    pub(crate) ttl: Option<Duration>,
    pub(crate) unique: Option<UniqueKey>,
}

impl Arrival {
    pub(crate) fn of(options: &JobOptions) -> Self {
        Self {
            due_ms: options.due_at.as_ref().map(DateTime::timestamp_millis),
            ttl: options.ttl,
            unique: options.unique.clone(),
        }
    }

    /// As it stands in an outbox: due time, time to live and the key's lifetime in ms, `-` for
    /// none, then the key. A lifetime of 0 is that of the job.
    pub(crate) fn to_text(&self) -> String {
        let ms = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| time.as_millis().max(1).to_string())
        };
        let due = self.due_ms.map_or("-".to_owned(), |due| due.max(0).to_string());
        match &self.unique {
            None => format!("{due} {} - ", ms(self.ttl)),
            Some(UniqueKey { key, lifetime: None }) => format!("{due} {} 0 {key}", ms(self.ttl)),
            Some(UniqueKey { key, lifetime }) => {
                format!("{due} {} {} {key}", ms(self.ttl), ms(*lifetime))
            }
        }
    }

    /// Reads what [`to_text`](Self::to_text) wrote. A number that can't be read is none.
    pub(crate) fn parse(text: &str) -> Self {
        let mut words = text.splitn(4, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (due, ttl, lifetime) = (number(), number(), number());
        let key = words.next().unwrap_or_default();
        let unique = lifetime.filter(|_| !key.is_empty()).map(|ms| {
            let lifetime = (ms > 0).then(|| Duration::from_millis(ms));
            UniqueKey::new(key.to_owned(), lifetime)
        });
        Self {
            due_ms: due.and_then(|due| i64::try_from(due).ok()),
            ttl: ttl.map(Duration::from_millis),
            unique,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_survives_the_outbox() {
        let ms = Duration::from_millis;
        let key = |lifetime| Some(UniqueKey::new("a key of words".to_owned(), lifetime));
        for (due_ms, ttl, unique) in [
            (None, None, None),
            (Some(7), None, key(None)),
            (None, Some(ms(5)), key(Some(ms(9)))),
            (Some(0), Some(ms(1)), None),
        ] {
            let arrival = Arrival { due_ms, ttl, unique };
            assert_eq!(Arrival::parse(&arrival.to_text()), arrival);
        }
        for nonsense in ["", "x", "1", "- - 5 ", "- - - key"] {
            assert_eq!(Arrival::parse(nonsense).unique, None, "{nonsense}");
        }
    }
}
