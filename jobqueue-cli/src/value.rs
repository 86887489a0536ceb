//! Values as they are typed.

use std::time::Duration;

use chrono::TimeDelta;
use jobqueue::{
    Backoff, Rate, Retain, Unique,
    payload::exact_json,
    types::{DateTime, Utc},
};

type Parsed<T> = Result<T, String>;

/// `500ms`, `30s`, `1h30m`, `7d`.
pub(crate) fn duration(text: &str) -> Parsed<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, unit) = rest.split_at(digits);
        let letters = unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len());
        let (unit, left) = unit.split_at(letters);
        let seconds = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return Err("use a duration such as 500ms, 30s, 1h30m or 7d".to_owned()),
        };
        let number: f64 = number.parse().map_err(|_| format!("{number:?} is no number"))?;
        let part = Duration::try_from_secs_f64(number * seconds);
        let whole = part.ok().and_then(|part| sum.checked_add(part));
        sum = whole.ok_or_else(|| "that is too long".to_owned())?;
        rest = left;
    }
    if text.trim().is_empty() { Err("a duration is missing".to_owned()) } else { Ok(sum) }
}

/// `50/s`, `100/5m`, and with a burst `50/s+10`.
pub(crate) fn rate(text: &str) -> Parsed<Rate> {
    let wrong = || format!("use a rate such as 50/s, 100/5m or 50/s+10, not {text:?}");
    let (rate, burst) = match text.split_once('+') {
        Some((rate, burst)) => (rate, Some(burst.parse::<u32>().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let (max, per) = rate.split_once('/').ok_or_else(wrong)?;
    let max = max.trim().parse().ok().filter(|max| *max > 0).ok_or_else(wrong)?;
    let begins_with_digit = per.starts_with(|c: char| c.is_ascii_digit());
    let per = if begins_with_digit { duration(per)? } else { duration(&format!("1{per}"))? };
    let rate = Rate::new(max, per);
    Ok(burst.map_or(rate, |burst| rate.burst(burst)))
}

/// A time that has been: `2026-11-28T14:00:00Z`, with or without seconds and zone (UTC), or how long
/// ago, as `2h`.
pub(crate) fn past(text: &str) -> Parsed<DateTime<Utc>> {
    let wrong = format!(
        "use a time such as 2026-11-28T14:00:00Z, or how long ago, such as 2h, not {text:?}"
    );
    let ago = |ago| Utc::now().checked_sub_signed(ago).ok_or("that is too long ago");
    written_or(text, wrong, ago)
}

/// A time to come, written alike, or in how long, as `2h`.
pub(crate) fn coming(text: &str) -> Parsed<DateTime<Utc>> {
    let wrong = format!(
        "use a time such as 2026-11-28T14:00:00Z, or in how long, such as 2h, not {text:?}"
    );
    let later = |later| Utc::now().checked_add_signed(later).ok_or("that is too far away");
    written_or(text, wrong, later)
}

fn written_or(
    text: &str,
    wrong: String,
    from_now: impl Fn(TimeDelta) -> Result<DateTime<Utc>, &'static str>,
) -> Parsed<DateTime<Utc>> {
    for written in
        [text.to_owned(), format!("{text}Z"), format!("{text}:00Z"), format!("{text}T00:00:00Z")]
    {
        if let Ok(time) = DateTime::parse_from_rfc3339(&written) {
            return Ok(time.to_utc());
        }
    }
    let time = duration(text).map_err(|_| wrong)?;
    // What is too long for it is too long for a date as well.
    Ok(from_now(TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX))?)
}

/// `fixed:5s`, or `exponential:1s` and, with the longest wait, `exponential:1s:10m`.
pub(crate) fn backoff(text: &str) -> Parsed<Backoff> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        ["fixed", delay] => Ok(Backoff::fixed(duration(delay)?)),
        ["exponential", first] => Ok(Backoff::exponential(duration(first)?)),
        ["exponential", first, max] => {
            Ok(Backoff::exponential(duration(first)?).max(duration(max)?))
        }
        _ => Err("use fixed:5s, exponential:1s or exponential:1s:10m".to_owned()),
    }
}

/// `all`, `none`, a number, an age, or both: `1000/7d`.
pub(crate) fn retain(text: &str) -> Parsed<Retain> {
    let count = |text: &str| {
        text.parse().map(Retain::count).map_err(|_| format!("{text:?} is no number of jobs"))
    };
    match (text, text.split_once('/')) {
        ("all", _) => Ok(Retain::all()),
        ("none", _) => Ok(Retain::none()),
        (_, Some((number, age))) => Ok(count(number)?.and_age(duration(age)?)),
        (number, None) if number.bytes().all(|byte| byte.is_ascii_digit()) => count(number),
        (age, None) => Ok(Retain::age(duration(age)?)),
    }
}

/// `KEY`, and how long it is taken: `KEY:1h`; without a time, until the job has ended.
pub(crate) fn unique(text: &str) -> Parsed<Unique> {
    if let Some((key, lifetime)) = text.rsplit_once(':')
        && let Ok(lifetime) = duration(lifetime)
    {
        return Ok(Unique::by(key).lasting(lifetime));
    }
    Ok(Unique::by(text))
}

/// `NAME=VALUE`.
pub(crate) fn pair(text: &str) -> Parsed<(String, String)> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.filter(|(name, _)| !name.is_empty()).ok_or_else(|| "use NAME=VALUE".to_owned())
}

/// A concurrency key, which may have any sign in it, and how many jobs of it may be active at once.
pub(crate) fn key_and_most(text: &str) -> Parsed<(String, u32)> {
    let pair = text.rsplit_once('=').map(|(key, most)| (key.to_owned(), most.parse()));
    match pair {
        Some((key, Ok(most))) => Ok((key, most)),
        _ => Err("use KEY=NUMBER, such as user:7=1".to_owned()),
    }
}

/// JSON, to the last digit: what no job could carry as it is written is refused.
pub(crate) fn json(text: &str) -> Parsed<serde_json::Value> {
    exact_json(text).map_err(|error| error.to_string())
}

/// A value that may be taken away by `none`.
pub(crate) fn or_none<T>(text: &str, parse: impl Fn(&str) -> Parsed<T>) -> Parsed<Set<T>> {
    match text {
        "none" => Ok(Set(None)),
        text => parse(text).map(|value| Set(Some(value))),
    }
}

/// What is set, or taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Set<T>(pub(crate) Option<T>);

/// A whole number, or `none`.
pub(crate) fn number_or_none(text: &str) -> Parsed<Set<u64>> {
    or_none(text, |text| text.parse().map_err(|_| format!("{text:?} is no number, nor none")))
}

/// A rate, or `none`.
pub(crate) fn rate_or_none(text: &str) -> Parsed<Set<Rate>> {
    or_none(text, rate)
}

/// A duration, or `none`.
pub(crate) fn duration_or_none(text: &str) -> Parsed<Set<Duration>> {
    or_none(text, duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("1h30m", 5_400_000), ("1.5s", 1_500)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "5", "5x", "s", "-5s", "1..s", "99999999999999999999w"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates() {
        assert_eq!(rate("50/s"), Ok(Rate::new(50, Duration::from_secs(1))));
        assert_eq!(rate("100/5m+7"), Ok(Rate::new(100, Duration::from_secs(300)).burst(7)));
        for text in ["50", "0/s", "x/s", "5/y", "5/s+x"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times() {
        for read in [past, coming] {
            let time = |text| read(text).map(|time| time.timestamp());
            for text in ["2026-01-02T03:04:00Z", "2026-01-02T03:04:00", "2026-01-02T03:04"] {
                assert_eq!(time(text), Ok(1_767_323_040), "{text}");
            }
            assert_eq!(time("2026-01-02"), Ok(1_767_312_000));
            assert!(read("yesterday").is_err() && read("99999999w").is_err());
        }
        let ago = (Utc::now() - past("2h").expect("a time")).num_seconds();
        let later = (coming("2h").expect("a time") - Utc::now()).num_seconds();
        assert!((7_199..7_202).contains(&ago) && (7_198..7_201).contains(&later), "{ago} {later}");
    }

    #[test]
    fn what_is_kept() {
        assert_eq!(retain("all"), Ok(Retain::all()));
        assert_eq!(retain("100"), Ok(Retain::count(100)));
        assert_eq!(retain("7d"), Ok(Retain::age(Duration::from_secs(604_800))));
        let both = Retain::count(10).and_age(Duration::from_secs(60));
        assert_eq!(retain("10/1m"), Ok(both));
        assert!(retain("some").is_err());
    }

    #[test]
    fn backoffs_keys_and_pairs() {
        let wait = |text: &str, attempt| backoff(text).map(|it| it.jitter(0.0).delay(attempt));
        assert_eq!(wait("fixed:5s", 3), Ok(Duration::from_secs(5)));
        assert_eq!(wait("exponential:1s:2s", 9), Ok(Duration::from_secs(2)));
        assert!(backoff("linear:1s").is_err());
        assert_eq!(unique("a:b:1h"), Ok(Unique::by("a:b").lasting(Duration::from_secs(3_600))));
        assert_eq!(unique("a:b"), Ok(Unique::by("a:b")));
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        assert_eq!(number_or_none("none"), Ok(Set(None)));
    }
}
