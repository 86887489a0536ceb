//! `/audit`: who did what, to what, and how it was answered.

use axum::{Router, extract::State, routing::get};
use jobqueue::{
    audit::{AuditAnswer, AuditEntry},
    event::EventId,
};
use maud::{Markup, html};

use crate::{
    state::App,
    view::{Page, ago, number, show},
    web::{Params, Problem, Reply, Visit, encode},
};

/// Entries on a page.
const PAGE: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/audit", get(page))
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let mut log = app.client.audit_log();
    let fields = [
        ("queue", params.text("queue")?),
        ("who", params.text("who")?),
        ("action", params.text("action")?),
    ];
    if let Some(queue) = fields[0].1 {
        log = log.queue(queue);
    }
    if let Some(who) = fields[1].1 {
        log = log.who(who);
    }
    if let Some(action) = fields[2].1 {
        log = log.action(action);
    }
    if let Some(before) = params.text("before")? {
        let id: EventId = before.parse().map_err(|_| {
            Problem::bad_request(format!("`{before}` is no entry's id, such as 1767225600000-0."))
        })?;
        log = log.before(id.to_string());
    }
    // What they don't see doesn't count, however much of it there is.
    let (mut read, mut seen) = (log.stream(), Vec::new());
    while seen.len() < PAGE
        && let Some(entry) = read.next().await
    {
        let entry: AuditEntry = entry?;
        if visit.sees(entry.queue.as_str()) {
            seen.push(entry);
        }
    }
    let last = seen.last().map(|entry| entry.id.clone());
    let older = last.filter(|_| seen.len() >= PAGE).map(|id| {
        let kept = fields
            .iter()
            .filter_map(|(name, value)| Some(format!("&{name}={}", encode((*value)?))));
        format!("?before={}{}", encode(&id), kept.collect::<String>())
    });
    let body = html! {
        h1 { "Audit" }
        form.filter method="get" {
            @for (name, value) in fields {
                label { (name) " " input type="text" name=(name) value=[value] maxlength="200"; }
            }
            button type="submit" { "Filter" }
        }
        @if seen.is_empty() {
            p.empty {
                "No action is noted here. Actions on this dashboard are, and those of programs that use `acting_as`."
            }
        }
        @else { (entries(&visit, &seen)) }
        @if let Some(older) = older {
            nav.pages aria-label="Pages" { a href=(older) data-page="]" rel="next" { "Older" } }
        }
    };
    show(&visit, Page::new("Audit", "/audit", body), &seen)
}

/// Entries as a table.
pub(super) fn entries(visit: &Visit, entries: &[AuditEntry]) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    @for title in ["When", "Who", "What", "Queue", "On", "Jobs", "Answer"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for entry in entries { tr data-row {
                td { (ago(entry.at)) }
                td {
                    (entry.who)
                    @if let Some(address) = &entry.address { " " span.quiet { (address) } }
                }
                td { (entry.action) }
                td {
                    a href=(visit.at_queue(entry.queue.as_str())) {
                        (entry.queue)
                    }
                }
                td { (entry.on.as_deref().unwrap_or_default()) }
                td.num { @if let Some(count) = entry.count { (number(count)) } }
                td { (answer(&entry.answer)) }
            } } }
        }
    }
}

fn answer(answer: &AuditAnswer) -> Markup {
    html! {
        @match answer {
            AuditAnswer::Begun => { span.st.st-active { "▶ begun" } },
            AuditAnswer::Done => { span.st.st-completed { "✓ done" } },
            AuditAnswer::Failed(why) => { span.st.st-failed { "✕ refused" } " " (why) },
            AuditAnswer::GivenUp => { span.st.st-cancelled { "⊘ given up" } },
            _ => { "other" },
        }
    }
}
