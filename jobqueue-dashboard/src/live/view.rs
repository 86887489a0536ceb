//! What can be watched, and how it is rendered: once for all who watch the same.

use std::collections::BTreeSet;

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
    /// Rows of queues.
    Overview(BTreeSet<QueueName>),
    /// The newest jobs of a state.
    Queue(QueueName, JobState),
    Job(QueueName, JobId),
    Task(u64),
}

impl View {
    /// The queues that it needs a look at.
    pub(super) fn queues(&self) -> BTreeSet<QueueName> {
        match &self.what {
            What::Overview(queues) => queues.clone(),
            What::Queue(queue, _) => BTreeSet::from([queue.clone()]),
            What::Job(..) | What::Task(_) => BTreeSet::new(),
        }
    }

    /// All that can change in it.
    pub(super) async fn render(
        &self,
        app: &App,
        reading: &Reading,
    ) -> Result<Vec<Fragment>, Problem> {
        match &self.what {
            What::Overview(queues) => Ok(pages::overview_news(app, &self.prefix, reading, queues)),
            What::Queue(queue, state) => {
                pages::queue_news(app, &self.prefix, (queue, *state), reading).await
            }
            What::Job(queue, id) => pages::job_news(app, &self.prefix, queue, id).await,
            What::Task(id) => Ok(pages::task_news(app, *id)),
        }
    }
}
