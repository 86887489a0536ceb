//! How far one request looks for jobs, and where the next one goes on.

use std::{ops::ControlFlow, time::Duration};

use jobqueue::{
    JobInfo,
    find::{Find, Looked, Search, SearchCursor, SearchPage},
};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use crate::web::{Params, Problem};

/// How long one request looks for jobs.
const LONGEST: Duration = Duration::from_millis(500);

/// How many jobs one request looks at.
const LOOKED_AT: u64 = 2_000;

/// Gives each job that is found to `take`, until that says that it is enough, or until as many were
/// looked at, or for as long, as one request may. The answer is whether all were looked at.
pub(crate) async fn look(
    find: &mut Find,
    mut take: impl FnMut(JobInfo) -> ControlFlow<()>,
) -> Result<bool, Problem> {
    let until = Instant::now() + LONGEST;
    loop {
        // A filter that means nothing finds nothing for long.
        let Ok(next) = timeout_at(until, find.next()).await else { return Ok(false) };
        let Some(job) = next else { return Ok(true) };
        if take(job?).is_break() || find.looked().jobs >= LOOKED_AT {
            return Ok(false);
        }
    }
}

/// A search for so many jobs, as far as one request looks; from where an earlier one has ended, if it
/// has.
pub(crate) async fn search(
    search: Search,
    most: usize,
    after: Option<&SearchCursor>,
) -> Result<SearchPage, Problem> {
    let search = search.at_most(most).looking_at(LOOKED_AT).within(LONGEST);
    Ok(match after {
        Some(cursor) => search.after(cursor).await?,
        None => search.await?,
    })
}

/// How far a search is.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Place {
    pub(crate) looked: Looked,
    /// How many jobs there were to look at, if that is known.
    pub(crate) of: Option<u64>,
    /// Where it goes on.
    pub(crate) next: Option<String>,
}

impl Place {
    pub(crate) fn of(page: &SearchPage) -> Self {
        let next = page.next.as_ref().map(ToString::to_string);
        Self { looked: page.looked, of: page.of, next }
    }
}

/// Where a search goes on, if the address says so.
pub(crate) fn cursor(params: &Params) -> Result<Option<SearchCursor>, Problem> {
    let text = params.text("cursor")?;
    text.map(str::parse).transpose().map_err(|error| Problem::bad_request(format!("{error}.")))
}
