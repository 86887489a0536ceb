//! Which jobs a request means: some by their ids, or all that a filter means.

use std::ops::ControlFlow;

use jobqueue::{
    Client, Error, JobId, JobInfo, JobState, Queue, QueueName,
    find::{Find, JobFilter},
};

use crate::{
    filter::Where,
    look::look,
    payload::Redaction,
    verb::Verb,
    web::{Params, Problem},
};

/// How many jobs are shown of many.
const SAMPLES: usize = 3;

/// Which jobs.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Ids(Vec<JobId>),
    /// All of a state that the filter means.
    All {
        state: JobState,
        filter: Where,
    },
}

/// How many jobs a subject has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) jobs: u64,
    /// Whether there may be more: not all were looked at.
    pub(crate) or_more: bool,
}

impl Subject {
    /// What a request means; `redaction` refuses filters by what is hidden.
    pub(crate) fn of(params: &Params, redaction: &Redaction) -> Result<Self, Problem> {
        let ids = params.ids()?;
        if !ids.is_empty() {
            return Ok(Self::Ids(ids));
        }
        let Some(state) = params.text("state")? else {
            let words = "No job is meant: select some, or name their `state` and a filter.";
            return Err(Problem::bad_request(words));
        };
        let state = state.parse().map_err(|error| Problem::bad_request(format!("{error}.")))?;
        let filter = Where::read(params.text("where")?.unwrap_or_default(), redaction)?;
        Ok(Self::All { state, filter })
    }

    /// The search that finds them, if they are meant by a filter. Dead letters that are redriven are
    /// meant by the jobs that failed.
    pub(crate) fn search(
        &self,
        queue: &Queue,
        verb: Verb,
        client: &Client,
    ) -> Result<Option<Find>, Error> {
        let Self::All { state, filter } = self else { return Ok(None) };
        Ok(Some(match verb {
            Verb::Redrive => client.dead_letters(queue.name())?.find(filter.of_letters()),
            _ => queue.find(filter.of_jobs().and(JobFilter::new().state(*state))),
        }))
    }

    /// How many they are now.
    pub(crate) async fn count(
        &self,
        queue: &Queue,
        verb: Verb,
        client: &Client,
    ) -> Result<Count, Problem> {
        match self {
            Self::Ids(ids) => Ok(Count { jobs: ids.len() as u64, or_more: false }),
            Self::All { state, filter } if filter.is_empty() => {
                Ok(Count { jobs: queue.counts().await?.of(*state), or_more: false })
            }
            Self::All { .. } => {
                let mut jobs = 0;
                let Some(mut found) = self.search(queue, verb, client)? else {
                    return Ok(Count { jobs, or_more: false });
                };
                let take = |_| {
                    jobs += 1;
                    ControlFlow::Continue(())
                };
                let all = look(&mut found, take).await?;
                Ok(Count { jobs, or_more: !all })
            }
        }
    }

    /// A few of them, to look at.
    pub(crate) async fn samples(
        &self,
        queue: &Queue,
        verb: Verb,
        client: &Client,
    ) -> Result<Vec<JobInfo>, Problem> {
        let mut samples = Vec::new();
        match self {
            Self::Ids(ids) => {
                for id in ids.iter().take(SAMPLES) {
                    samples.extend(queue.job(id).info().await.ok());
                }
            }
            Self::All { .. } => {
                let Some(mut found) = self.search(queue, verb, client)? else { return Ok(samples) };
                let take = |job| {
                    samples.push(job);
                    if samples.len() >= SAMPLES {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                };
                look(&mut found, take).await?;
            }
        }
        Ok(samples)
    }

    /// In words, for lists of what was done.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Ids(ids) if ids.len() == 1 => format!("job {}", ids[0]),
            Self::Ids(ids) => format!("{} jobs that were selected", ids.len()),
            Self::All { state, filter } if filter.is_empty() => format!("all that are {state}"),
            Self::All { state, filter } => format!("{state} jobs where {}", filter.text()),
        }
    }

    /// What to ask before it is done: the queue's name has to be typed.
    pub(crate) fn needs_name(count: Count, verb: Verb) -> bool {
        count.jobs > 1_000 || count.or_more || (verb.is_destructive() && count.jobs > 1)
    }
}

/// A name that was typed to say that it is meant.
pub(crate) fn typed(params: &Params, queue: &QueueName) -> Result<(), Problem> {
    match params.text("confirm")? {
        Some(name) if name == queue.as_str() => Ok(()),
        _ => Err(Problem::bad_request(format!(
            "Type the queue's name, `{queue}`, to say that you mean it. Nothing was changed."
        ))),
    }
}
