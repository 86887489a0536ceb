//! Keys that limit how many jobs run at once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::field_text::{field_text, hashed, is_name};
use crate::value_error::{Invalid, PayloadError};

/// Keys of a job, each with how many jobs of it may be active at once.
pub(crate) type ConcurrencyKeys = BTreeMap<String, u32>;

/// The most keys of a job: each is looked up when it is fetched.
const MAX_KEYS: usize = 4;

/// The most jobs of a key, which is as good as no limit.
const MAX_PER_KEY: u32 = 1_000_000;

/// Checks the keys of a job.
pub(crate) fn validate_keys(keys: &ConcurrencyKeys) -> Result<(), Invalid> {
    if keys.len() > MAX_KEYS {
        let problem = format!("the job has {} concurrency keys", keys.len());
        return Err(Invalid::setup(problem, "use at most 4"));
    }
    for (key, per_key) in keys {
        if !is_name(key) {
            let advice = "use 1 to 255 bytes without control characters, such as \"user:7\"";
            return Err(Invalid::new("concurrency key", key, advice));
        }
        if !(1..=MAX_PER_KEY).contains(per_key) {
            let advice = "use 1 to 1,000,000 jobs of a key at once";
            return Err(Invalid::new("per_key", per_key, advice));
        }
    }
    Ok(())
}

/// Keys as they stand in a record, where the scripts read them: a line each.
pub(super) fn to_lines(keys: &ConcurrencyKeys) -> String {
    let lines: Vec<_> = keys.iter().map(|(key, per_key)| format!("{per_key} {key}")).collect();
    lines.join("\n")
}

/// The same, read. None if they aren't of this form.
pub(super) fn from_lines(text: &str) -> Option<ConcurrencyKeys> {
    text.lines()
        .map(|line| {
            let (per_key, key) = line.split_once(' ')?;
            Some((key.to_owned(), per_key.parse().ok()?))
        })
        .collect()
}

/// A key that a value of a payload names, for the code of `#[job]`: what it is the value of, a colon, and
/// the value; none for a value that is missing. What is no key becomes its SHA-1.
///
/// # Errors
/// The value's own `Serialize` refuses.
pub fn add_concurrency_key<T: Serialize>(
    keys: &mut BTreeMap<String, u32>,
    of: &str,
    value: &T,
    per_key: u32,
) -> Result<(), PayloadError> {
    if let Some(text) = field_text(value, "a concurrency key")? {
        let key = format!("{of}:{text}");
        keys.insert(if is_name(&key) { key } else { format!("{of}:{}", hashed(&text)) }, per_key);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named<T: Serialize>(value: &T) -> Vec<String> {
        let mut keys = BTreeMap::new();
        add_concurrency_key(&mut keys, "user", value, 2).expect("it can be written");
        assert_eq!(validate_keys(&keys), Ok(()));
        keys.into_keys().collect()
    }

    #[test]
    fn values_name_keys() {
        assert_eq!(named(&7), ["user:7"]);
        assert_eq!(named(&"a b"), ["user:a b"]);
        assert_eq!(named(&(1, "a")), ["user:[1,\"a\"]"]);
        assert_eq!(named(&None::<u8>), [""; 0]);
        for odd in ["a\nb".to_owned(), "x".repeat(255)] {
            assert!(named(&odd)[0].starts_with("user:sha1:"));
        }
    }

    #[test]
    fn lines_are_read_back() {
        let keys: ConcurrencyKeys = [("user:7".to_owned(), 1), ("a b".to_owned(), 30)].into();
        assert_eq!(to_lines(&keys), "30 a b\n1 user:7");
        assert_eq!(from_lines(&to_lines(&keys)), Some(keys));
        assert_eq!(from_lines("x y"), None);
    }

    #[test]
    fn odd_keys_are_refused() {
        let refused =
            |key: &str, per_key| validate_keys(&[(key.to_owned(), per_key)].into()).is_err();
        assert!(refused("", 1) && refused("a\nb", 1) && refused("a", 0) && refused("a", 1_000_001));
        let five = ["a", "b", "c", "d", "e"].map(|key| (key.to_owned(), 1)).into();
        assert!(validate_keys(&five).is_err());
    }
}
