//! What is looked for: the text of a filter, as it stands in the box and in addresses.

use std::{ops::ControlFlow, time::Duration};

use jobqueue::{
    JobInfo,
    error::Invalid,
    find::{Find, JobFilter},
};
use tokio::time::{Instant, timeout_at};

use crate::{payload::Redaction, web::Problem};

/// How long one request looks for jobs.
const LONGEST: Duration = Duration::from_millis(500);

/// A filter, and its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Where {
    text: String,
    filter: Box<JobFilter>,
}

impl Where {
    /// Reads a filter. What is hidden can't be looked for: answers would tell what it is.
    pub(crate) fn read(text: &str, redaction: &Redaction) -> Result<Self, Problem> {
        let mut filter = JobFilter::new();
        for term in text.split_whitespace() {
            let (key, value) = term.split_once([':', '=']).unwrap_or(("error", term));
            filter = match key {
                "name" => filter.name(value),
                "error" => filter.error_contains(value),
                "tag" => filter.tag(value),
                "state" => filter.state(value.parse().map_err(unreadable)?),
                _ => {
                    let Some(path) = key.strip_prefix("payload.") else {
                        return Err(Problem::bad_request(format!(
                            "`{key}` is nothing to look for. Use `name:`, `state:`, `tag:`, `error:` \
                             or `payload.FIELD=`."
                        )));
                    };
                    let names: Vec<&str> = path.split(['.', '[', ']']).collect();
                    if let Some(rule) = redaction.rule(&names) {
                        return Err(Problem::forbidden(format!(
                            "`{path}` is hidden by the rule `{rule}`, so it can't be looked for."
                        )));
                    }
                    let value: serde_json::Value =
                        serde_json::from_str(value).unwrap_or_else(|_| value.into());
                    filter.payload(path, value)
                }
            };
        }
        Ok(Self { text: text.trim().to_owned(), filter: Box::new(filter) })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn filter(&self) -> &JobFilter {
        &self.filter
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: Invalid) -> Problem {
    Problem::bad_request(format!("{error}."))
}

/// How far one request looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// How many jobs it looks at.
    pub(crate) jobs: u64,
    pub(crate) until: Instant,
}

impl Reach {
    /// So many jobs, and half a second.
    pub(crate) fn of(jobs: u64) -> Self {
        Self { jobs, until: Instant::now() + LONGEST }
    }
}

/// Gives each job that is found to `take`, until that says that it is enough, or as far as `reach`
/// says. The answer is whether all were looked at.
pub(crate) async fn look(
    find: &mut Find,
    reach: Reach,
    mut take: impl FnMut(JobInfo) -> ControlFlow<()>,
) -> Result<bool, Problem> {
    loop {
        // A filter that means nothing finds nothing for long.
        let Ok(next) = timeout_at(reach.until, find.next()).await else { return Ok(false) };
        let Some(job) = next else { return Ok(true) };
        if take(job?).is_break() || find.looked().jobs >= reach.jobs {
            return Ok(false);
        }
    }
}
