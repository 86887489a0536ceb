//! Times in a filter: `2026-11-28`, `2026-11-28T14:00`, to the second or finer, in UTC or another
//! offset. One that says only a day is that whole day.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};

/// A stretch of time, as long as its text is exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    from: DateTime<Utc>,
    exact_to: Exact,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exact {
    Day,
    Minute,
    Second,
    Milli,
    Nano,
}

impl Exact {
    fn length(self) -> TimeDelta {
        match self {
            Self::Day => TimeDelta::days(1),
            Self::Minute => TimeDelta::minutes(1),
            Self::Second => TimeDelta::seconds(1),
            Self::Milli => TimeDelta::milliseconds(1),
            Self::Nano => TimeDelta::nanoseconds(1),
        }
    }
}

impl Moment {
    /// A time, exactly. Years that aren't of four digits are moved to the nearest that is.
    pub(super) fn exactly(time: DateTime<Utc>) -> Self {
        let first = DateTime::UNIX_EPOCH.with_year(0).unwrap_or(DateTime::UNIX_EPOCH);
        let last = DateTime::from_timestamp_millis(253_402_300_799_999).unwrap_or(first);
        let exact_to =
            if time.nanosecond().is_multiple_of(1_000_000) { Exact::Milli } else { Exact::Nano };
        match time.year() {
            ..0 => Self { from: first, exact_to: Exact::Milli },
            0..10_000 => Self { from: time, exact_to },
            _ => Self { from: last, exact_to: Exact::Milli },
        }
    }

    /// Where it begins.
    pub(super) fn from(&self) -> DateTime<Utc> {
        self.from
    }

    /// Where it ends: no part of it any more.
    pub(super) fn until(&self) -> DateTime<Utc> {
        self.from + self.exact_to.length()
    }

    /// None if the text is no such time.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text;
        let year = digits(&mut rest, 4)?;
        let month = part(&mut rest, "-")?;
        let day = part(&mut rest, "-")?;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        if rest.is_empty() {
            let from = date.and_hms_opt(0, 0, 0)?.and_utc();
            return Some(Self { from, exact_to: Exact::Day });
        }
        let hour = part(&mut rest, "T")?;
        let minute = part(&mut rest, ":")?;
        let (mut second, mut nanos, mut exact_to) = (0, 0, Exact::Minute);
        if rest.starts_with(':') {
            second = part(&mut rest, ":")?;
            exact_to = Exact::Second;
            if let Some(fraction) = rest.strip_prefix('.') {
                let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
                (nanos, exact_to) = match length {
                    1..=3 => (0, Exact::Milli),
                    4..=9 => (0, Exact::Nano),
                    _ => return None,
                };
                rest = fraction;
                let read = digits(&mut rest, length)?;
                nanos += read * 10_u32.pow(u32::try_from(9 - length).ok()?);
            }
        }
        let offset = offset(rest)?;
        let from = date.and_hms_nano_opt(hour, minute, second, nanos)?.and_utc();
        Some(Self { from: from.checked_sub_signed(offset)?, exact_to })
    }
}

/// So many digits from the beginning of a text.
fn digits(rest: &mut &str, count: usize) -> Option<u32> {
    let (digits, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Two digits behind a sign.
fn part(rest: &mut &str, sign: &str) -> Option<u32> {
    *rest = rest.strip_prefix(sign)?;
    digits(rest, 2)
}

/// How far a clock is ahead of UTC; it is, if nothing is said.
fn offset(text: &str) -> Option<TimeDelta> {
    if text.is_empty() || text == "Z" {
        return Some(TimeDelta::zero());
    }
    let (ahead, mut rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return None,
    };
    let hours = digits(&mut rest, 2)?;
    let minutes = part(&mut rest, ":")?;
    let is_one = rest.is_empty() && hours < 24 && minutes < 60;
    is_one.then(|| TimeDelta::minutes(ahead * i64::from(hours * 60 + minutes)))
}

/// In UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, exact_to } = self;
        write!(f, "{:04}-{:02}-{:02}", from.year(), from.month(), from.day())?;
        if *exact_to == Exact::Day {
            return Ok(());
        }
        write!(f, "T{:02}:{:02}", from.hour(), from.minute())?;
        match exact_to {
            Exact::Day | Exact::Minute => {}
            Exact::Second => write!(f, ":{:02}", from.second())?,
            Exact::Milli => {
                write!(f, ":{:02}.{:03}", from.second(), from.nanosecond() / 1_000_000)?;
            }
            Exact::Nano => write!(f, ":{:02}.{:09}", from.second(), from.nanosecond())?,
        }
        f.write_str("Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_their_offset_and_written_in_utc() {
        for (text, written) in [
            ("2026-11-28", "2026-11-28"),
            ("2026-11-28T14:00", "2026-11-28T14:00Z"),
            ("2026-11-28T14:00Z", "2026-11-28T14:00Z"),
            ("2026-11-28T01:30:05+02:00", "2026-11-27T23:30:05Z"),
            ("2026-11-28T23:30-00:45", "2026-11-29T00:15Z"),
            ("2026-11-28T14:00:00.5", "2026-11-28T14:00:00.500Z"),
            ("2026-11-28T14:00:00.000123456Z", "2026-11-28T14:00:00.000123456Z"),
            ("0000-01-01", "0000-01-01"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ] {
            let read = Moment::read(text).expect(text);
            assert_eq!(read.to_string(), written);
            assert_eq!(Moment::read(written), Some(read));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2026",
            "2026-11",
            "2026-13-01",
            "2026-02-30",
            "2026-11-28T",
            "2026-11-28T14",
            "2026-11-28T25:00",
            "2026-11-28T14:00:60",
            "2026-11-28T14:00.5",
            "2026-11-28Z",
            "2026-11-28T14:00:00.",
            "2026-11-28T14:00+2",
            "2026-11-28T14:00+24:00",
            "+026-11-28",
            "2026-11-28T14:00:00.0123456789",
            "2026-11-28T14:00ü",
            "２０２６-11-28",
        ] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_is_as_long_as_its_text_is_exact() {
        let length = |text| {
            let read = Moment::read(text).expect("a time");
            read.until() - read.from()
        };
        assert_eq!(length("2026-11-28"), TimeDelta::days(1));
        assert_eq!(length("2026-11-28T14:00"), TimeDelta::minutes(1));
        assert_eq!(length("2026-11-28T14:00:00"), TimeDelta::seconds(1));
        assert_eq!(length("2026-11-28T14:00:00.001"), TimeDelta::milliseconds(1));
    }

    #[test]
    fn any_time_at_all_can_be_written() {
        for time in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, DateTime::UNIX_EPOCH] {
            let moment = Moment::exactly(time);
            assert_eq!(Moment::read(&moment.to_string()), Some(moment));
        }
    }
}
