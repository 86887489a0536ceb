//! How a job takes its place in a queue to which it comes back.

use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;

use super::{record::Record, unique::KeyClaim};

/// How a job takes its place in a queue to which it comes back: as it was added there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// When it is due, in ms since the epoch; at once if that has passed.
    pub(crate) due_ms: Option<i64>,
    /// Its time to live, which begins again; else the queue's.
    pub(crate) ttl: Option<Duration>,
    pub(crate) unique: Option<KeyClaim>,
    /// By which it is found, a line each.
    pub(crate) tags: Option<String>,
    /// What its runs have recorded; it stands beside the rest. Opaque here.
    pub(crate) steps: Option<Bytes>,
}

/// Stands for the end of a line where a text has none.
const LINE_END: char = '\u{1f}';

impl Arrival {
    pub(crate) fn of(record: &Record) -> Self {
        let options = &record.options;
        Self {
            due_ms: options.due_at.as_ref().map(DateTime::timestamp_millis),
            ttl: options.ttl,
            unique: options.unique.as_ref().map(|unique| unique.claim(&record.name)),
            tags: options.tag_lines(),
            steps: None,
        }
    }

    /// As it stands in an outbox: due time and time to live in ms, the tags and the key's rule, `-` for
    /// none, then the key.
    pub(crate) fn to_text(&self) -> String {
        let ms = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| time.as_millis().max(1).to_string())
        };
        let due = self.due_ms.map_or("-".to_owned(), |due| due.max(0).to_string());
        let tags = self.tags.as_ref().map_or("-".to_owned(), |tags| {
            format!("{LINE_END}{}", tags.replace('\n', &LINE_END.to_string()))
        });
        let (rule, key) = self.unique.as_ref().map_or(("-", ""), |claim| (&claim.rule, &claim.key));
        format!("{due} {} {tags} {rule} {key}", ms(self.ttl))
    }

    /// Reads what [`to_text`](Self::to_text) wrote. A number that can't be read is none.
    pub(crate) fn parse(text: &str) -> Self {
        let mut words = text.splitn(5, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (due, ttl) = (number(), number());
        let tags = words.next().and_then(|tags| tags.strip_prefix(LINE_END));
        let rule = words.next().filter(|rule| rule.starts_with(|sign: char| sign.is_ascii_digit()));
        let key = words.next().unwrap_or_default();
        let unique = rule.filter(|_| !key.is_empty());
        let unique = unique.map(|rule| KeyClaim { key: key.to_owned(), rule: rule.to_owned() });
        Self {
            due_ms: due.and_then(|due| i64::try_from(due).ok()),
            ttl: ttl.map(Duration::from_millis),
            unique,
            tags: tags.map(|tags| tags.replace(LINE_END, "\n")),
            steps: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_survives_the_outbox() {
        let ms = Duration::from_millis;
        let key = |rule: &str| {
            Some(KeyClaim { key: "a key\nof words".to_owned(), rule: rule.to_owned() })
        };
        let tags = |tags: &str| Some(tags.to_owned());
        for (due_ms, ttl, unique, tags) in [
            (None, None, None, None),
            (Some(7), None, key("0"), tags("-")),
            (None, Some(ms(5)), key("9ur"), tags("a:1\nb")),
            (Some(0), Some(ms(1)), None, tags("a")),
        ] {
            let arrival = Arrival { due_ms, ttl, unique, tags, steps: None };
            assert_eq!(Arrival::parse(&arrival.to_text()), arrival);
        }
        for nonsense in ["", "x", "1", "- - - 5 ", "- - - - key"] {
            assert_eq!(Arrival::parse(nonsense).unique, None, "{nonsense}");
        }
    }
}
