//! Unique jobs.

use std::time::Duration;

use serde::Serialize;

use super::{
    field_text::{field_text, hashed},
    name::JobName,
};
use crate::{
    policy::whole_millis,
    value_error::{Invalid, PayloadError},
};

/// The longest key of a unique job, in bytes.
const MAX_KEY: usize = 256;

/// The longest time that the server is told: nine thousand years.
const LONGEST: Duration = Duration::from_millis(1 << 48);

/// A key that stands for at most one job of a queue and a name at a time, and what becomes of an
/// add that finds it taken.
///
/// By default the key is taken until its job ends, completed or failed for good, and an add that
/// finds it taken adds nothing. [The guide](crate::docs::adding#unique-jobs) compares the ways.
///
/// ```
/// use jobqueue::{DurationExt, Unique};
///
/// // Nothing is added while the report waits or runs.
/// let one_at_a_time = Unique::by("report-7");
/// // The first wins for ten minutes, whether its job has ended or not.
/// let throttle = Unique::by("user-7").lasting(10.minutes());
/// // The newest payload runs, five seconds after the last add, a minute after the first at the latest.
/// let debounce = Unique::by("doc-7").debounce(5.seconds()).longest_wait(1.minutes());
/// // Once more after the run under way, with the newest payload.
/// let keep_last = Unique::by("index-7").keep_last();
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unique {
    /// The key, 1 to 256 bytes.
    pub key: String,
    /// For how long after the add the key is taken; `None`: until the job ends.
    #[serde(rename = "lifetime_ms", serialize_with = "crate::json::maybe_millis")]
    pub lifetime: Option<Duration>,
    /// Whether the job's end frees the key before its lifetime is over.
    pub while_unfinished: bool,
    /// What becomes of an add that finds the key taken.
    pub on_duplicate: OnDuplicate,
    /// The delay of a debounce. It isn't kept: the job knows when it is due.
    #[serde(skip)]
    pub(crate) delay: Option<Duration>,
}

/// What becomes of an add that finds its key taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnDuplicate {
    /// Nothing is added.
    #[default]
    Skip,
    /// The job takes the place of the one that waits. If that runs, nothing is added.
    Replace,
    /// The job takes the place of the one that waits. If that runs, it runs after it.
    KeepLast,
    /// As `KeepLast`, and the delay begins anew.
    Debounce {
        /// How long after the first add the job waits at the longest.
        #[serde(rename = "longest_wait_ms", serialize_with = "crate::json::maybe_millis")]
        longest_wait: Option<Duration>,
    },
}

impl Unique {
    /// Nothing is added while a job of this key waits or runs.
    #[must_use]
    pub fn by(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            lifetime: None,
            while_unfinished: false,
            on_duplicate: OnDuplicate::Skip,
            delay: None,
        }
    }

    /// The key is taken for this long after the add, whether its job has ended or not.
    #[must_use]
    pub fn lasting(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// With [`lasting`](Self::lasting), the key is free again as soon as its job ends.
    #[must_use]
    pub fn while_unfinished(mut self) -> Self {
        self.while_unfinished = true;
        self
    }

    /// A job that waits, or that is delayed, becomes the one that is added: its payload, options,
    /// headers, priority and time to live. It keeps its id, its place and its due time, and its
    /// attempts begin anew.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.on_duplicate = OnDuplicate::Replace;
        self
    }

    /// As [`replace`](Self::replace); and if the job runs, the one that is added runs once that has
    /// ended. Of several only the newest does.
    #[must_use]
    pub fn keep_last(mut self) -> Self {
        self.on_duplicate = OnDuplicate::KeepLast;
        self
    }

    /// The job runs this long after the last add, with the newest payload. If one of the key runs,
    /// it runs after that, too.
    #[must_use]
    pub fn debounce(mut self, delay: Duration) -> Self {
        self.on_duplicate = OnDuplicate::Debounce { longest_wait: None };
        self.delay = Some(delay);
        self
    }

    /// With [`debounce`](Self::debounce), the job is due this long after the first add, however
    /// often it is added.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        if let OnDuplicate::Debounce { longest_wait } = &mut self.on_duplicate {
            *longest_wait = Some(wait);
        }
        self
    }

    /// When the first job of a debounce is due after its add.
    pub(crate) fn first_delay(&self) -> Option<Duration> {
        let OnDuplicate::Debounce { longest_wait } = self.on_duplicate else { return None };
        let delay = self.delay?;
        Some(longest_wait.map_or(delay, |longest| longest.min(delay)))
    }

    /// Checks what no type could.
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.key.is_empty() || self.key.len() > MAX_KEY {
            return Err(Invalid::new("unique key", &self.key, "use 1 to 256 bytes"));
        }
        let runs_after =
            matches!(self.on_duplicate, OnDuplicate::KeepLast | OnDuplicate::Debounce { .. });
        if runs_after && self.lifetime.is_some() {
            return Err(Invalid::setup(
                format!("unique key {:?} has a lifetime, and the last add is to run", self.key),
                "leave the lifetime out: the key is taken until the last job has ended",
            ));
        }
        if self.while_unfinished && self.lifetime.is_none() {
            return Err(Invalid::setup(
                format!("unique key {:?} has no lifetime", self.key),
                "without one it is always the job's end that frees the key",
            ));
        }
        Ok(())
    }

    /// The claim of a job of this name.
    pub(crate) fn claim(&self, name: &JobName) -> KeyClaim {
        let mut bounded = self.clone();
        bounded.lifetime = bounded.lifetime.map(|lifetime| lifetime.min(LONGEST));
        if let OnDuplicate::Debounce { longest_wait: Some(wait) } = &mut bounded.on_duplicate {
            *wait = (*wait).min(LONGEST);
        }
        KeyClaim { key: format!("{name}\n{}", self.key), rule: bounded.rule() }
    }

    /// The rule of the key, as the scripts and records have it: see `lua/job/add.lua`.
    pub(super) fn rule(&self) -> String {
        // 0 means "until the job ends": the shortest lifetime is 1 ms.
        let lifetime = self.lifetime.map_or(0, |lifetime| whole_millis(lifetime).max(1));
        let ends = if self.while_unfinished { "u" } else { "" };
        let mode = match self.on_duplicate {
            OnDuplicate::Skip => String::new(),
            OnDuplicate::Replace => "r".to_owned(),
            OnDuplicate::KeepLast => "k".to_owned(),
            OnDuplicate::Debounce { longest_wait: None } => "d".to_owned(),
            OnDuplicate::Debounce { longest_wait: Some(wait) } => {
                format!("d{}", whole_millis(wait))
            }
        };
        format!("{lifetime}{ends}{mode}")
    }

    /// Reads what [`rule`](Self::rule) wrote. What can't be read isn't set.
    pub(super) fn of_rule(key: String, rule: &str) -> Self {
        let digits = rule.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rule.len());
        let (lifetime, rest) = rule.split_at(digits);
        let lifetime = lifetime.parse().ok().filter(|ms| *ms > 0).map(Duration::from_millis);
        let mode = rest.strip_prefix('u').unwrap_or(rest);
        let on_duplicate = match mode.split_at_checked(1) {
            Some(("r", _)) => OnDuplicate::Replace,
            Some(("k", _)) => OnDuplicate::KeepLast,
            Some(("d", wait)) => {
                OnDuplicate::Debounce { longest_wait: wait.parse().ok().map(Duration::from_millis) }
            }
            _ => OnDuplicate::Skip,
        };
        let while_unfinished = rest.starts_with('u');
        Self { key, lifetime, while_unfinished, on_duplicate, delay: None }
    }
}

impl From<String> for Unique {
    /// As [`Unique::by`].
    fn from(key: String) -> Self {
        Self::by(key)
    }
}

impl From<&str> for Unique {
    /// As [`Unique::by`].
    fn from(key: &str) -> Self {
        Self::by(key)
    }
}

impl From<&String> for Unique {
    /// As [`Unique::by`].
    fn from(key: &String) -> Self {
        Self::by(key)
    }
}

/// The key of a value: a text as it is, all else as JSON; of what is too long, the hash.
///
/// For `#[job(unique(…))]`.
#[doc(hidden)]
pub fn unique_key<T: Serialize>(value: &T) -> Result<String, PayloadError> {
    // A missing value is one like any other.
    let key = field_text(value, "a unique key")?.unwrap_or_else(|| "null".to_owned());
    Ok(match key.len() {
        1..=MAX_KEY => key,
        _ => hashed(&key),
    })
}

/// A unique key as its queue has it: with the name of the job, and its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyClaim {
    pub(crate) key: String,
    pub(crate) rule: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_what_the_key_does() {
        let ms = Duration::from_millis;
        for (unique, rule) in [
            (Unique::by("k"), "0"),
            (Unique::by("k").lasting(ms(0)), "1"),
            (Unique::by("k").lasting(ms(60_000)).while_unfinished(), "60000u"),
            (Unique::by("k").lasting(ms(9)).while_unfinished().replace(), "9ur"),
            (Unique::by("k").keep_last(), "0k"),
            (Unique::by("k").debounce(ms(5)), "0d"),
            (Unique::by("k").debounce(ms(5)).longest_wait(ms(70)), "0d70"),
        ] {
            assert_eq!(unique.rule(), rule);
            assert_eq!(Unique::of_rule("k".to_owned(), rule).rule(), rule);
            assert_eq!(unique.validate(), Ok(()), "{rule}");
        }
        for nonsense in ["", "x", "é", "99999999999999999999"] {
            assert_eq!(Unique::of_rule("k".to_owned(), nonsense), Unique::by("k"), "{nonsense}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let ms = Duration::from_millis;
        for (unique, problem) in [
            (Unique::by(""), "1 to 256 bytes"),
            (Unique::by("k".repeat(257)), "1 to 256 bytes"),
            (Unique::by("k").while_unfinished(), "has no lifetime"),
            (Unique::by("k").lasting(ms(9)).keep_last(), "the last add is to run"),
            (Unique::by("k").lasting(ms(9)).debounce(ms(5)), "the last add is to run"),
        ] {
            let refused = unique.validate().map_err(|invalid| invalid.to_string());
            assert!(refused.as_ref().is_err_and(|text| text.contains(problem)), "{refused:?}");
        }
    }
}
