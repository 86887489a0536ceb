//! Where a search through queues goes on, as a text that may stand in an address.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

use super::looked::Looked;
use crate::{
    job::{JobId, JobState, QueueName, WorkerId},
    store::queue::{ActivePosition, SetPosition},
    value_error::Invalid,
};

/// Where a [search](crate::Client::find) goes on. It is a text, for an address or a command line, and
/// holds how far the search is: nothing is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCursor {
    pub(super) looked: Looked,
    /// How many jobs there were to look at, if that was counted.
    pub(super) of: Option<u64>,
    pub(super) queue: QueueName,
    pub(super) place: WalkPlace,
}

/// Where a walk through a queue goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WalkPlace {
    /// Among the active jobs.
    Active(ActivePosition),
    /// Among those of another state, before a job or at the end.
    State(JobState, Option<SetPosition>),
    /// Among those with the tag that is looked for.
    Tag(Option<SetPosition>),
}

const TAG: &str = "tag";

impl fmt::Display for SearchCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Looked { jobs, found, unreadable } = self.looked;
        write!(f, "{jobs},{found},{unreadable},")?;
        if let Some(of) = self.of {
            write!(f, "{of}")?;
        }
        let (stretch, (one, other)) = match &self.place {
            WalkPlace::Active(at) => {
                let (worker, cursor) = at.parts();
                (JobState::Active.as_str(), (cursor, worker))
            }
            WalkPlace::State(state, at) => (state.as_str(), parts(at)),
            WalkPlace::Tag(at) => (TAG, parts(at)),
        };
        // An id may have commas, and comes last.
        write!(f, ",{},{stretch},{one},{other}", self.queue)
    }
}

fn parts(place: &Option<SetPosition>) -> (&str, &str) {
    place.as_ref().map_or(("", ""), SetPosition::parts)
}

impl FromStr for SearchCursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let advice = "use what the page before said, as it is";
        read(text).ok_or_else(|| Invalid::new("cursor of a search", text, advice))
    }
}

fn read(text: &str) -> Option<SearchCursor> {
    let mut parts = text.splitn(8, ',');
    let mut next = || parts.next();
    let (jobs, found, unreadable) = (next()?, next()?, next()?);
    let looked = Looked {
        jobs: jobs.parse().ok()?,
        found: found.parse().ok()?,
        unreadable: unreadable.parse().ok()?,
    };
    let of = Some(next()?).filter(|of| !of.is_empty());
    let of = of.map(str::parse).transpose().ok()?;
    let (queue, stretch, one, other) = (next()?.parse().ok()?, next()?, next()?, next()?);
    let set = || match (one, other) {
        ("", "") => Some(None),
        (score, id) => {
            let is_score = score.parse::<f64>().is_ok_and(f64::is_finite);
            let id: JobId = id.parse().ok()?;
            is_score.then(|| Some(SetPosition::new(score, id.as_str())))
        }
    };
    let place = match stretch {
        TAG => WalkPlace::Tag(set()?),
        stretch => match stretch.parse().ok()? {
            JobState::Active => {
                let is_cursor = one.parse::<u64>().is_ok();
                let is_worker = other.is_empty() || other.parse::<WorkerId>().is_ok();
                let at = is_cursor && is_worker;
                WalkPlace::Active(at.then(|| ActivePosition::new(other, one))?)
            }
            state => WalkPlace::State(state, set()?),
        },
    };
    Some(SearchCursor { looked, of, queue, place })
}

impl Serialize for SearchCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for place in [
            WalkPlace::Active(ActivePosition::default()),
            WalkPlace::Active(ActivePosition::new("01J", "17")),
            WalkPlace::State(JobState::Failed, None),
            WalkPlace::State(JobState::WaitingChildren, None),
            WalkPlace::State(JobState::Completed, Some(SetPosition::new("1764", "a,b"))),
            WalkPlace::Tag(Some(SetPosition::new("0", "x"))),
        ] {
            for of in [None, Some(7)] {
                let looked = Looked { jobs: 20, found: 3, unreadable: 1 };
                let queue = "orders.eu:1".parse().expect("a name");
                let cursor = SearchCursor { looked, of, queue, place: place.clone() };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            "1,2,3,4",
            "1,2,3,4,orders,gone,,",
            "1,2,3,4,or ders,failed,,",
            "1,2,3,4,orders,failed,inf,a",
            "1,2,3,4,orders,failed,(1,a",
            "1,2,3,4,orders,failed,1,",
            "1,2,3,4,orders,active,x,",
            "-1,2,3,4,orders,failed,,",
        ] {
            assert!(text.parse::<SearchCursor>().is_err(), "{text}");
        }
    }
}
