//! What is kept of a job that has ended, and among which others that counts.

use std::fmt;

use super::name::JobName;
use crate::policy::Retain;

/// What is kept of a job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    pub(crate) retain: Retain,
    pub(crate) pool: Pool,
}

/// The ended jobs of a queue among which a retention counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// All whose handler and whose add say nothing.
    Common,
    /// Those of a handler that says what is kept.
    Handler(JobName),
    /// Those of a handler whose adds said the same.
    Added(JobName, Retain),
}

impl Keep {
    /// Nothing.
    pub(crate) const NONE: Self = Self { retain: Retain::none(), pool: Pool::Common };

    pub(crate) fn keeps_nothing(&self) -> bool {
        self.retain.keeps_nothing()
    }
}

impl fmt::Display for Pool {
    /// As scripts name it: empty for the common one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Common => Ok(()),
            Self::Handler(name) => write!(f, "{name}"),
            Self::Added(name, retain) => {
                let bound = |bound: Option<u128>| bound.map_or("-".to_owned(), |it| it.to_string());
                let age = bound(retain.max_age().map(|age| age.as_millis()));
                write!(f, "#{},{age} {name}", bound(retain.max_count().map(u128::from)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn pools_have_names_of_their_own() {
        let name: JobName = "make a sum".parse().expect("a good name");
        let five = Retain::count(5).and_age(Duration::from_secs(60));
        let names = [
            Pool::Common,
            Pool::Handler(name.clone()),
            Pool::Added(name.clone(), five),
            Pool::Added(name, Retain::all()),
        ];
        let names = names.map(|pool| pool.to_string());
        assert_eq!(names, ["", "make a sum", "#5,60000 make a sum", "#-,- make a sum"]);
    }
}
