//! `/q/{queue}/job/{id}`: one job, its error first.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse as _,
    routing::get,
};
use jobqueue::{
    Error, JobId, JobInfo, JobState, Queue, QueueName,
    audit::AuditEntry,
    error::Refused,
    find::JobFilter,
    flow::{FlowError, FlowNode},
    steps::JobSteps,
};

use super::job_view::{InFlow, JobView, body, main_part, state_part};
use crate::{
    act::edit_of,
    payload::{Tree, job_tree},
    state::App,
    view::{Fragment, Page, show},
    web::{Params, Path, Problem, Reply, Visit, encode, json, queue_name},
};

/// How many of a job's own entries of the audit log are looked for, among the newest.
const AUDITED: usize = 100;

/// How many lines of its log a page has; the file has all.
const LINES: usize = 500;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/q/{queue}/job/{id}", get(page))
        .route("/q/{queue}/job/{id}/logs.txt", get(logs))
}

/// A job's id from a path.
pub(super) fn job_id(text: &str) -> Result<JobId, Problem> {
    text.parse().map_err(|error| Problem::bad_request(format!("{error}.")))
}

/// The filter that means a job.
fn by_id(id: &JobId) -> String {
    JobFilter::new().id(id).to_string()
}

/// The job; or where else it may be.
pub(super) async fn found(queue: &Queue, id: &JobId) -> Result<JobInfo, Problem> {
    match queue.job(id).info().await {
        Err(Error::Refused(Refused::NotFound { .. })) => {
            let words = format!(
                "There is no job `{id}` in `{}`. It may have ended and not been kept, or been removed.",
                queue.name()
            );
            Err(Problem::not_found(words)
                .link(format!("/jobs?where={}", encode(&by_id(id))), "Look in all queues")
                .link(format!("/q/{}", encode(queue.name().as_str())), "The jobs of this queue"))
        }
        other => Ok(other?),
    }
}

async fn page(
    State(app): State<App>,
    visit: Visit,
    Path((queue, id)): Path<(String, String)>,
    params: Params,
) -> Reply {
    let (name, id) = (queue_name(&queue)?, job_id(&id)?);
    let queue = visit.queue(&name).await?;
    let job = found(&queue, &id).await?;
    if visit.json {
        let flow = flow(&visit, &queue, &job).await?;
        return data(&app, &queue, &job, flow.as_ref()).await;
    }
    let all = params.text("payload")? == Some("all");
    let view = JobView {
        queue: &name,
        job: &job,
        logs: last(queue.job(&id).logs(0).await?),
        steps: queue.job(&id).steps().await.unwrap_or_default(),
        flow: flow(&visit, &queue, &job).await?,
        edit: edit_of(&queue, &job),
        redaction: &app.redaction,
        all,
    };
    let audit = own_entries(&app, &name, &id).await?;
    let title = format!("{} {id}", job.record.name);
    let path = format!("/live/q/{}/job/{}", encode(name.as_str()), encode(id.as_str()));
    show(&visit, Page::new(&title, "/", body(&visit, &view, &audit)).live(path), &())
}

/// The flow that a job belongs to, if it does, and this person sees it.
async fn flow(visit: &Visit, queue: &Queue, job: &JobInfo) -> Result<Option<InFlow>, Problem> {
    let Some(node) = FlowNode::of(queue, job) else { return Ok(None) };
    if !visit.sees(node.home().as_str()) {
        return Ok(None);
    }
    let read = async { Ok((node.id().await?, node.name().await?)) };
    match read.await {
        Ok((id, name)) => {
            Ok(Some(InFlow { home: node.home().clone(), id: id.to_string(), node: name }))
        }
        // It isn't kept any more.
        Err(FlowError::Gone { .. } | FlowError::NoNode { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn last(mut lines: Vec<String>) -> Vec<String> {
    let over = lines.len().saturating_sub(LINES);
    lines.drain(..over);
    lines
}

async fn own_entries(app: &App, queue: &QueueName, id: &JobId) -> Result<Vec<AuditEntry>, Problem> {
    let log = app.client.audit_log().queue(queue.as_str()).newest(AUDITED).await?;
    // As a word: an id may begin as another does.
    let is_word = |on: &String| on.split_whitespace().any(|word| word == id.as_str());
    let own = |entry: &AuditEntry| entry.on.as_ref().is_some_and(is_word);
    Ok(log.into_iter().filter(own).collect())
}

async fn data(app: &App, queue: &Queue, job: &JobInfo, flow: Option<&InFlow>) -> Reply {
    let mut tree = job_tree(job, &app.redaction)?;
    let steps: JobSteps = queue.job(&job.id).steps().await.unwrap_or_default();
    if let Tree::Map(fields) = &mut tree {
        fields.push(("logs".to_owned(), Tree::of(&queue.job(&job.id).logs(0).await?)?));
        fields.push(("steps".to_owned(), Tree::of(&steps)?));
        fields.push(("flow".to_owned(), Tree::of(&flow)?));
    }
    Ok(json(StatusCode::OK, &tree))
}

async fn logs(visit: Visit, Path((queue, id)): Path<(String, String)>) -> Reply {
    let (name, id) = (queue_name(&queue)?, job_id(&id)?);
    let queue = visit.queue(&name).await?;
    found(&queue, &id).await?;
    let mut text = queue.job(&id).logs(0).await?.join("\n");
    text.push('\n');
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// What is new of a job, for those who watch.
pub(crate) async fn job_news(
    app: &App,
    prefix: &str,
    name: &QueueName,
    id: &JobId,
) -> Result<Vec<Fragment>, Problem> {
    let queue = app.client.queue(name.as_str())?;
    let job = found(&queue, id).await?;
    let view = JobView {
        queue: name,
        job: &job,
        logs: last(queue.job(id).logs(0).await?),
        steps: match job.state {
            JobState::Active | JobState::Delayed => queue.job(id).steps().await.unwrap_or_default(),
            _ => JobSteps::default(),
        },
        flow: None,
        edit: None,
        redaction: &app.redaction,
        all: false,
    };
    Ok(vec![
        Fragment::new("job-state", state_part(&view)),
        Fragment::new("job-main", main_part(prefix, &view)),
    ])
}
