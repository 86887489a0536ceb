//! Starting a flow, alone or within another.

use super::{
    build::Flow,
    handle::FlowHandle,
    node::{Node, Nodes},
    plan::PlanRef,
    prepare::{self, Prepared},
    stage::Staging,
};
use crate::{
    client::Client,
    error::Result,
    job::{FlowId, IntoJob},
    store::flow::{Read, Staged, Which, Within},
    value_error::Invalid,
};

/// What a [flow](Flow) is started for: the node whose result is the flow's, many nodes, or `()` for
/// a flow that has no result.
pub trait Root {
    /// The result of the flow.
    type Output;

    #[doc(hidden)]
    const MANY: bool = false;

    #[doc(hidden)]
    fn group(&self) -> Option<(&PlanRef, u32)>;
}

impl<T, J> Root for Node<T, J> {
    type Output = T;

    fn group(&self) -> Option<(&PlanRef, u32)> {
        Some(self.place())
    }
}

impl<T, J> Root for Nodes<T, J> {
    type Output = Vec<T>;
    const MANY: bool = true;

    fn group(&self) -> Option<(&PlanRef, u32)> {
        Some(self.place())
    }
}

impl Root for () {
    type Output = ();

    fn group(&self) -> Option<(&PlanRef, u32)> {
        None
    }
}

/// The root of a flow, as it is planned.
pub(super) fn root<R: Root>(root: &R) -> Option<(u32, bool)> {
    root.group().map(|(_, group)| (group, R::MANY))
}

impl Client {
    /// Starts a flow, all of it or nothing, and gives the handle of its result: that of the node or
    /// the nodes that are named as its root.
    ///
    /// If its home, the queue of the root, has a flow of its id, nothing is started, and the handle
    /// is [that one's](FlowHandle::existed).
    ///
    /// # Cancel safety
    /// Dropped before it is done, the flow is started or not. What was staged lapses in an hour.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) before anything is sent: nodes that wait for each
    /// other in a circle, of another flow, or whose handlers can't be nodes; a flow that is started
    /// twice, or has no [queue to live in](Flow::home).
    /// [`Error::Payload`](crate::Error::Payload), and those of any call.
    pub async fn start<R: Root>(&self, flow: Flow, root: R) -> Result<FlowHandle<R::Output>> {
        let mut plan = prepare::take(flow.plan(), root.group())?;
        let (id, home) = (plan.id.take().transpose()?, plan.home.take().transpose()?);
        let flow = Prepared::new(self, plan, self::root(&root))?;
        let home = home.map(|home| self.store().queue(&home)).or_else(|| flow.home().cloned());
        let Some(home) = home else {
            let problem = "no node of the flow has a queue, so there is none for it to live in";
            let advice = "name one, `flow.home(queue)`, or give it a job: `flow.all(handler, [])`";
            return Err(Invalid::setup(problem, advice).into());
        };
        let mut key = flow.key.clone();
        let id = id.unwrap_or_else(|| FlowId::of(&key));
        let staged = Staging::new(self, &home, key.clone()).run(flow, Some(&id), None).await?;
        let held = staged == Staged::Held;
        if held {
            let read = Read { which: Which::Id(&id), groups: (0, 0) };
            if let Some((record, _)) = home.call_retrying(&read).await? {
                key = record.key;
            }
        }
        self.relays().start(home.name());
        Ok(FlowHandle::new(self.clone(), home, (key, id), held))
    }
}

impl<T> FlowHandle<T> {
    /// Starts another flow within this one, all of it or nothing: this one ends when that has ended,
    /// too. A failure of it concerns no other node.
    ///
    /// It lives in the home of this one, and is kept as long as that.
    ///
    /// # Errors
    /// As of [`Client::start`]; and [`Refused::FlowEnded`](crate::error::Refused::FlowEnded) if this
    /// flow has ended. While a node of it runs it hasn't, so a node may always add to its own flow.
    pub async fn start_within<R: Root>(
        &self,
        flow: Flow,
        root: R,
    ) -> Result<FlowHandle<R::Output>> {
        let plan = prepare::take(flow.plan(), root.group())?;
        let flow = Prepared::new(self.client(), plan, self::root(&root))?;
        let key = flow.key.clone();
        let staging = Staging::new(self.client(), self.store(), key.clone());
        staging.run(flow, None, Some(Within::Running(self.key()))).await?;
        self.client().relays().start(self.home());
        let (client, home) = (self.client().clone(), self.store().clone());
        let id = FlowId::of(&key);
        Ok(FlowHandle::new(client, home, (key, id), false))
    }

    /// Adds jobs to the flow while it runs, all of them or none. It ends when they have ended, too.
    ///
    /// ```no_run
    /// # use jobqueue::{Client, FlowHandle, job};
    /// # #[job] async fn import(row: u64) {}
    /// # async fn example(batch: FlowHandle<()>) -> jobqueue::Result<()> {
    /// batch.add(import, 1_000..2_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As of [`start_within`](Self::start_within).
    pub async fn add<F: IntoJob<Args>, Args, I>(
        &self,
        handler: F,
        payloads: I,
    ) -> Result<FlowHandle<Vec<F::Output>>>
    where
        I: IntoIterator<Item = F::Payload>,
        I::IntoIter: Send + 'static,
    {
        let flow = Flow::unnamed();
        let nodes = flow.all(handler, payloads);
        self.start_within(flow, nodes).await
    }
}
