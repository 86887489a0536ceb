//! Changes of one job, and of one flow.

use std::time::Duration;

use jobqueue::{JobId, JobInfo, JobState, Queue, dead_letter::DeadLetter, payload::Deadline};
use serde_json::Value;

use super::{
    noted::{needs, noted},
    perform::job_path,
    run::REASON,
};
use crate::{
    verb::Verb,
    view::Look,
    web::{Params, Problem, Reply, Visit, encode, go},
};

/// What a clone says of the job that it was made of.
const CLONED_FROM: &str = "cloned-from";

/// The job, in the state in which it was seen, if `expect` says which.
pub(super) async fn seen(queue: &Queue, id: &JobId, params: &Params) -> Result<JobInfo, Problem> {
    let job = queue.job(id).info().await?;
    match params.text("expect")? {
        Some(state) if state != job.state.as_str() => Err(Problem::changed(format!(
            "Job {id} was {state} when you looked, and is {} now. Nothing was changed.",
            Look::of(job.state).word
        ))
        .link(job_path(queue, id.as_str()), "The job as it is now")),
        _ => Ok(job),
    }
}

/// Does something to one job.
pub(super) async fn job(
    visit: &Visit,
    queue: &Queue,
    (verb, id): (Verb, &JobId),
    params: &Params,
) -> Reply {
    let info = seen(queue, id, params).await?;
    if !verb.fits(info.state) {
        return Err(Problem::changed(format!(
            "Job {id} is {}, so `{}` isn't for it. Nothing was changed.",
            Look::of(info.state).word,
            verb.as_str()
        ))
        .link(job_path(queue, id.as_str()), "The job as it is now"));
    }
    let job = queue.job(id);
    match verb {
        Verb::Promote => job.promote().await?,
        Verb::Cancel => {
            let reason = params.text("reason")?.unwrap_or(REASON);
            job.cancel().by(visit.person.name()).reason(reason).await.map(|_| ())?;
        }
        Verb::Remove => {
            job.remove().await?;
            let (queue, state) = (encode(queue.name().as_str()), info.state.as_str());
            return Ok(go(visit, &format!("/q/{queue}/{state}")));
        }
        _ => job.retry().await.map(|_| ())?,
    }
    Ok(go(visit, &job_path(queue, id.as_str())))
}

/// Adds a copy of a job, under an id of its own.
pub(super) async fn clone(visit: &Visit, queue: &Queue, params: &Params) -> Reply {
    let id = one_id(params)?;
    let job = seen(queue, &id, params).await?;
    if DeadLetter::is_in(&job.record) {
        let words = "A dead letter goes back by a redrive; a copy of it would be nobody's.";
        return Err(Problem::bad_request(words));
    }
    let payload: Value = job.payload().map_err(jobqueue::Error::from)?;
    let copy = add_like(queue, &job, &payload, &JobId::generate()).header(CLONED_FROM, id.as_str());
    let copy = copy.await?;
    noted(visit, queue, Verb::Clone, &id, copy.id()).await;
    Ok(go(visit, &job_path(queue, copy.id().as_str())))
}

pub(super) fn one_id(params: &Params) -> Result<JobId, Problem> {
    match &params.ids()?[..] {
        [id] => Ok(id.clone()),
        _ => Err(Problem::bad_request("Name one job by its `id`.")),
    }
}

/// The time that the job had from when it was added, or due, to its deadline.
fn time_of(deadline: Deadline, job: &JobInfo) -> Option<Duration> {
    match deadline {
        Deadline::In(time) => Some(time),
        Deadline::At(end) => (end - job.record.created_at).to_std().ok(),
    }
}

/// A new job with another one's name, options, headers and tags, but not its unique key, its place
/// in a flow, or its schedule: those are the other's.
pub(super) fn add_like(
    queue: &Queue,
    job: &JobInfo,
    payload: &Value,
    id: &JobId,
) -> jobqueue::Add<Value> {
    let options = &job.record.options;
    let mut add = queue.add(job.record.name.as_str(), payload).id(id).version(job.record.version());
    add = add.priority(job.priority);
    if let Some(attempts) = options.attempts {
        add = add.attempts(attempts);
    }
    if let Some(backoff) = &options.backoff {
        add = add.backoff(*backoff);
    }
    if let Some(timeout) = options.timeout {
        add = add.timeout(timeout);
    }
    if let Some(ttl) = options.ttl {
        add = add.ttl(ttl);
    }
    if let Some(time) = options.retry_for {
        add = add.retry_for(time);
    }
    if let Some(most) = options.snoozes {
        add = add.snoozes(most);
    }
    if let Some(time) = options.deadline.and_then(|deadline| time_of(deadline, job)) {
        add = add.deadline_in(time);
    }
    if let Some(retain) = options.retain {
        add = add.retain(retain);
    }
    if let Some(retain) = options.retain_failed {
        add = add.retain_failed(retain);
    }
    for (name, value) in &options.headers {
        add = add.header(name, value);
    }
    for tag in &options.tags {
        add = add.tag(tag);
    }
    match (job.state, job.due_at) {
        (JobState::Delayed, Some(due)) => add.at(due),
        _ => add,
    }
}

/// Does something to a flow.
pub(super) async fn flow(visit: &Visit, queue: &Queue, verb: Verb, params: &Params) -> Reply {
    let id = params.required("id")?;
    let Some(flow) = queue.flow(id).await? else {
        let words = format!("There is no flow `{id}` in `{}`.", queue.name());
        return Err(Problem::not_found(words).link("/flows", "All flows"));
    };
    // Its nodes are jobs of these queues, which it changes as well.
    for queue in flow.queues().await? {
        needs(visit, (verb, verb.role()), &queue).await?;
    }
    match verb {
        Verb::CancelFlow => flow.cancel().by(visit.person.name()).await.map(|_| ())?,
        _ => flow.retry().await?,
    }
    let home = encode(queue.name().as_str());
    Ok(go(visit, &format!("/flows/{home}/{}", encode(id))))
}
