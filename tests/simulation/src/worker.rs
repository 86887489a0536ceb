//! Worker processes.

use std::{future::pending, time::Duration};

use jobqueue::Worker;

use crate::{
    flows::handlers,
    jobs,
    plan::{Kind, WorkerPlan},
    stage::{Stage, WorkerActor, lock},
};

/// Starts all workers.
pub(crate) fn start_all(stage: &Stage) {
    for index in 0..stage.plan.workers.len() {
        let worker = stage.new_worker(index);
        lock(&stage.workers).push(worker.clone());
        start(stage, index, worker);
    }
}

/// Starts a worker in the place of one that is gone.
pub(crate) fn replace(stage: &Stage, index: usize) {
    let worker = stage.new_worker(index);
    lock(&stage.workers)[index] = worker.clone();
    start(stage, index, worker);
}

fn start(stage: &Stage, index: usize, worker: WorkerActor) {
    let (own, plan) = (stage.clone(), stage.plan.workers[index].clone());
    crate::executor::detach_in(&worker.actor.process.clone(), async move {
        let ended = run(&own, &plan, &worker).await;
        own.say(|| format!("{} ended: {ended:?}", worker.actor.process.name()));
        *lock(&worker.handle) = None;
    });
}

async fn run(stage: &Stage, plan: &WorkerPlan, worker: &WorkerActor) -> jobqueue::Result<()> {
    let client = worker.actor.client(&stage.network).await;
    let mut builder = Worker::builder(&client);
    for kind in stage.plan.kinds() {
        builder = match kind {
            Kind::Work => builder.handler(jobs::work),
            Kind::Narrow => builder.handler(jobs::narrow),
            Kind::Guarded => builder.handler(jobs::guarded),
            Kind::Paced => builder.handler(jobs::paced),
            Kind::Once => builder.handler(jobs::once),
            Kind::Publish => builder.handler(jobs::copy),
            Kind::Call => builder.handler(jobs::ask),
            Kind::Tick => builder.handler(jobs::tick),
            Kind::Leaf => builder.handler(handlers::leaf),
            Kind::Top => {
                builder.handler(handlers::top).handler(handlers::seer).handler(handlers::follow)
            }
            Kind::Parent => builder.handler(handlers::in_parts),
            Kind::Hand => builder,
        };
    }
    let built = builder
        .state(stage.book.clone())
        .concurrency(plan.slots)
        .prefetch(plan.prefetch)
        .lease(Duration::from_millis(plan.lease))
        // Workers die on purpose here; that is no reason to give a job up.
        .max_stalls(1_000_000)
        .build()?;
    *lock(&worker.handle) = Some(built.handle());
    built.run_until(pending()).await
}
