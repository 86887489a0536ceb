//! Numbers as Redis reads and prints them.

/// As C prints `%.17g`: so Redis prints scores, and turns a script's numbers into arguments.
pub(crate) fn print(x: f64) -> String {
    /// From this exponent on, C's `%.17g` has an exponent.
    const DIGITS: i32 = 17;
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{x:.16e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(digits), exponent.abs());
    }
    let places = usize::try_from(DIGITS - 1 - exponent).unwrap_or(0);
    without_zeros(&format!("{x:.places$}")).to_owned()
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// A whole number: no plus, no blanks, no leading zeros.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let leads_with_zero = digits.first() == Some(&b'0') && text.len() > 1;
    if leads_with_zero || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

/// Any number, or an infinite one.
pub(crate) fn float(text: &[u8]) -> Option<f64> {
    let number = str::from_utf8(text).ok()?.parse::<f64>().ok()?;
    // Rust reads what C's strtod does.
    if number.is_nan() { None } else { Some(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_c_does() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.10000000000000001"),
            (1.5, "1.5"),
            (-30.0, "-30"),
            (4_503_599_627_370_496.0, "4503599627370496"),
            (9_999_999_999_999_998.0, "9999999999999998"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (1e300, "1.0000000000000001e+300"),
            (-2.5e-7, "-2.4999999999999999e-07"),
            (1_764_000_000_000.25, "1764000000000.25"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(print(number), text);
        }
    }

    #[test]
    fn reads_as_redis_does() {
        for (text, number) in [
            ("0", Some(0)),
            ("-7", Some(-7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            ("-0", None),
            ("007", None),
            ("+7", None),
            ("7 ", None),
        ] {
            assert_eq!(integer(text.as_bytes()), number, "{text:?}");
        }
        for (text, number) in [
            ("1e3", Some(1000.0)),
            ("+inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("nan", None),
            ("1x", None),
            ("", None),
        ] {
            assert_eq!(float(text.as_bytes()), number, "{text:?}");
        }
    }
}
