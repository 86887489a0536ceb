//! Whether a payload that was edited can be kept as it was written.

use serde_json::Value;

use super::tree::Tree;
use crate::web::Problem;

/// The digits that a number with a fraction keeps for sure.
const DIGITS: usize = 15;

/// A payload as it will be kept, if nothing of it gets lost.
pub(crate) fn exact(text: &str) -> Result<Value, Problem> {
    let unreadable = |error: serde_json::Error| {
        Problem::bad_request(format!("The payload isn't JSON: {error}. Nothing was changed."))
    };
    let tree = Tree::read(text).map_err(unreadable)?;
    if let Some(number) = inexact(&tree) {
        return Err(Problem::bad_request(format!(
            "The number {number} would be rounded. Write it as a text, or keep the job as it is. \
             Nothing was changed."
        )));
    }
    serde_json::from_str(text).map_err(unreadable)
}

/// A number that would be rounded.
fn inexact(tree: &Tree) -> Option<&str> {
    match tree {
        Tree::Number(number) if !fits(number) => Some(number),
        Tree::List(items) => items.iter().find_map(inexact),
        Tree::Map(fields) => fields.iter().find_map(|(_, value)| inexact(value)),
        _ => None,
    }
}

fn fits(number: &str) -> bool {
    if number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok() {
        return true;
    }
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    if mantissa == number && !number.contains('.') {
        return false;
    }
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let telling = digits.trim_start_matches('0');
    let Ok(value) = number.parse::<f64>() else { return false };
    telling.len() <= DIGITS && value.is_finite() && (value != 0.0 || telling.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_rounded_is_refused() {
        for text in
            ["1", "-9223372036854775808", "18446744073709551615", "1.10", "1e3", "0.1", "0.0"]
        {
            assert!(exact(text).is_ok(), "{text}");
        }
        for text in ["18446744073709551616", "0.12345678901234567", "1e400", "1e-400"] {
            let words = exact(&format!("{{\"a\":[{text}]}}")).expect_err("inexact").words;
            assert!(words.contains(text), "{words}");
        }
        assert!(exact("{").expect_err("no JSON").words.contains("isn't JSON"));
    }
}
