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
    store::{
        QueueStore,
        flow::{Read, Which, Within},
    },
};

/// Starts a flow for a job, which hears of its end by a signal, under a key that the job remembers,
/// unless it was started under that before: so a run that is repeated finds it.
pub(crate) async fn start_child<R: Root>(
    client: &Client,
    home: &QueueStore,
    (key, job, signal): (FlowKey, &JobId, &str),
    (flow, root): (Flow, R),
) -> Result<FlowHandle<R::Output>> {
    let id = FlowId::of(&key);
    let read = Read { which: Which::Key(&key), groups: (0, 0) };
    if home.call_retrying(&read).await?.is_some() {
        return Ok(FlowHandle::new(client.clone(), home.clone(), (key, id), true));
    }
    let plan = prepare::take(flow.plan(), root.group())?;
    let mut flow = Prepared::new(client, plan, start::root(&root))?;
    drop(root);
    flow.key.clone_from(&key);
    let staging = Staging::new(client, home, key.clone());
    staging.run(flow, Some(&id), Some(Within::Job { id: job, signal })).await?;
    client.relays().start(home.name());
    Ok(FlowHandle::new(client.clone(), home.clone(), (key, id), false))
}
