//! How each flow stands in the end.

use jobqueue::{Client, JobState, flow::FlowError};

use super::{FlowPlan, Shape};
use crate::stage::Stage;

/// A flow, or a job of several steps, in the end.
#[derive(Debug)]
pub(crate) struct FlowFound {
    pub(crate) plan: FlowPlan,
    /// None of one that isn't there.
    pub(crate) state: Option<JobState>,
    /// How many of its nodes there are, have not ended, and completed.
    pub(crate) counts: [u32; 3],
    /// The runs whose results its leaves have, in order; none for those that have none.
    pub(crate) leaves: Vec<Option<u64>>,
    /// Whether one said that it has not ended.
    pub(crate) is_open: bool,
}

/// Reads all of them.
pub(crate) async fn read(stage: &Stage, client: &Client) -> jobqueue::Result<Vec<FlowFound>> {
    let mut all = Vec::new();
    for plan in stage.plan.flows.iter().map(|it| it.what.clone()) {
        all.push(match one(client, &plan).await {
            Ok(found) => found,
            Err(FlowError::Error(error)) => return Err(error),
            Err(_gone) => FlowFound::none(plan),
        });
    }
    Ok(all)
}

impl FlowFound {
    fn none(plan: FlowPlan) -> Self {
        Self { plan, state: None, counts: [0; 3], leaves: Vec::new(), is_open: false }
    }
}

async fn one(client: &Client, plan: &FlowPlan) -> Result<FlowFound, FlowError> {
    let home = client.queue(plan.home())?;
    let mut found = FlowFound::none(plan.clone());
    if plan.is_job() {
        found.state = home.job(plan.job()?).state().await?;
        found.is_open = found.state.is_some_and(|state| !state.is_final());
        return Ok(found);
    }
    let Some(flow) = home.flow(plan.id()).await? else { return Ok(found) };
    let info = flow.info().await?.summary;
    found.counts = [info.nodes, info.pending, info.completed];
    found.is_open = !info.state.is_final();
    found.state = match info.state {
        jobqueue::flow::FlowState::Completed => Some(JobState::Completed),
        jobqueue::flow::FlowState::Failed => Some(JobState::Failed),
        jobqueue::flow::FlowState::Cancelled => Some(JobState::Cancelled),
        _ => Some(JobState::Active),
    };
    // Of a flow within it they have no names.
    if plan.shape != Shape::Nested {
        let mut results = flow.results::<u64>("leaf");
        while let Some(result) = results.next().await {
            found.leaves.push(match result {
                Ok(run) => Some(run),
                Err(FlowError::Error(error)) => return Err(error.into()),
                Err(_) => None,
            });
        }
    }
    Ok(found)
}
