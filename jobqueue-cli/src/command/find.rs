//! `jobqueue find`: jobs of all queues.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, value_parser};
use jobqueue::find::{Search, SearchCursor, SearchPage};

use super::job_lines::{self, FoundJob};
use crate::{exit::Exit, output::grouped, selection::Meant, session::Session, value::duration};

/// At how many jobs it looks before it says how far it is.
const LOOK_AT: u64 = 200_000;

/// Looks for jobs in all queues, the newest first: `jobqueue find 'state:failed payload.customer:4711'`.
///
/// It ends once enough are found, or when its time is over, and says how to go on. Nothing found is 1.
#[derive(Args, Debug)]
pub(crate) struct Find {
    #[command(flatten)]
    meant: Meant,
    /// Ends once so many are found, 1,000 at most.
    #[arg(long, short = 'n', value_name = "JOBS", default_value_t = 50,
          value_parser = value_parser!(u16).range(1..=1_000))]
    limit: u16,
    /// Goes on where a search before has ended.
    #[arg(long, value_name = "CURSOR")]
    after: Option<SearchCursor>,
    /// How long it looks.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    within: Duration,
}

impl Find {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let page = self.search(session).await?.await?;
        if session.out.json {
            session.out.json(&page)?;
        } else {
            show(session, &page)?;
        }
        Ok(if page.jobs.is_empty() { Exit::Trouble } else { Exit::Done })
    }

    async fn search(&self, session: &Session) -> Result<Search> {
        let search = session.client().await?.find(self.meant.filter()?);
        let search = search.at_most(self.limit.into()).looking_at(LOOK_AT).within(self.within);
        Ok(match &self.after {
            Some(after) => search.after(after),
            None => search,
        })
    }
}

fn show(session: &Session, page: &SearchPage) -> Result<()> {
    let out = &session.out;
    let jobs: Vec<FoundJob> = page.jobs.iter().cloned().map(FoundJob::from).collect();
    if !jobs.is_empty() {
        out.table(&job_lines::of_all(&jobs, out))?;
    }
    let looked = &page.looked;
    let of = page.of.map(|of| format!(" of {}", grouped(of))).unwrap_or_default();
    let unreadable = match looked.unreadable {
        0 => String::new(),
        count => format!(", {count} can't be read"),
    };
    let next = page.next.as_ref().map(|next| format!(" Go on: --after '{next}'"));
    out.remark(format_args!(
        "{} found, {}{of} looked at (newest first){unreadable}.{}",
        grouped(looked.found),
        grouped(looked.jobs),
        next.unwrap_or_default()
    ));
    Ok(())
}
