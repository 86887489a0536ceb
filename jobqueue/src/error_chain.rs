//! Floor 0: the sources of errors, kept and printed.

use std::{error::Error as StdError, fmt, sync::Arc};

/// What led to an error. Shared, so that errors can be cloned.
pub(crate) type Source = Arc<dyn StdError + Send + Sync>;

/// Keeps an error, or a text, as a source.
pub(crate) fn source(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Source {
    Arc::from(error.into())
}

/// How far an error's sources are followed. One may be its own, and that has no end.
const MOST: usize = 100;

/// The sources of an error, the nearest first.
pub(crate) fn sources<'a>(
    error: &'a (dyn StdError + 'a),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let source = next?;
        next = source.source();
        Some(source)
    })
    .take(MOST)
}

/// An error with its sources on one line, for logs: `outer: inner: innermost`.
pub(crate) fn chain<'a>(error: &'a (dyn StdError + 'a)) -> impl fmt::Display + 'a {
    Chain(error)
}

/// Whether two errors and their sources say the same, which is what makes them equal for tests.
pub(crate) fn say_the_same(one: &dyn StdError, other: &dyn StdError) -> bool {
    chain(one).to_string() == chain(other).to_string()
}

/// `Debug` as people read it: a `main` that returns an error prints it so.
macro_rules! readable_debug {
    ($($error:ty),* $(,)?) => {
        $(impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", $crate::error_chain::chain(self))
            }
        })*
    };
}
pub(crate) use readable_debug;

struct Chain<'a>(&'a (dyn StdError + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        sources(self.0).try_for_each(|source| write!(f, ": {source}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("again")]
    struct Loop;

    /// Its source is itself.
    #[derive(Debug)]
    struct Endless;

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("endless")
        }
    }

    impl StdError for Endless {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&Endless)
        }
    }

    #[test]
    fn sources_without_an_end_have_one_here() {
        assert_eq!(sources(&Endless).count(), MOST);
        assert!(say_the_same(&Endless, &Endless) && !say_the_same(&Endless, &Loop));
    }
}
