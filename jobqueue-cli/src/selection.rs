//! Which jobs are meant.

use std::collections::BTreeSet;

use anyhow::Result;
use clap::Args;
use jobqueue::{JobState, Queue, find::JobFilter};

use crate::{exit::Told, session::Session};

/// Which jobs are meant: words behind a command.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Meant {
    /// Which jobs: conditions such as `state:failed payload.customer:4711 -error:timeout`. All must hold;
    /// without any, all jobs are meant. One that begins with `-` stands behind others, in quotes with
    /// them.
    #[arg(value_name = "CONDITION")]
    words: Vec<String>,
}

/// Which jobs are meant: a text behind an option.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Where {
    /// Which jobs: conditions such as 'queue:billing error:gateway ended<1h'. All must hold.
    #[arg(long = "where", value_name = "CONDITIONS", allow_hyphen_values = true)]
    text: Option<String>,
}

impl Meant {
    /// Whether it asks for anything.
    pub(crate) fn asks(&self) -> bool {
        !self.words.is_empty()
    }

    pub(crate) fn filter(&self) -> Result<JobFilter> {
        read(&self.words.join(" "))
    }
}

impl Where {
    /// `states` are meant if it names none.
    pub(crate) fn filter(&self, states: &[JobState]) -> Result<JobFilter> {
        let filter = read(self.text.as_deref().unwrap_or_default())?;
        if filter.selects_states() {
            return Ok(filter);
        }
        let states = states.iter().fold(JobFilter::new(), |filter, state| filter.state(*state));
        Ok(states.and(filter))
    }
}

fn read(text: &str) -> Result<JobFilter> {
    let read = text.parse::<JobFilter>();
    read.map_err(|error| {
        Told::usage(format_args!("these conditions can't be read:\n{}", error.pointed()))
    })
}

/// In which queues they are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Queues {
    /// Only this queue; all by default. May be given more than once.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Vec<String>,
}

impl Queues {
    /// All that are meant, and that exist. A dead letter is the last copy of a job, so its queue is meant
    /// only where it is named, here or by a condition.
    pub(crate) async fn open(&self, session: &Session, filter: &JobFilter) -> Result<Vec<Queue>> {
        if !self.queue.is_empty() {
            return self.named(session).await;
        }
        if filter.selects_queues() {
            return session.all_queues().await;
        }
        session.queues(|entry| !entry.is_dead_letter()).await
    }

    async fn named(&self, session: &Session) -> Result<Vec<Queue>> {
        let mut open = Vec::new();
        // One that is named twice is meant once.
        for name in self.queue.iter().collect::<BTreeSet<_>>() {
            open.push(session.known_queue(name).await?);
        }
        Ok(open)
    }

    /// The one that is named.
    pub(crate) async fn one(&self, session: &Session) -> Result<Queue> {
        match self.queue.as_slice() {
            [name] => session.known_queue(name).await,
            _ => Err(Told::usage("say of which dead-letter queue, by --queue QUEUE")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_pointed_at() {
        let error = read("name:send state:gone").expect_err("no state").to_string();
        assert!(error.contains("\n                ^^^^ expected waiting"), "{error}");
    }
}
