//! Routing: the key of a message against the patterns of bindings.

use std::{fmt, str::FromStr, sync::Arc};

use crate::value_error::Invalid;

/// The most bytes of a key or a pattern. A key is also a job's name, hence no longer than one.
const MAX_LEN: usize = 128;

/// The subject of a message: words with dots between, such as `user.created`.
///
/// 1 to 128 bytes without spaces, control characters and the wildcards `*` and `#`; no word is
/// empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RoutingKey(Arc<str>);

/// The messages of a binding: words as in a key, `*` for any one word, `#` for any number of words.
///
/// `user.created` is a direct binding, `#` a fan-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: Arc<str>,
    words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Exactly(Box<str>),
    /// `*`
    One,
    /// `#`
    AnyNumber,
}

impl RoutingKey {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoutingKey {
    type Err = Invalid;

    fn from_str(key: &str) -> Result<Self, Invalid> {
        if !is_sound(key) || key.contains(['*', '#']) {
            let advice =
                "use 1 to 128 bytes of words with dots between, without spaces, `*` and `#`";
            return Err(Invalid::new("routing key", key, advice));
        }
        Ok(Self(Arc::from(key)))
    }
}

impl FromStr for Pattern {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let word = |word: &str| match word {
            "*" => Some(Word::One),
            "#" => Some(Word::AnyNumber),
            word if word.contains(['*', '#']) => None,
            word => Some(Word::Exactly(Box::from(word))),
        };
        let words = if is_sound(text) { text.split('.').map(word).collect() } else { None };
        let words = words.ok_or_else(|| {
            let advice = "use 1 to 128 bytes of words with dots between, of which `*` alone stands \
                          for one word and `#` alone for any number";
            Invalid::new("pattern", text, advice)
        })?;
        Ok(Self { text: Arc::from(text), words })
    }
}

/// The rule for keys and patterns alike.
fn is_sound(text: &str) -> bool {
    text.len() <= MAX_LEN
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split('.').all(|word| !word.is_empty())
}

impl Pattern {
    /// Whether it matches a message with this key.
    ///
    /// Word by word; where that fails, the newest `#` takes one word more. Earlier ones need no
    /// second try: the newest can take any word that they could.
    pub(crate) fn matches(&self, key: &RoutingKey) -> bool {
        let mut rest = key.as_str().split('.');
        let mut at = 0;
        // After the newest `#`: the rest of the pattern, and of the key at that point.
        let mut newest = None;
        loop {
            if let Some(Word::AnyNumber) = self.words.get(at) {
                at += 1;
                newest = Some((at, rest.clone()));
                continue;
            }
            let here = rest.clone().next();
            let fits = match (self.words.get(at), here) {
                (None, None) => return true,
                (Some(Word::One), Some(_)) => true,
                (Some(Word::Exactly(word)), Some(here)) => **word == *here,
                _ => false,
            };
            if fits {
                rest.next();
                at += 1;
                continue;
            }
            let Some((after, left)) = &mut newest else { return false };
            if left.next().is_none() {
                return false;
            }
            at = *after;
            rest = left.clone();
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn matches(pattern: &str, key: &str) -> bool {
        let pattern: Pattern = pattern.parse().expect("a good pattern");
        pattern.matches(&key.parse().expect("a good key"))
    }

    #[test]
    fn wildcards() {
        for (pattern, key, expected) in [
            ("user.created", "user.created", true),
            ("user.created", "user.deleted", false),
            ("user.created", "user.created.eu", false),
            ("user.*", "user.created", true),
            ("user.*", "user", false),
            ("user.*", "user.created.eu", false),
            ("*.created", "user.created", true),
            ("user.#", "user", true),
            ("user.#", "user.created.eu", true),
            ("#", "anything.at.all", true),
            ("#.error", "error", true),
            ("#.error", "a.b.error", true),
            ("#.error", "a.error.b", false),
            ("a.#.c.*", "a.c.c.d", true),
            ("a.#.b.#.c", "a.x.b.b.y.c", true),
            ("#.#", "a", true),
            ("*.#.*", "a", false),
        ] {
            assert_eq!(matches(pattern, key), expected, "{pattern} of {key}");
        }
    }

    #[test]
    fn what_is_no_key_or_pattern_is_refused() {
        for bad in ["", ".", "a..b", ".a", "a.", "a b", "a\n", "user*", "a.#b", &"k".repeat(129)] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
            assert!(bad.parse::<RoutingKey>().is_err(), "{bad:?}");
        }
        assert!("user.*".parse::<RoutingKey>().is_err());
        assert!("größe.größer".parse::<RoutingKey>().is_ok());
    }

    /// The definition of matching, without regard to time.
    fn by_definition(pattern: &[&str], key: &[&str]) -> bool {
        match (pattern, key) {
            ([], []) => true,
            (["#", rest @ ..], key) => (0..=key.len()).any(|n| by_definition(rest, &key[n..])),
            (["*", rest @ ..], [_, key @ ..]) => by_definition(rest, key),
            ([word, rest @ ..], [first, key @ ..]) => word == first && by_definition(rest, key),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn as_defined(
            pattern in vec(select(vec!["a", "b", "*", "#"]), 1..8),
            key in vec(select(vec!["a", "b", "c"]), 1..8),
        ) {
            let expected = by_definition(&pattern, &key);
            prop_assert_eq!(matches(&pattern.join("."), &key.join(".")), expected);
        }

        #[test]
        fn whatever_is_parsed_is_itself(text in "\\PC{0,12}") {
            if let Ok(pattern) = text.parse::<Pattern>() {
                prop_assert_eq!(pattern.to_string(), text.clone());
            }
            if let Ok(key) = text.parse::<RoutingKey>() {
                let own: Pattern = text.parse().expect("a key is a pattern");
                prop_assert!(own.matches(&key));
            }
        }
    }
}
