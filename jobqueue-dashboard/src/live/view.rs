//! What can be watched, and how it is rendered: once for all who watch the same.

use jobqueue::{JobId, JobState, QueueName};

use crate::{pages, readings::Reading, state::App, view::Fragment, web::Problem};

/// Something that is watched. Addresses stand in what is rendered, so the prefix is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub(crate) prefix: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum What {
    Overview,
    /// The newest jobs of a state.
    Queue(QueueName, JobState),
    Job(QueueName, JobId),
    Task(u64),
}

impl View {
    /// Whether it needs a look at all queues.
    pub(super) fn needs_all(&self) -> bool {
        matches!(self.what, What::Overview)
    }

    /// The one queue that it needs a look at.
    pub(super) fn needs_one(&self) -> Option<&QueueName> {
        match &self.what {
            What::Queue(queue, _) => Some(queue),
            _ => None,
        }
    }

    /// All that can change in it.
    pub(super) async fn render(
        &self,
        app: &App,
        reading: Option<&Reading>,
    ) -> Result<Vec<Fragment>, Problem> {
        match (&self.what, reading) {
            (What::Overview, Some(reading)) => Ok(pages::overview_news(&self.prefix, reading)),
            (What::Queue(queue, state), Some(reading)) => {
                pages::queue_news(app, &self.prefix, (queue, *state), reading).await
            }
            (What::Job(queue, id), _) => pages::job_news(app, &self.prefix, queue, id).await,
            (What::Task(id), _) => Ok(pages::task_news(app, *id)),
            _ => Ok(Vec::new()),
        }
    }
}
