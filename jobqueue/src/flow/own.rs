//! What a run knows of the flow whose node its job is.

use serde::de::DeserializeOwned;

use super::{at::FlowAt, stream::FlowStream};
use crate::{
    error::FlowError,
    job::{FlowId, JobInfo, NodeAddress, QueueName},
    queue::Queue,
    store::QueueStore,
};

/// The node of a flow that a job is: see [`Context::flow`](crate::Context::flow), and
/// [`of`](Self::of) for a job that is looked at.
///
/// ```
/// use jobqueue::{Context, Failure, job};
///
/// #[job(queue = "reports")]
/// async fn assemble(title: String, ctx: Context) -> Result<String, Failure> {
///     let flow = ctx.flow().ok_or_else(|| Failure::permanent("it is a node of a flow"))?;
///     let (mut text, mut pages) = (title, flow.inputs_of::<String>("pages"));
///     while let Some(page) = pages.next().await {
///         text += &page.map_err(Failure::retry)?;
///     }
///     Ok(text)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct FlowNode {
    at: FlowAt,
    address: NodeAddress,
}

impl FlowNode {
    pub(crate) fn new(home: QueueStore, address: NodeAddress) -> Self {
        let (key, id) = (address.key.clone(), FlowId::of(&address.key));
        Self { at: FlowAt { home, key, id }, address }
    }

    /// The node that a job of this queue is; `None` if it is none. Nothing is sent.
    ///
    /// ```no_run
    /// use jobqueue::flow::FlowNode;
    ///
    /// # async fn example(
    /// #     pages: jobqueue::Queue,
    /// #     id: jobqueue::JobId,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let job = pages.job(&id).info().await?;
    /// if let Some(node) = FlowNode::of(&pages, &job) {
    ///     println!("{} of flow {} in {}", node.name().await?, node.id().await?, node.home());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(queue: &Queue, job: &JobInfo) -> Option<Self> {
        let home = job.record.options.reply_to.as_ref()?.home()?;
        let address = NodeAddress::of(&job.id)?;
        Some(Self::new(queue.client().relays().home(home), address))
    }

    /// The [home](crate::Flow::home) of the flow.
    #[must_use]
    pub fn home(&self) -> &QueueName {
        self.at.home.name()
    }

    /// The flow's id.
    ///
    /// # Errors
    /// [`FlowError::Gone`] if it isn't kept any more, and those of any call.
    pub async fn id(&self) -> Result<FlowId, FlowError> {
        Ok(self.at.record().await?.id)
    }

    /// What this node is called: its name, and its number if it is one of many.
    ///
    /// # Errors
    /// Those of [`id`](Self::id).
    pub async fn name(&self) -> Result<String, FlowError> {
        self.at.label(self.address.member).await
    }

    /// The results of all nodes of a name, in order, a few read at a time: for inputs that shouldn't
    /// all be in memory at once. Nothing asks whether this node waits for them: of one that has not
    /// ended the item is [`FlowError::Pending`], of one that failed [`FlowError::Failed`].
    #[must_use]
    pub fn inputs_of<R>(&self, name: impl AsRef<str>) -> FlowStream<R>
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.at.results(name.as_ref())
    }
}
