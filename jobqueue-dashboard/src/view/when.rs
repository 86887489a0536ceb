//! Times and durations, for people; the exact one is shown on hover.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

/// How long ago something was.
pub(crate) fn ago(time: DateTime<Utc>) -> Markup {
    let past = (Utc::now() - time).to_std().unwrap_or_default();
    timed(time, &format!("{} ago", seconds(past)))
}

/// How long until something is; or how long ago it was to be.
pub(crate) fn until(time: DateTime<Utc>) -> Markup {
    match (time - Utc::now()).to_std() {
        Ok(left) => timed(time, &format!("in {}", seconds(left))),
        Err(_) => ago(time),
    }
}

/// The time itself, in the reader's zone where the page's script runs.
pub(crate) fn exactly(time: DateTime<Utc>) -> Markup {
    let exact = time.to_rfc3339_opts(SecondsFormat::Secs, true);
    html! {
        time datetime=(exact) title=(exact) data-exact { (time.format("%Y-%m-%d %H:%M:%S UTC")) }
    }
}

fn timed(time: DateTime<Utc>, words: &str) -> Markup {
    let exact = time.to_rfc3339_opts(SecondsFormat::Millis, true);
    html! { time datetime=(exact) title=(exact) { (words) } }
}

/// A duration, to the second at best.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => "0 s".to_owned(),
        s @ 1..60 => format!("{s} s"),
        s @ 60..3_600 => format!("{} min", s / 60),
        s @ 3_600..172_800 => format!("{} h", s / 3_600),
        s => format!("{} d", s / 86_400),
    }
}

/// How long something took.
pub(crate) fn took(time: Duration) -> String {
    match time.as_millis() {
        ms @ 0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => {
            let s = time.as_secs();
            match s / 3_600 {
                0 => format!("{} min {} s", s / 60, s % 60),
                hours => format!("{hours} h {} min", s / 60 % 60),
            }
        }
    }
}

/// A whole number, in groups of three digits.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many jobs a search has looked at, of how many.
pub(crate) fn looked(jobs: u64, of: Option<u64>) -> String {
    match of {
        Some(of) => format!("{} of {} looked at, newest first, ", number(jobs), number(of)),
        None => format!("{} looked at, newest first, ", number(jobs)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_read_well() {
        let s = |s| seconds(Duration::from_secs(s));
        assert_eq!(
            [s(0), s(59), s(60), s(7_200), s(200_000)],
            ["0 s", "59 s", "1 min", "2 h", "2 d"]
        );
        let ms = |ms| took(Duration::from_millis(ms));
        assert_eq!(
            [ms(233), ms(1_900), ms(72_000), ms(7_260_000)],
            ["233 ms", "1.9 s", "1 min 12 s", "2 h 1 min"]
        );
        assert_eq!(
            [number(0), number(999), number(1_204), number(1_200_043)],
            ["0", "999", "1,204", "1,200,043"]
        );
    }
}
