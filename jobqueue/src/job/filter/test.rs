//! Whether a job has what a filter asks for.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    facts::Facts,
    literal,
    moment::Moment,
    term::{
        Comparison, FieldMatch, Likeness, Source, Term, Test, TextKey, TextMatch, TimeKey,
        TimeValue,
    },
};
use crate::{
    job::{
        path::{compare, same},
        value::Value,
    },
    value_error::PayloadError,
};

impl Term {
    /// Whether the condition holds; of what isn't known yet it may.
    ///
    /// # Errors
    /// The payload or the result can't be read.
    pub(super) fn may_hold(
        &self,
        facts: &Facts<'_>,
        now: DateTime<Utc>,
    ) -> Result<bool, PayloadError> {
        let known = match self.test.source() {
            // By these a job is looked for.
            Source::State => false,
            Source::Queue | Source::Id => true,
            Source::Record | Source::Payload => facts.record().is_some(),
            Source::Life => facts.is_whole(),
        };
        Ok(!known || self.test.holds(facts, now)? != self.negated)
    }
}

impl Test {
    fn holds(&self, facts: &Facts<'_>, now: DateTime<Utc>) -> Result<bool, PayloadError> {
        Ok(match self {
            Self::State(_) => true,
            Self::Kind(kinds) => {
                facts.newest_failure().is_some_and(|failure| kinds.contains(&failure.reason))
            }
            Self::Text(key, any) => {
                facts.any_text(*key, &|text| any.iter().any(|each| each.fits(text)))
            }
            Self::Header(name, any) => {
                let value = facts.record().and_then(|it| it.options.headers.get(name));
                value.is_some_and(|value| any.iter().any(|each| each.fits(value)))
            }
            Self::Number(key, comparison, any) => facts.number(*key).is_some_and(|number| {
                any.iter().any(|wanted| comparison.holds(number.cmp(wanted)))
            }),
            Self::Time(key, comparison, any) => facts
                .time(*key)
                .is_some_and(|time| any.iter().any(|it| it.fits(*key, *comparison, time, now))),
            Self::Length(key, comparison, any) => facts.length(*key).is_some_and(|length| {
                any.iter().any(|wanted| comparison.holds(length.cmp(&wanted.0)))
            }),
            Self::Field(document, path, wanted) => match facts.document(*document)? {
                Some(value) => path.any(value, &|at| wanted.fits(at)),
                None => false,
            },
            Self::Word(word) => {
                let part = TextMatch::Has(word.clone());
                facts.id() == word
                    || [TextKey::Name, TextKey::Error]
                        .into_iter()
                        .any(|key| facts.any_text(key, &|text| part.fits(text)))
            }
        })
    }
}

impl TimeValue {
    fn fits(
        self,
        key: TimeKey,
        comparison: Comparison,
        time: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        match self {
            Self::Exists => true,
            Self::Away(length) => comparison.holds(away(key, time, now).cmp(&length.0)),
            Self::At(moment) => comparison.holds_at(time, moment),
        }
    }
}

/// How far a time is from now: ahead, of one at which a job is due, and ago of others.
fn away(key: TimeKey, time: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    let away = if key == TimeKey::Due { time - now } else { now - time };
    away.to_std().unwrap_or_default()
}

impl Comparison {
    /// Later is more.
    fn holds_at(self, time: DateTime<Utc>, moment: Moment) -> bool {
        let (from, until) = (moment.from(), moment.until());
        match self {
            Self::Equal => from <= time && time < until,
            Self::Less => time < from,
            Self::NotMore => time < until,
            Self::More => time >= until,
            Self::NotLess => time >= from,
        }
    }
}

impl FieldMatch {
    fn fits(&self, at: &Value) -> bool {
        match self {
            Self::Is(any) => any.iter().any(|wanted| same(at, wanted)),
            Self::Like(any) => any.iter().any(|wanted| wanted.fits(at)),
            Self::Order(comparison, any) => any
                .iter()
                .any(|wanted| compare(at, wanted).is_some_and(|order| comparison.holds(order))),
        }
    }
}

impl Likeness {
    fn fits(&self, at: &Value) -> bool {
        match (self, at) {
            (Self::Exists, Value::Nil) => false,
            (Self::Exists, _) => true,
            (Self::Has(part), Value::Text(text)) => text.contains(part),
            (Self::Begins(begin), Value::Text(text)) => text.starts_with(begin),
            (Self::Has(written), at) => {
                literal::read(written).is_ok_and(|it| it.is_some_and(|it| same(at, &it)))
            }
            (Self::Begins(_), _) => false,
        }
    }
}
