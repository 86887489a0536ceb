//! A flow that a running job waits for: it lives in the job's queue, and its end is a signal to the
//! job.

use super::{
    build::Flow,
    handle::FlowHandle,
    prepare::{self, Prepared},
    stage::Staging,
    start::{self, Root},
};
use crate::{
    client::Client,
    error::Result,
    job::{FlowId, FlowKey, JobId},
    store::{QueueStore, flow::Within},
};

/// Starts a flow for a job under a key that the job remembers, unless it was started under that
/// before: so a run that is repeated finds it.
pub(crate) async fn start_child<R: Root>(
    client: &Client,
    home: &QueueStore,
    (job, key): (&JobId, FlowKey),
    (flow, root): (Flow, R),
) -> Result<FlowHandle<R::Output>> {
    let plan = prepare::take(flow.plan(), root.group())?;
    let mut flow = Prepared::new(client, plan, start::root(&root))?;
    drop(root);
    flow.key.clone_from(&key);
    let staging = Staging::new(client, home, key.clone());
    staging.run(flow, None, Some(Within::Job(job))).await?;
    client.relays().start(home.name());
    let id = FlowId::of(&key);
    Ok(FlowHandle::new(client.clone(), home.clone(), (key, id), false))
}

/// The signal that tells a job of the end of such a flow.
pub(crate) fn signal_of(key: &FlowKey) -> String {
    format!("flow {key}")
}
