//! `/q/{queue}/job/{id}/edit`: a job's payload in a form; what changes is shown before it is saved.

use axum::{Router, extract::State, routing::get};
use maud::html;

use super::job::{found, job_id};
use crate::{
    act::{fingerprint, stands_alone},
    payload::{Body, payload},
    state::App,
    verb::Verb,
    view::{Look, Page, chip, show},
    web::{Path, Problem, Reply, Visit, encode, queue_name},
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/q/{queue}/job/{id}/edit", get(page))
}

async fn page(
    State(app): State<App>,
    visit: Visit,
    Path((queue, id)): Path<(String, String)>,
) -> Reply {
    let (name, id) = (queue_name(&queue)?, job_id(&id)?);
    visit.needs(Verb::Edit.role(), name.as_str())?;
    let queue = visit.queue(&name).await?;
    let job = found(&queue, &id).await?;
    let path = format!("/q/{}/job/{}", encode(name.as_str()), encode(id.as_str()));
    let Some(verb) = Verb::edits(job.state) else {
        let words = format!("Job {id} is {}, so it can't be edited.", Look::of(job.state).word);
        return Err(Problem::changed(words).link(path, "The job"));
    };
    stands_alone(&queue, &job, verb)?;
    let tree = match payload(&job.record, &app.redaction, true) {
        Body::Tree(tree) if !tree.is_partial() => tree,
        Body::Tree(_) => {
            let words = "Parts of this payload are hidden, so it can't be edited here.";
            return Err(Problem::forbidden(words).link(path, "The job"));
        }
        _ => {
            let words = "This payload can't be read, so it can't be edited here.";
            return Err(Problem::bad_request(words).link(path, "The job"));
        }
    };
    let body = html! {
        h1 { "Edit " (job.record.name) }
        p { (chip(Look::of(job.state))) " " code { (id) } }
        @if verb == Verb::EditRetry {
            p {
                "It has ended, and what has ended can't change: a new job with this payload is added, and this one is removed."
            }
        }
        form method="post" action=(visit.at(&format!("/do/{}", verb.as_str()))) {
            input type="hidden" name="queue" value=(name);
            input type="hidden" name="id" value=(id);
            input type="hidden" name="expect" value=(job.state);
            input type="hidden" name="payload_seen" value=(fingerprint(&job.record));
            label for="payload" { "Payload, as JSON" }
            textarea #payload name="payload" rows="20" spellcheck="false" autocomplete="off" {
                (tree.to_pretty())
            }
            p {
                button type="submit" { "Show what changes" }
                " "
                a.button href=(visit.at(&path)) data-up { "Cancel" }
            }
        }
    };
    show(&visit, Page::new("Edit", "/", body), &tree_data(&tree.to_json()))
}

/// The payload as data, as it is written.
fn tree_data(text: &str) -> Option<Box<serde_json::value::RawValue>> {
    serde_json::value::RawValue::from_string(text.to_owned()).ok()
}
