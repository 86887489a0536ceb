//! Lengths of time in a filter: `90m`, `1h30m`, `1.5s`.

use std::{fmt, time::Duration};

/// A length of time, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Length(pub(super) Duration);

/// The units by which a length is written, largest first, and their nanoseconds.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Others that are read.
const MORE_UNITS: [(&str, u128); 3] =
    [("w", 604_800_000_000_000), ("min", 60_000_000_000), ("µs", 1_000)];

/// The most digits behind a point.
const MOST_DIGITS: usize = 9;

impl Length {
    /// None if the text is no length.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (mut rest, mut nanos) = (text, 0_u128);
        if text.is_empty() {
            return None;
        }
        while !rest.is_empty() {
            let (whole, behind) = digits(rest);
            rest = behind;
            let mut fraction = "";
            if let Some(behind) = rest.strip_prefix('.') {
                (fraction, rest) = digits(behind);
                if fraction.is_empty() || fraction.len() > MOST_DIGITS {
                    return None;
                }
            }
            let end = rest.find(|char: char| char.is_ascii_digit()).unwrap_or(rest.len());
            let (unit, behind) = rest.split_at_checked(end)?;
            let (_, each) = UNITS.iter().chain(&MORE_UNITS).find(|(name, _)| *name == unit)?;
            rest = behind;
            let part = u128::from(whole.parse::<u64>().ok()?).checked_mul(*each)?;
            nanos = nanos.checked_add(part)?;
            if !fraction.is_empty() {
                let parts = u128::from(fraction.parse::<u64>().ok()?).checked_mul(*each)?;
                let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
                // Never through a float; what is finer than a nanosecond is none.
                if parts % scale != 0 {
                    return None;
                }
                nanos = nanos.checked_add(parts / scale)?;
            }
        }
        let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
        let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
        Some(Self(Duration::new(seconds, rest)))
    }
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        UNITS.iter().try_for_each(|(unit, each)| {
            let count = nanos / each;
            nanos %= each;
            if count == 0 { Ok(()) } else { write!(f, "{count}{unit}") }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_exactly_and_written_by_their_units() {
        for (text, ms, written) in [
            ("2h", 7_200_000, "2h"),
            ("1.5s", 1_500, "1s500ms"),
            ("90m", 5_400_000, "1h30m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("1w", 604_800_000, "7d"),
            ("5min", 300_000, "5m"),
            ("0.25d", 21_600_000, "6h"),
            ("0s", 0, "0s"),
            ("100ms", 100, "100ms"),
        ] {
            let read = Length::read(text).expect(text);
            assert_eq!((read.0, read.to_string()), (Duration::from_millis(ms), written.into()));
            assert_eq!(Length::read(written), Some(read));
        }
        let longest = Length(Duration::MAX);
        assert_eq!(Length::read(&longest.to_string()), Some(longest));
    }

    #[test]
    fn what_is_no_length_is_none() {
        for text in [
            "",
            "h",
            "2",
            "2 h",
            "-2h",
            "2y",
            "1.s",
            ".5s",
            "1.0000000001s",
            "0.5ns",
            "1h30",
            "99999999999999999999h",
            "213503982334602d",
            "1e3s",
            "٢h",
        ] {
            assert_eq!(Length::read(text), None, "{text}");
        }
    }
}
