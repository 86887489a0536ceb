//! `/dead/{queue}/{id}`: one dead letter, and its payload in a form; `/dead/{queue}/compare`: two.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jobqueue::{JobId, QueueName, dead_letter::DeadLetter, payload::Record};
use maud::{Markup, html};
use serde::Serialize;

use super::{job::job_id, job_view::failure_part};
use crate::{
    act::fingerprint,
    payload::{Body, letter_tree, payload},
    state::App,
    verb::Verb,
    view,
    view::{Button, Look, Page, ago, chip, confirm_link, diff, show},
    web::{Params, Path, Problem, Reply, Visit, encode, json, queue_name},
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/dead/{queue}/compare", get(two)).route("/dead/{queue}/{id}", get(one))
}

async fn letter(visit: &Visit, queue: &QueueName, id: &JobId) -> Result<DeadLetter, Problem> {
    visit.queue(queue).await?;
    let found = visit.client().dead_letters(queue)?.get(id).await?;
    found.ok_or_else(|| {
        let words =
            format!("There is no dead letter `{id}` in `{queue}`. It may have been redriven.");
        Problem::not_found(words)
            .link(format!("/dead/{}", encode(queue.as_str())), "Those that are kept")
    })
}

fn record(letter: &DeadLetter) -> Result<Record, Problem> {
    Ok(letter.record().map_err(jobqueue::Error::from)?)
}

async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((queue, id)): Path<(String, String)>,
) -> Reply {
    let (name, id) = (queue_name(&queue)?, job_id(&id)?);
    let letter = letter(&visit, &name, &id).await?;
    if visit.json {
        return Ok(json(StatusCode::OK, &letter_tree(&letter, &app.redaction)?));
    }
    let record = record(&letter)?;
    let shown = payload(&record, &app.redaction, true);
    let body = html! {
        div.title {
            h1 { (record.name) }
            p { (chip(Look::DEAD)) " " (ago(letter.failed_at)) }
            p.facts {
                code data-copy=(letter.id) { (letter.id) } " of "
                a href=(visit.at_queue(letter.queue.as_str())) {
                    (letter.queue)
                }
                ", kept in "
                a data-up href=(visit.at_letters(name.as_str())) { (name) }
            }
            div.buttons {
                (Button::new(Verb::Redrive, name.as_str()).with("id", &id).show(&visit))
                span.apart {
                    (confirm_link(&visit, (Verb::Remove, name.as_str()), &[("id", id.as_str())], "Remove"))
                }
            }
        }
        div.columns {
            div {
                section.error { h2 { "Error" } (failure_part(&letter.failure)) }
                @if !letter.errors.is_empty() {
                    section {
                        h2 { "Attempts before" }
                        @for failure in &letter.errors { (failure_part(failure)) }
                    }
                }
            }
            div {
                section { h2 { "Payload" } (view::body(&shown, "?")) }
                (edit(&visit, (&name, &id), &record, &shown))
            }
        }
    };
    show(&visit, Page::new("Dead letter", "/dead", body), &())
}

/// Its payload in a form, if it can be edited.
fn edit(visit: &Visit, (queue, id): (&QueueName, &JobId), record: &Record, shown: &Body) -> Markup {
    let Body::Tree(tree) = shown else { return html! {} };
    html! {
        @if !tree.is_partial() && visit.person.can(Verb::EditLetter.role(), queue.as_str()) {
            details {
                summary data-key="e" { "Edit its payload" }
                form method="post" action=(visit.at("/do/edit-letter")) {
                    input type="hidden" name="queue" value=(queue);
                    input type="hidden" name="id" value=(id);
                    input type="hidden" name="payload_seen" value=(fingerprint(record));
                    textarea name="payload" rows="16" aria-label="Payload, as JSON"
                        spellcheck="false" autocomplete="off" {
                        (tree.to_pretty())
                    }
                    button type="submit" { "Show what changes" }
                }
            }
        }
    }
}

/// Two dead letters as data.
#[derive(Serialize)]
struct Both<'a> {
    before: &'a [String],
    after: &'a [String],
}

async fn two(
    State(app): State<App>,
    visit: Visit,
    Path(queue): Path<String>,
    params: Params,
) -> Reply {
    let name = queue_name(&queue)?;
    let ids = params.ids()?;
    let [a, b] = &ids[..] else {
        let words = format!("Select two dead letters to compare; {} are.", ids.len());
        let problem = Problem::bad_request(words);
        return Err(problem.link(format!("/dead/{}", encode(name.as_str())), "Those that are kept"));
    };
    let (first, second) = (letter(&visit, &name, a).await?, letter(&visit, &name, b).await?);
    let lines = |letter: &DeadLetter| -> Result<Vec<String>, Problem> {
        let shown = payload(&record(letter)?, &app.redaction, true).tree();
        Ok(shown.to_pretty().lines().map(str::to_owned).collect())
    };
    let (before, after) = (lines(&first)?, lines(&second)?);
    let body = html! {
        h1 { "Two dead letters" }
        div.columns {
            @for (id, letter) in [(a, &first), (b, &second)] {
                section {
                    h2 {
                        a
                            href=(visit.at(&format!("/dead/{}/{}", encode(name.as_str()), encode(id.as_str())))) {
                            (letter.id)
                        }
                    }
                    p { "from " (letter.queue) ", failed " (ago(letter.failed_at)) }
                    (failure_part(&letter.failure))
                }
            }
        }
        h2 { "Payloads" }
        (diff(&before, &after))
    };
    show(&visit, Page::new("Compare", "/dead", body), &Both { before: &before, after: &after })
}
