//! What producers start, and what an operator does with it.

use std::time::Duration;

use jobqueue::{Client, Flow, FlowHandle, Result, flow::OnChildFailure};
use tokio::time::sleep;

use super::{
    FlowOperation, FlowPlan, Shape, TOPIC,
    handlers::{Parts, Whole, follow, in_parts, leaf, seer, top},
};
use crate::{
    book::{Book, Note},
    jobs::Task,
    stage::Stage,
};

/// Starts it, in the process of its producer as it is now.
pub(crate) fn begin(stage: &Stage, plan: FlowPlan) {
    let (actor, own) = (stage.producer(plan.producer), stage.clone());
    stage.run_in(&actor.process.clone(), async move {
        let client = actor.client(&own.network).await;
        for leaf in 0..=plan.leaves.len() {
            own.book.note(Note::Intent { token: plan.token(leaf) });
        }
        let started = match plan.shape {
            Shape::Parent => job(&client, &own.book, &plan, 0, None).await,
            Shape::Steps(sleeps, later) => {
                job(&client, &own.book, &plan, sleeps, Some(later)).await
            }
            _ => flow(&client, &plan).await.map(drop),
        };
        match started {
            Ok(()) => own.book.note(Note::Began { flow: plan.number }),
            Err(error) => own.say(|| format!("{} failed: {error}", plan.id())),
        }
    });
}

/// Binds leaves to the topic, if a message of the plan is for them.
pub(crate) async fn bind(stage: &Stage, client: &Client) -> Result<()> {
    if stage.plan.flows.iter().any(|it| it.what.shape == Shape::Asking) {
        client.topic(TOPIC)?.bind("leaves", "leaf").await?;
    }
    Ok(())
}

fn tasks(plan: &FlowPlan) -> Vec<Task> {
    let leaves = plan.leaves.iter().enumerate();
    leaves.map(|(at, (act, takes))| Task::new(plan.token(at), *act, *takes)).collect()
}

async fn job(
    client: &Client,
    book: &Book,
    plan: &FlowPlan,
    sleeps: u64,
    signal: Option<u64>,
) -> Result<()> {
    let children = signal.is_none().then(|| tasks(plan));
    let parts = Parts { token: plan.top(), children, sleeps };
    let job = client.add(in_parts, parts).id(plan.id()).await?;
    let Some(later) = signal else { return Ok(()) };
    sleep(Duration::from_millis(later)).await;
    job.signal("go", &plan.number).await?;
    book.note(Note::Signalled { token: plan.top() });
    Ok(())
}

async fn flow(client: &Client, plan: &FlowPlan) -> Result<FlowHandle<()>> {
    let (flow, tasks, token) = (Flow::new(plan.id()), tasks(plan), plan.top());
    let above = |waits_for| Whole { token, waits_for };
    let count = tasks.len();
    let handle = match plan.shape {
        Shape::Tree => {
            let leaves = flow.all(leaf, tasks);
            let root = flow.node(top, above(count)).after(&leaves);
            client.start(flow, root).await?.typed()
        }
        Shape::Seeing => {
            let leaves = flow.all(leaf, tasks).on_failure(OnChildFailure::Continue);
            let root = flow.node(seer, above(count)).after(leaves.settled());
            client.start(flow, root).await?.typed()
        }
        Shape::Graph => {
            let first = flow.all(leaf, tasks);
            let middle = flow.all(top, [above(count), above(count)]).named("middle").after(&first);
            let root = flow.node(top, above(2)).named("root").after(&middle);
            client.start(flow, root).await?.typed()
        }
        Shape::Nested => {
            let inner = Flow::unnamed();
            let leaves = inner.all(leaf, tasks);
            let inner = flow.flow(inner, leaves);
            let root = flow.node(top, above(count)).after(&inner);
            client.start(flow, root).await?.typed()
        }
        Shape::Asking => {
            let answers = flow.publish::<u64>(TOPIC, "leaf", tasks.into_iter().next());
            let root = flow.node(top, above(count)).after(&answers);
            client.start(flow, root).await?.typed()
        }
        Shape::Batch | Shape::Parent | Shape::Steps(..) => {
            let batch = Flow::batch(plan.id())
                .on_success(follow, token)
                .on_complete(follow, token)
                .on_death(follow, token);
            let _ = batch.all(leaf, tasks);
            client.start(batch, ()).await?
        }
    };
    Ok(handle)
}

/// Begins an operation.
pub(crate) fn operate(stage: &Stage, operation: FlowOperation) {
    let (own, operates) = (stage.clone(), stage.operates());
    stage.run_in(&stage.operator.process, async move {
        let _operates = operates;
        let client = own.operator.client(&own.network).await;
        own.say(|| format!("operator: {operation:?}"));
        if let Err(error) = carry_out(&own, &client, operation).await {
            own.say(|| format!("operator: {operation:?} failed: {error}"));
        }
    });
}

async fn carry_out(
    stage: &Stage,
    client: &Client,
    operation: FlowOperation,
) -> Result<(), jobqueue::flow::FlowError> {
    let (FlowOperation::Cancel(number) | FlowOperation::Retry(number)) = operation;
    let mut plans = stage.plan.flows.iter().map(|it| &it.what);
    let Some(plan) = plans.find(|plan| plan.number == number) else { return Ok(()) };
    let home = client.queue(plan.home())?;
    if plan.is_job() {
        let job = home.job(plan.job()?);
        return match operation {
            FlowOperation::Cancel(_) => job.cancel().await.map(drop),
            FlowOperation::Retry(_) => job.retry().await,
        }
        .map_err(Into::into);
    }
    let Some(flow) = home.flow(plan.id()).await? else { return Ok(()) };
    match operation {
        FlowOperation::Cancel(_) => flow.cancel().await,
        FlowOperation::Retry(_) => flow.retry().await,
    }
}
