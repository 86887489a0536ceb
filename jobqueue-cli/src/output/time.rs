//! Times and spans for people.

use std::time::Duration;

use jobqueue::types::{DateTime, Utc};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long something takes, in the unit that tells most: `8.2 s`, `6 m`, `2 h`, `3 d`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} m", seconds / MINUTE),
        HOUR..172_800 => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

/// How long ago, or in how long.
pub(super) fn relative(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let whole = |time: Duration| match time.as_secs() {
        0 => None,
        seconds @ 1..MINUTE => Some(format!("{seconds} s")),
        _ => Some(span(time)),
    };
    let ago = (now - time).to_std().map(whole);
    let ahead = (time - now).to_std().map(whole);
    match (ago, ahead) {
        (Ok(Some(ago)), _) => format!("{ago} ago"),
        (_, Ok(Some(ahead))) => format!("in {ahead}"),
        _ => "now".to_owned(),
    }
}

/// To the second, in UTC.
pub(super) fn exact(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_one_unit() {
        for (ms, text) in [
            (0, "0.0 s"),
            (233, "0.2 s"),
            (8_200, "8.2 s"),
            (12_900, "12 s"),
            (59_990, "59 s"),
            (360_000, "6 m"),
            (7_200_000, "2 h"),
            (172_800_000, "2 d"),
        ] {
            assert_eq!(span(Duration::from_millis(ms)), text);
        }
    }

    #[test]
    fn times_are_as_seen_from_now() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time");
        let now = at(1_767_323_045);
        for (ahead, text) in [(-240, "4 m ago"), (-5, "5 s ago"), (0, "now"), (2_160, "in 36 m")] {
            assert_eq!(relative(at(1_767_323_045 + ahead), now), text);
        }
        assert_eq!(exact(now), "2026-01-02T03:04:05Z");
    }
}
