//! `/doctor`: what is wrong with servers and queues, what it means, and what mends it.

use axum::{Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use jobqueue_doctor::{Check, Finding, Severity, Subject, Unseen};
use maud::{Markup, html};
use serde::Serialize;

use crate::{
    access::Role,
    checkup::Checked,
    state::App,
    view::{Page, ago, show},
    web::{Posted, Problem, Reply, Visit, encode, go},
};

/// Who may have everything looked at.
const MAY_ASK: Role = Role::Operator;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/doctor", get(page).post(ask))
}

/// What this person may know of what was found.
#[derive(Serialize)]
struct Told {
    at: DateTime<Utc>,
    servers: usize,
    queues: usize,
    findings: Vec<Finding>,
    unseen: Vec<Unseen>,
    passed: Vec<Check>,
}

impl Told {
    /// Who doesn't see all queues is told of those that they see, and not of servers.
    fn to(visit: &Visit, checked: &Checked) -> Self {
        let (report, all) = (&checked.report, visit.person.sees_all());
        let told = |finding: &&Finding| match &finding.subject {
            Subject::Queue(queue) => visit.sees(queue.as_str()),
            _ => all,
        };
        Self {
            at: checked.at,
            servers: if all { report.servers } else { 0 },
            queues: if all { report.queues } else { 0 },
            findings: report.findings.iter().filter(told).cloned().collect(),
            unseen: if all { report.unseen.clone() } else { Vec::new() },
            passed: if all { report.passed().collect() } else { Vec::new() },
        }
    }
}

async fn page(State(app): State<App>, visit: Visit) -> Reply {
    let told = app.checkup.last().map(|checked| Told::to(&visit, &checked));
    let body = html! {
        div.title {
            h1 { "Doctor" }
            div.buttons {
                @if visit.person.can_somewhere(MAY_ASK) {
                    form.inline method="post" action=(visit.at("/doctor")) {
                        button type="submit" data-key="r" { "Look now" }
                    }
                }
            }
        }
        @match &told {
            None => p.empty {
                "Nobody has asked since this process started. "
                @if visit.person.can_somewhere(MAY_ASK) { "A look costs some twenty commands a queue." }
                @else { "An operator can." }
            },
            Some(told) => (found(&visit, told)),
        }
    };
    show(&visit, Page::new("Doctor", "/doctor", body), &told)
}

/// Looks at everything. It changes nothing, so the audit log has no word of it.
async fn ask(State(app): State<App>, visit: Visit, _: Posted) -> Reply {
    if !visit.person.can_somewhere(MAY_ASK) {
        let words = format!(
            "This needs the role `{MAY_ASK}` on some queue, and {} is a viewer.",
            visit.person.name()
        );
        return Err(Problem::forbidden(words));
    }
    app.checkup.run().await?;
    Ok(go(&visit, "/doctor"))
}

fn found(visit: &Visit, told: &Told) -> Markup {
    let Told { at, servers, queues, findings, unseen, passed } = told;
    html! {
        p.facts {
            "Looked " (ago(*at))
            @if *servers > 0 { ", at " (count(*servers, "server")) " and " (count(*queues, "queue")) }
            "."
        }
        @if findings.is_empty() {
            p.empty { @if unseen.is_empty() { "Nothing is wrong." } @else { "Nothing was found." } }
        }
        @else {
            table.rows {
                thead {
                    tr {
                        @for title in ["How bad", "On", "What", "What it means", "What mends it"] {
                            th scope="col" { (title) }
                        }
                    }
                }
                tbody { @for finding in findings { (row(visit, finding)) } }
            }
        }
        @if !unseen.is_empty() {
            h2 { "Not looked at" }
            table.rows {
                thead { tr { @for title in ["What", "What mends it"] { th scope="col" { (title) } } } }
                tbody {
                    @for unseen in unseen {
                        tr data-row { td { (unseen) } td { code data-copy=(unseen.mend) { (unseen.mend) } } }
                    }
                }
            }
        }
        @if !passed.is_empty() {
            p.quiet {
                "Nothing found by " (passed.len()) " more checks: "
                (passed.iter().map(Check::to_string).collect::<Vec<_>>().join(", ")) "."
            }
        }
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn row(visit: &Visit, finding: &Finding) -> Markup {
    let (glyph, class) = match finding.severity {
        Severity::Error => ("✕", "st st-failed"),
        Severity::Warning => ("!", "st st-blocked"),
        _ => ("·", "st st-waiting"),
    };
    html! {
        tr data-row {
            td { span class=(class) { span aria-hidden="true" { (glyph) } " " (finding.severity) } }
            td {
                @match path(finding) {
                    Some(path) => a data-open href=(visit.at(&path)) { (finding.subject) },
                    None => (finding.subject),
                }
                " " span.quiet { (finding.check) }
            }
            td { (finding.what) @if let Some(at) = finding.since { " " span.quiet { "since " (ago(at)) } } }
            td { (finding.means) }
            td { code data-copy=(finding.mend) { (finding.mend) } }
        }
    }
}

/// The page where it is to be seen.
pub(super) fn path(finding: &Finding) -> Option<String> {
    let Subject::Queue(queue) = &finding.subject else { return None };
    let name = encode(queue.as_str());
    Some(match finding.check {
        Check::DeadLetters => format!("/dead/{name}"),
        Check::Schedules => format!("/schedules?queue={name}"),
        _ => format!("/q/{name}"),
    })
}
