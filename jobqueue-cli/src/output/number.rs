//! Numbers for people.

/// A whole number, with a comma between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 job`, `1,234 jobs`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// How many a second: with a decimal where it tells something.
pub(crate) fn rate(per_second: f64) -> String {
    if !(0.05..9.95).contains(&per_second) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
        return grouped(per_second.max(0.0).round() as u64);
    }
    format!("{per_second:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn one_is_no_plural() {
        assert_eq!(
            [0, 1, 1_000].map(|number| counted(number, "job")),
            ["0 jobs", "1 job", "1,000 jobs"]
        );
    }

    #[test]
    fn slow_rates_have_a_decimal() {
        for (number, text) in [(0.0, "0"), (0.31, "0.3"), (9.96, "10"), (1_203.6, "1,204")] {
            assert_eq!(rate(number), text);
        }
    }
}
