//! Schedules by a cron pattern.

use std::{fmt, str::FromStr, sync::LazyLock};

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds, Year};

use super::LATEST_MS;
use crate::value_error::Invalid;

/// Due when a cron pattern says so, in a time zone; UTC unless [one is named](Self::in_zone).
///
/// The dialect is croner's: `second? minute hour day month weekday year?`, with lists, ranges,
/// steps (`*/5`), names (`MON`, `JAN`), `L` (last), `W` (nearest working day), `#` (nth weekday),
/// `@daily` and its like. If day and weekday are both named, either is enough; with `+` before the
/// weekday both must fit. [The guide](crate::docs::schedules#patterns) has the details.
///
/// When clocks change, a pattern of fixed times (`30 2 * * *`, `0,30 2-4 * * *`) is due once at each
/// of them: what the change leaves out is due right after it, what it repeats is due the first time.
/// A pattern with a wildcard or a step in its second, minute or hour (`*/30 * * * *`) follows the
/// clock: left out times are left out, and repeated ones are due twice.
///
/// ```
/// use jobqueue::schedule::Cron;
///
/// let nightly = Cron::parse("0 3 * * *")?.in_zone("Europe/Berlin".parse()?);
/// assert_eq!(nightly.to_string(), "0 3 * * * (Europe/Berlin)");
/// assert!(Cron::parse("0 0 30 2 *").is_err(), "there is no 30th of February");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Cron {
    pattern: Box<str>,
    parsed: Box<croner::Cron>,
    /// Whether its times of day are written out, so that no change of the clocks adds or drops one.
    is_fixed: bool,
    zone: Tz,
}

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 256;

static PARSER: LazyLock<CronParser> =
    LazyLock::new(|| CronParser::builder().seconds(Seconds::Optional).year(Year::Optional).build());

impl Cron {
    /// A pattern of at most 256 bytes.
    ///
    /// # Errors
    /// It can't be read, or it is never due after the year 2000.
    pub fn parse(pattern: &str) -> Result<Self, Invalid> {
        let advice = "use minute hour day month weekday, such as \"0 3 * * *\"; \
                      a sixth field before them is seconds, a seventh after them years";
        let invalid = || Invalid::new("cron pattern", pattern, advice);
        if pattern.len() > MAX_PATTERN {
            return Err(invalid());
        }
        let parsed = PARSER.parse(pattern).map_err(|error| invalid().because(error))?;
        let pattern: Box<str> = pattern.trim().into();
        let is_fixed = is_fixed(&pattern);
        let cron = Self { pattern, parsed: Box::new(parsed), is_fixed, zone: Tz::UTC };
        // The search ends: croner looks no further than the year 5000.
        if cron.after(YEAR_2000).is_none() {
            return Err(Invalid::new("cron pattern", &cron.pattern, "no time ever fits it"));
        }
        Ok(cron)
    }

    /// The same in this time zone.
    #[must_use]
    pub fn in_zone(mut self, zone: Tz) -> Self {
        self.zone = zone;
        self
    }

    /// The pattern.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The time zone.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first tick after this time, in ms since the epoch.
    pub(super) fn after(&self, ms: i64) -> Option<i64> {
        let time = DateTime::<Utc>::from_timestamp_millis(ms.clamp(-LATEST_MS, LATEST_MS))?;
        let time = time.with_timezone(&self.zone);
        let next = if self.is_fixed {
            self.fixed_after(&time)?
        } else {
            self.parsed.find_next_occurrence(&time, false).ok()?
        };
        // A search that doesn't go on would be a bug there, and an endless loop here.
        Some(next.timestamp_millis()).filter(|next| *next > ms)
    }

    /// Looks through the times as a wall clock without changes shows them, since croner takes only a
    /// single time of day for a fixed one.
    fn fixed_after(&self, time: &DateTime<Tz>) -> Option<DateTime<Tz>> {
        let mut wall = time.naive_local().and_utc();
        loop {
            wall = self.parsed.find_next_occurrence(&wall, false).ok()?;
            let next = first_at(self.zone, wall.naive_utc())?;
            // What is repeated was due the first time, and what was left out together is due at once.
            if next > *time {
                return Some(next);
            }
        }
    }
}

/// When a wall clock first shows this time; if it leaves it out, the minute right after that.
fn first_at(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Tz>> {
    if let Some(time) = zone.from_local_datetime(&wall).earliest() {
        return Some(time);
    }
    // No zone has ever left out more than a day.
    let minute = wall.with_second(0)?;
    (1..=LONGEST_GAP_MINUTES)
        .find_map(|n| zone.from_local_datetime(&(minute + TimeDelta::minutes(n))).earliest())
}

/// A day, and a little more.
const LONGEST_GAP_MINUTES: i64 = 25 * 60;

/// Whether second, minute and hour of a pattern are numbers, lists and ranges of such.
fn is_fixed(pattern: &str) -> bool {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    let of_day = fields.get(..if fields.len() > 5 { 3 } else { 2 });
    of_day.is_some_and(|fields| !fields.iter().any(|field| field.contains(['*', '/', '?', '@'])))
}

/// 2000-01-01T00:00:00Z, in ms since the epoch.
const YEAR_2000: i64 = 946_684_800_000;

impl FromStr for Cron {
    type Err = Invalid;

    fn from_str(pattern: &str) -> Result<Self, Invalid> {
        Self::parse(pattern)
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern && self.zone == other.zone
    }
}

impl Eq for Cron {}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.pattern, self.zone)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cron({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(pattern: &str, after: &str) -> String {
        let after: DateTime<Utc> = after.parse().expect("a time");
        let cron = Cron::parse(pattern).expect(pattern);
        let next = cron.after(after.timestamp_millis()).expect("a tick");
        DateTime::from_timestamp_millis(next).expect("in range").to_rfc3339()
    }

    #[test]
    fn the_dialect() {
        for (pattern, expected) in [
            ("* * * * *", "2027-01-01T00:01:00+00:00"),
            ("*/10 * * * * *", "2027-01-01T00:00:10+00:00"),
            ("0 0 12 * * MON", "2027-01-04T12:00:00+00:00"),
            ("0 9 L * *", "2027-01-31T09:00:00+00:00"),
            ("0 9 16W * *", "2027-01-15T09:00:00+00:00"),
            ("0 9 * * FRI#2", "2027-01-08T09:00:00+00:00"),
            ("0 9 * FEB 7", "2027-02-07T09:00:00+00:00"),
            ("0 0 13 * +FRI", "2027-08-13T00:00:00+00:00"),
            ("0 0 13 * FRI", "2027-01-08T00:00:00+00:00"),
            ("0 0 0 1 1 * 2030", "2030-01-01T00:00:00+00:00"),
            ("@daily", "2027-01-02T00:00:00+00:00"),
        ] {
            assert_eq!(next(pattern, "2027-01-01T00:00:00Z"), expected, "{pattern}");
        }
    }

    /// The ticks of one day in Berlin: of that in spring, of that in autumn 2027.
    #[test]
    fn fixed_times_are_due_once_each() {
        let of_day = |pattern: &str, day: &str| {
            let cron = Cron::parse(pattern).expect(pattern).in_zone(Tz::Europe__Berlin);
            let zone = Tz::Europe__Berlin;
            let day: chrono::NaiveDate = day.parse().expect("a day");
            let start = first_at(zone, day.into()).expect("it begins").timestamp_millis() - 1;
            let ticks = std::iter::successors(cron.after(start), |tick| cron.after(*tick));
            let local = ticks.map(|tick| {
                DateTime::from_timestamp_millis(tick).expect("in range").with_timezone(&zone)
            });
            let of_day = local.take_while(|tick| tick.date_naive() == day);
            of_day.map(|tick| tick.format("%H:%M%z").to_string()).collect::<Vec<_>>().join(" ")
        };
        for (pattern, spring, autumn) in [
            ("30 2 * * *", "03:00+0200", "02:30+0200"),
            ("30 2,14 * * *", "03:00+0200 14:30+0200", "02:30+0200 14:30+0100"),
            ("0,30 2 * * *", "03:00+0200", "02:00+0200 02:30+0200"),
            ("0 2-3 * * *", "03:00+0200", "02:00+0200 03:00+0100"),
            ("30 2-3 * * *", "03:00+0200 03:30+0200", "02:30+0200 03:30+0100"),
            ("0,30 30 2 * * *", "03:00+0200", "02:30+0200 02:30+0200"),
            ("30 2-3/1 * * *", "03:30+0200", "02:30+0200 02:30+0100 03:30+0100"),
            ("15 1,2 * * *", "01:15+0100 03:00+0200", "01:15+0200 02:15+0200"),
        ] {
            assert_eq!(of_day(pattern, "2027-03-28"), spring, "{pattern}");
            assert_eq!(of_day(pattern, "2027-10-31"), autumn, "{pattern}");
        }
    }

    #[test]
    fn hostile_patterns_are_refused() {
        let long = "1,".repeat(500) + "1 * * * *";
        let never = ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 0 29 2 ? 2027", "0 0 0 1 1 ? 1999"];
        let wrong = ["", "* * * *", "60 * * * *", "* * * * * * * *", "x", "@reboot", "*/0 * * * *"];
        let odd = ["1-1-1 * * * *", "\0 * * * *", "* * * * MON-", "5-1 * * * *"];
        for pattern in never.iter().chain(&wrong).chain(&odd).copied().chain([long.as_str()]) {
            assert!(Cron::parse(pattern).is_err(), "{pattern:?}");
        }
    }

    #[test]
    fn times_at_the_edges_have_an_answer() {
        let cron = Cron::parse("0 0 * * *").expect("a pattern");
        for ms in [i64::MIN, -1, 0, LATEST_MS, i64::MAX] {
            let next = cron.after(ms);
            assert!(next.is_none_or(|next| next > ms), "{ms}: {next:?}");
        }
    }
}
