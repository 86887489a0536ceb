//! Putting a flow together.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{
    node::{Node, Nodes},
    plan::{Contents, FlowPlan, Following, Group, Of, PlanRef},
    prepare::number,
};
use crate::{
    client::Client,
    job::{Deadline, Delivery, IntoJob, Job, OnChildFailure},
    producer::{Content, Request},
    value_error::Invalid,
};

/// A graph of jobs that wait for each other: put it together, then [start](Client::start) it.
///
/// Nothing is sent before. See [the guide](crate::docs::flows).
///
/// ```no_run
/// use jobqueue::{Client, Flow, flow::{FlowError, Inputs}, job};
///
/// #[job(queue = "pages")]
/// async fn render(page: u32) -> String {
///     format!("page {page}")
/// }
///
/// #[job(queue = "reports")]
/// async fn assemble(title: String, pages: Inputs<Vec<String>>) -> String {
///     format!("{title}: {}", pages.join(", "))
/// }
///
/// # async fn example(client: Client) -> Result<(), FlowError> {
/// let flow = Flow::new("report-42");
/// let pages = flow.all(render, 1..=100).attempts(5);
/// let report = flow.node(assemble, "Sales".to_owned()).after(&pages);
/// let text: String = client.start(flow, report).await?.result().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Flow(PlanRef);

impl Flow {
    /// A flow of this id: while the home of the flow, the queue of its root, has one of it, starting
    /// it gives that one.
    #[must_use]
    pub fn new(id: impl AsRef<str>) -> Self {
        Self::of(Some(id.as_ref()), OnChildFailure::Fail)
    }

    /// A flow without an id of its own.
    #[must_use]
    pub fn unnamed() -> Self {
        Self::of(None, OnChildFailure::Fail)
    }

    /// A batch: jobs that belong together and don't wait for each other, with jobs that
    /// [follow](Self::on_success) when all have ended. A failure of one concerns no other.
    #[must_use]
    pub fn batch(id: impl AsRef<str>) -> Self {
        Self::of(Some(id.as_ref()), OnChildFailure::Continue)
    }

    fn of(id: Option<&str>, on_failure: OnChildFailure) -> Self {
        let plan = FlowPlan::new(id.map(str::parse), on_failure);
        Self(PlanRef::new(plan))
    }

    pub(super) fn plan(&self) -> &PlanRef {
        &self.0
    }

    /// A node for a handler.
    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    pub fn node<F: IntoJob<Args>, Args>(
        &self,
        handler: F,
        payload: F::Payload,
    ) -> Node<F::Output, F::Job> {
        let _ = handler;
        let group = self.add::<F::Job>(std::iter::once(payload));
        Node::new(self.0.clone(), group)
    }

    /// A node for each payload. The payloads are read as the flow is started, a few at a time.
    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    pub fn all<F: IntoJob<Args>, Args, I>(
        &self,
        handler: F,
        payloads: I,
    ) -> Nodes<F::Output, F::Job>
    where
        I: IntoIterator<Item = F::Payload>,
        I::IntoIter: Send + 'static,
    {
        let _ = handler;
        let group = self.add::<F::Job>(payloads.into_iter());
        Nodes::new(self.0.clone(), group)
    }

    /// What a failure of a node means for those that wait for it, unless the node says otherwise.
    #[must_use]
    pub fn on_failure(self, what: OnChildFailure) -> Self {
        self.0.lock().on_failure = what;
        self
    }

    /// How long it is kept once it has completed: a day by default. It should be longer than anybody
    /// takes to ask for its results.
    #[must_use]
    pub fn keep(self, time: Duration) -> Self {
        self.0.lock().keep[0] = time;
        self
    }

    /// How long it is kept once it has failed or was cancelled: seven days by default.
    #[must_use]
    pub fn keep_failed(self, time: Duration) -> Self {
        self.0.lock().keep[1] = time;
        self
    }

    /// How long after its start the flow ends at the latest. What hasn't begun by then is dropped,
    /// what runs is told to end, and the flow fails with [`FlowError::Deadline`]. By default it has
    /// no deadline.
    ///
    /// A worker of its home looks after it, whoever serves the queues of its nodes. That of a flow
    /// within another counts from when that begins.
    ///
    /// [`FlowError::Deadline`]: crate::flow::FlowError::Deadline
    #[must_use]
    pub fn deadline_in(self, time: Duration) -> Self {
        self.0.lock().deadline = Some(Deadline::In(time));
        self
    }

    /// When the flow ends at the latest, by the server's clock; see
    /// [`deadline_in`](Self::deadline_in).
    #[must_use]
    pub fn deadline(self, time: DateTime<Utc>) -> Self {
        self.0.lock().deadline = Some(Deadline::At(time));
        self
    }

    /// The queue where the flow lives, and where it is [found](crate::Queue::flow) later. By default
    /// that of its root; if the root is a message, or there is none, that of the first node that is a
    /// job, in the order in which they can run, else of the first job that follows. Name one that has
    /// workers: they look after deadlines.
    ///
    /// A flow within another, and that of a job's children, live elsewhere, and this counts for nothing.
    #[must_use]
    pub fn home(self, queue: impl AsRef<str>) -> Self {
        self.0.lock().home = Some(queue.as_ref().parse());
        self
    }

    /// A job that is added once all nodes have completed, or have failed without
    /// [counting](OnChildFailure::Ignore). Once, whatever happens.
    #[must_use]
    pub fn on_success<F: IntoJob<Args>, Args>(self, handler: F, payload: F::Payload) -> Self {
        self.follow("success", handler, payload)
    }

    /// A job that is added once all nodes have ended, however that was. Once, whatever happens.
    #[must_use]
    pub fn on_complete<F: IntoJob<Args>, Args>(self, handler: F, payload: F::Payload) -> Self {
        self.follow("complete", handler, payload)
    }

    /// A job that is added when the first node fails for good, or the flow's deadline passes. Once,
    /// whatever happens.
    #[must_use]
    pub fn on_death<F: IntoJob<Args>, Args>(self, handler: F, payload: F::Payload) -> Self {
        self.follow("death", handler, payload)
    }

    #[expect(clippy::needless_pass_by_value, reason = "a handler is passed by its name alone")]
    fn follow<F: IntoJob<Args>, Args>(
        self,
        on: &'static str,
        handler: F,
        payload: F::Payload,
    ) -> Self {
        let _ = handler;
        let mut plan = self.0.lock();
        plan.following.retain(|other| other.on != on);
        plan.following.push(Following {
            on,
            request: Box::new(Client::request_for::<F::Job>),
            contents: Box::new(contents::<F::Job>(std::iter::once(payload))),
        });
        drop(plan);
        self
    }

    fn add<J: Job>(&self, payloads: impl Iterator<Item = J::Payload> + Send + 'static) -> u32 {
        let mut plan = self.0.lock();
        plan.groups.push(Group {
            of: Of::Jobs {
                request: Box::new(request::<J>),
                contents: Box::new(contents::<J>(payloads)),
            },
            needs: Vec::new(),
            on_failure: None,
            delay: None,
            name: None,
        });
        number(plan.groups.len() - 1)
    }
}

/// The request of a node's job.
fn request<J: Job>(client: &Client) -> Result<Request, Invalid> {
    let definition = J::DEFINITION;
    if definition.run.delivery == Delivery::AtMostOnce {
        let name = definition.name;
        let problem = format!("{name} runs at most once, so its end may never be heard of");
        return Err(Invalid::setup(problem, "leave it out of the flow, or `at_most_once`"));
    }
    client.request_for::<J>()
}

fn contents<J: Job>(
    payloads: impl Iterator<Item = J::Payload> + Send + 'static,
) -> impl FnOnce(&Client) -> Contents + Send {
    move |client| {
        let codec = client.codec_of::<J>();
        Box::new(payloads.map(move |payload| Content::of::<J>(codec, &payload)))
    }
}
