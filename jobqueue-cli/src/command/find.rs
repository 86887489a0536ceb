//! `jobqueue find`: jobs of all queues.

use anyhow::Result;
use clap::Args;
use jobqueue::find::Looked;
use serde::Serialize;

use super::job_lines::{self, FoundJob};
use crate::{
    exit::Exit,
    output::grouped,
    selection::{Queues, Where},
    session::Session,
};

/// Looks for jobs by what they carry, in all queues or in some.
///
/// It looks at one job after the other: a tag, a state or a queue makes that shorter. Nothing found
/// is 1.
#[derive(Args, Debug)]
pub(crate) struct Find {
    #[command(flatten)]
    queues: Queues,
    #[command(flatten)]
    meant: Where,
    /// Ends once so many are found.
    #[arg(long, short = 'n', value_name = "JOBS", default_value_t = 50)]
    limit: usize,
}

#[derive(Debug, Default, Serialize)]
struct FindView {
    jobs: Vec<FoundJob>,
    looked_at: u64,
    unreadable: u64,
    /// Whether there may be more.
    more: bool,
}

impl Find {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let mut view = FindView::default();
        for queue in self.queues.open(session).await? {
            let mut found = queue.find(self.meant.filter(&[]));
            while let Some(job) = found.next().await {
                view.jobs.push(FoundJob { queue: queue.name().clone(), job: job? });
                if view.jobs.len() >= self.limit {
                    view.more = true;
                    break;
                }
            }
            let Looked { jobs, unreadable, .. } = found.looked();
            view.looked_at += jobs;
            view.unreadable += unreadable;
            if view.more {
                break;
            }
        }
        self.show(session, &view)?;
        Ok(if view.jobs.is_empty() { Exit::Trouble } else { Exit::Done })
    }

    fn show(&self, session: &Session, view: &FindView) -> Result<()> {
        let out = &session.out;
        if out.json {
            return out.json(view);
        }
        if !view.jobs.is_empty() {
            out.table(&job_lines::of_all(&view.jobs, out))?;
        }
        let more = if view.more { " There may be more: raise --limit." } else { "" };
        let unreadable = match view.unreadable {
            0 => String::new(),
            count => format!(", {count} can't be read"),
        };
        out.remark(format_args!(
            "{} found, {} looked at{unreadable}.{more}",
            view.jobs.len(),
            grouped(view.looked_at)
        ));
        Ok(())
    }
}
