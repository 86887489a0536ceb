//! A command's arguments, behind its name.

use std::ops::Range;

use bytes::Bytes;

use crate::{number, refusal::Refusal};

pub(crate) type Args<'a> = &'a [Bytes];

/// Whether an argument is this word, in capitals or not.
pub(crate) fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}

pub(super) fn integer(argument: &[u8]) -> Result<i64, Refusal> {
    number::integer(argument).ok_or(Refusal::NO_INTEGER)
}

pub(super) fn float(argument: &[u8]) -> Result<f64, Refusal> {
    number::float(argument).ok_or(Refusal::NO_FLOAT)
}

/// A number of seconds with a fraction, in ms.
pub(crate) fn seconds(argument: &[u8]) -> Result<u64, Refusal> {
    const WRONG: Refusal = Refusal::new("ERR timeout is not a float or out of range");
    let seconds = number::float(argument).ok_or(WRONG)?;
    if seconds < 0.0 {
        return Err(Refusal::new("ERR timeout is negative"));
    }
    let ms = (seconds * 1000.0).ceil();
    // Redis's bound, far within what a double has exactly.
    if ms > 9e15 {
        return Err(WRONG);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(ms as u64)
}

/// From the first to the last, both included. Numbers below zero count from the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    first: i64,
    last: i64,
}

impl Span {
    pub(super) fn parse(first: &[u8], last: &[u8]) -> Result<Self, Refusal> {
        Ok(Self { first: integer(first)?, last: integer(last)? })
    }

    /// Which of `len` items these are.
    pub(super) fn of(self, len: usize) -> Range<usize> {
        let at = |number: i64| {
            let distance = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
            if number < 0 { len.checked_sub(distance) } else { Some(distance) }
        };
        let first = at(self.first).unwrap_or(0);
        let end = at(self.last).map_or(0, |last| last.saturating_add(1).min(len));
        if first < end { first..end } else { 0..0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (first, last, expected) in [
            ("0", "-1", 0..5),
            ("0", "2", 0..3),
            ("-2", "-1", 3..5),
            ("-9", "9", 0..5),
            ("3", "1", 0..0),
            ("5", "9", 0..0),
            ("0", "-9", 0..0),
        ] {
            let span = Span::parse(first.as_bytes(), last.as_bytes()).expect("numbers");
            assert_eq!(span.of(5), expected, "{first} {last}");
        }
        assert_eq!(Span::parse(b"x", b"1").err(), Some(Refusal::NO_INTEGER));
    }

    #[test]
    fn timeouts() {
        assert_eq!(seconds(b"0.0015"), Ok(2));
        assert_eq!(seconds(b"0"), Ok(0));
        assert!(seconds(b"-1").is_err() && seconds(b"1e20").is_err() && seconds(b"x").is_err());
    }
}
