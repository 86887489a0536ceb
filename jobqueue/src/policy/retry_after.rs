//! The text of an HTTP header `Retry-After`.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::clock;

/// How long an HTTP header `Retry-After` asks to wait: whole seconds, or the time until an HTTP
/// date by this machine's clock. Nothing if the text is neither; zero if the date has passed.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(jobqueue::retry::retry_after("120"), Some(Duration::from_secs(120)));
/// assert_eq!(jobqueue::retry::retry_after("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
/// assert_eq!(jobqueue::retry::retry_after("soon"), None);
/// ```
#[must_use]
pub fn retry_after(header: &str) -> Option<Duration> {
    read(header.trim(), clock::now())
}

fn read(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a long time, too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    Some((date(text)? - now).to_std().unwrap_or(Duration::ZERO))
}

/// An HTTP date in any of its three forms.
fn date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.to_utc());
    }
    let forms = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let mut dates = forms.iter().filter_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    dates.next().map(|date| date.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates() {
        let then = DateTime::from_timestamp(784_111_777, 0).expect("a time");
        let now = then - Duration::from_secs(90);
        for text in [
            "90",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(read(text, now), Some(Duration::from_secs(90)), "{text}");
        }
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT", then), Some(Duration::ZERO));
        assert_eq!(read(&"9".repeat(40), now), Some(Duration::from_secs(u64::MAX)));
        for text in ["", "-1", "1.5", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "1 s"] {
            assert_eq!(read(text, now), None, "{text}");
        }
    }
}
