//! Jobs and dead letters with another payload.

use std::hash::{Hash as _, Hasher as _};

use jobqueue::{
    JobId, JobInfo, JobState, Outcome, Queue,
    dead_letter::DeadLetter,
    flow::FlowNode,
    payload::{Record, exact_json},
    types::Value,
    unique::Added,
};
use maud::html;
use serde::Serialize;

use super::{
    noted::{needs, noted},
    perform::job_path,
    single::{add_like, one_id, seen},
};
use crate::{
    payload::{Body, Tree, payload},
    verb::Verb,
    view::{Button, Page, diff as diff_of, show},
    web::{Params, Problem, Reply, Visit, encode, go},
};

/// The longest payload that can be edited, in bytes.
const LONGEST: usize = 1024 * 1024;

/// The header of a job that was made of a failed one.
const EDITED_FROM: &str = "edited-from";

/// A payload as it will be kept, if nothing of it gets lost.
fn exact(text: &str) -> Result<Value, Problem> {
    exact_json(text).map_err(|error| {
        let words = format!("The payload can't be kept as it is written: {error}.");
        Problem::bad_request(format!("{words} Nothing was changed."))
    })
}

/// A short text that another payload doesn't have.
pub(crate) fn fingerprint(record: &Record) -> String {
    hashed(&[&record.payload])
}

fn hashed(parts: &[&[u8]]) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Refuses to edit what looks otherwise than when it was shown.
fn unchanged(record: &Record, params: &Params, path: &str) -> Result<(), Problem> {
    if params.required("payload_seen")? == fingerprint(record) {
        return Ok(());
    }
    let words = "Its payload was changed meanwhile. Nothing was changed now.";
    Err(Problem::changed(words).link(path, "As it is now"))
}

/// A payload with hidden parts can't be edited: they would be overwritten by what stands for them.
fn whole(record: &Record, visit: &Visit) -> Result<(), Problem> {
    match payload(record, &visit.app.redaction, true) {
        Body::Tree(tree) if !tree.is_partial() => Ok(()),
        Body::Tree(_) => Err(Problem::forbidden(
            "Parts of this payload are hidden, so it can't be edited here. Nothing was changed.",
        )),
        _ => Err(Problem::bad_request("This payload can't be read, so it can't be edited here.")),
    }
}

/// What an edit would change, as data.
#[derive(Serialize)]
struct Diff<'a> {
    before: &'a [String],
    after: &'a [String],
}

/// Shows what would change, and asks whether it is meant.
fn diff(visit: &Visit, record: &Record, (button, back): (&Button<'_>, &str), text: &str) -> Reply {
    let old = match payload(record, &visit.app.redaction, true) {
        Body::Tree(tree) => tree.to_pretty(),
        other => other.preview(200),
    };
    let new = Tree::read(text).map(|tree| tree.to_pretty()).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (lines(&old), lines(&new));
    let body = html! {
        h1 { "What changes" }
        (diff_of(&before, &after))
        (button.show(visit))
        " " a.button href=(visit.at(back)) data-up { "Cancel" }
    };
    show(visit, Page::new("What changes", "", body), &Diff { before: &before, after: &after })
}

/// A job with another payload. One that waits keeps its id; of one that has ended, a new one is made
/// and the old one removed, since nothing that has ended can change.
pub(super) async fn job(visit: &Visit, queue: &Queue, verb: Verb, params: &Params) -> Reply {
    let id = one_id(params)?;
    let job = seen(queue, &id, params).await?;
    if !verb.fits(job.state) {
        let words =
            format!("Job {id} is {}, so it can't be edited. Nothing was changed.", job.state);
        return Err(
            Problem::changed(words).link(job_path(queue, id.as_str()), "The job as it is now")
        );
    }
    let path = job_path(queue, id.as_str());
    stands_alone(queue, &job, verb)?;
    unchanged(&job.record, params, &path)?;
    whole(&job.record, visit)?;
    let text = params.long_text("payload", LONGEST)?.unwrap_or_default();
    let value = exact(text)?;
    if !params.has("sure") {
        let button = Button::new(verb, queue.name().as_str())
            .with("id", &id)
            .with("expect", job.state)
            .with("payload_seen", fingerprint(&job.record))
            .with("payload", text)
            .with("sure", "yes");
        return diff(visit, &job.record, (&button, &path), text);
    }
    if matches!(job.state, JobState::Waiting | JobState::Delayed) {
        queue.job(&id).edit_payload(&value).await.map(|_| ())?;
        return Ok(go(visit, &path));
    }
    let id = again(visit, queue, &job, (&value, text)).await?;
    Ok(go(visit, &job_path(queue, id.as_str())))
}

/// How the job can be edited, if it can.
pub(crate) fn edit_of(queue: &Queue, job: &JobInfo) -> Option<Verb> {
    let verb = Verb::edits(job.state)?;
    stands_alone(queue, job, verb).is_ok().then_some(verb)
}

/// Refuses what others stand for: a new job in its place would run beside them.
pub(crate) fn stands_alone(queue: &Queue, job: &JobInfo, verb: Verb) -> Result<(), Problem> {
    if DeadLetter::is_in(&job.record) {
        let words =
            "A dead letter isn't edited as a job, but by its own page. Nothing was changed.";
        return Err(Problem::bad_request(words));
    }
    if verb != Verb::EditRetry {
        return Ok(());
    }
    let path = job_path(queue, job.id.as_str());
    if let Some(Outcome::DeadLettered { .. }) = &job.outcome {
        let words = "Its dead letter waits in a dead-letter queue: edit and redrive it there, \
                     or clone the job if that was removed. Nothing was changed.";
        return Err(Problem::changed(words).link(path, "The job, with its dead letter"));
    }
    if FlowNode::of(queue, job).is_some() {
        let words = "It is a node of a flow, which waits for this very job: retry it, or the flow, as \
                     it is. Nothing was changed.";
        return Err(Problem::bad_request(words).link(path, "The job"));
    }
    Ok(())
}

/// The new job is added before the old one goes, so that none is lost. Its id follows from the old
/// one's, from when that ended and from both payloads, so that twice the same request adds one.
async fn again(
    visit: &Visit,
    queue: &Queue,
    job: &JobInfo,
    (value, text): (&serde_json::Value, &str),
) -> Result<JobId, Problem> {
    let ended = job.finished_at.map(|at| at.timestamp_micros()).unwrap_or_default();
    let mark = hashed(&[&job.record.payload, text.as_bytes(), &ended.to_be_bytes()]);
    let id = format!("{}.{}", job.id, &mark[..8]).parse().unwrap_or_else(|_| JobId::generate());
    let mut add = add_like(queue, job, value, &id).header(EDITED_FROM, job.id.as_str());
    if let Some(unique) = &job.record.options.unique {
        add = add.unique(unique.clone());
    }
    let added = add.await?;
    if !matches!(added.added(), Added::New) {
        let path = job_path(queue, added.id().as_str());
        let words = "Another job stands for it, or this was done before. Nothing was changed.";
        return Err(Problem::changed(words).link(path, "The other job"));
    }
    noted(visit, queue, Verb::EditRetry, &job.id, &id).await;
    match queue.job(&job.id).remove().await {
        Ok(()) | Err(jobqueue::Error::Refused(jobqueue::error::Refused::NotFound { .. })) => Ok(id),
        Err(error) => Err(error.into()),
    }
}

/// A dead letter with another payload.
pub(super) async fn letter(visit: &Visit, queue: &Queue, params: &Params) -> Reply {
    let id = one_id(params)?;
    let dead_letters = visit.client().dead_letters(queue.name())?;
    let path = format!("/dead/{}/{}", encode(queue.name().as_str()), encode(id.as_str()));
    let Some(letter) = dead_letters.get(&id).await? else {
        return Err(Problem::changed(format!("Dead letter {id} is gone. Nothing was changed.")));
    };
    needs(visit, (Verb::EditLetter, Verb::EditLetter.role()), &letter.queue).await?;
    let record = letter.record().map_err(jobqueue::Error::from)?;
    unchanged(&record, params, &path)?;
    whole(&record, visit)?;
    let text = params.long_text("payload", LONGEST)?.unwrap_or_default();
    let value = exact(text)?;
    if !params.has("sure") {
        let button = Button::new(Verb::EditLetter, queue.name().as_str())
            .with("id", &id)
            .with("payload_seen", fingerprint(&record))
            .with("payload", text)
            .with("sure", "yes");
        return diff(visit, &record, (&button, &path), text);
    }
    dead_letters.edit(&id, &value).await?;
    Ok(go(visit, &path))
}
