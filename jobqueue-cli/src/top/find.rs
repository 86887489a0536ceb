//! A text that is looked for on the screen.

use jobqueue::JobInfo;

use crate::command::job_lines;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) text: String,
    /// Keys go into the text.
    pub(super) typing: bool,
}

impl Search {
    pub(super) fn wants(&self, text: &str) -> bool {
        text.to_lowercase().contains(&self.text.to_lowercase())
    }

    /// By its id, its name, and what its row tells.
    pub(super) fn wants_job(&self, job: &JobInfo) -> bool {
        self.wants(job.id.as_str())
            || self.wants(job.record.name.as_str())
            || self.wants(&job_lines::detail(job))
            || self.wants(&job_lines::payload(job))
    }
}
