//! `/workers`: who they are, and what they run.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Router, extract::State, routing::get};
use jobqueue::manage::{WorkerInfo, WorkerState};
use maud::{Markup, html};

use crate::{
    payload::{Tree, job_tree},
    state::App,
    view::{Look, Page, ago, chip, show, until},
    web::{Reply, Visit, encode, json},
};

/// How many runs of one worker are shown.
const RUNS: usize = 10;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/workers", get(page))
}

async fn page(State(app): State<App>, visit: Visit) -> Reply {
    let all = app.client.workers().await?;
    let workers: Vec<WorkerInfo> =
        all.into_iter().filter(|worker| visit.sees(worker.queue.as_str())).collect();
    if visit.json {
        return data(&app, &workers);
    }
    let mixed = mixed_versions(&workers);
    let body = html! {
        h1 { "Workers" }
        @for (program, versions) in &mixed {
            p.finding {
                "! "
                b { (program) }
                " runs in several versions at once: "
                (versions.iter().copied().collect::<Vec<_>>().join(", "))
            }
        }
        @if workers.is_empty() { p.empty { "No worker is there. Jobs wait until one starts." } }
        @else { (table(&visit, &workers)) }
    };
    show(&visit, Page::new("Workers", "/workers", body), &())
}

/// Workers as data; payloads of what they run are hidden as elsewhere.
fn data(app: &App, workers: &[WorkerInfo]) -> Reply {
    let mut tree = Tree::of(&workers)?;
    app.redaction.hide(&mut tree);
    if let Tree::List(items) = &mut tree {
        for (item, worker) in items.iter_mut().zip(workers) {
            let running = worker.running.iter().map(|job| job_tree(job, &app.redaction));
            if let Some(place) = item.field_mut("running") {
                *place = Tree::List(running.collect::<Result<_, _>>()?);
            }
        }
    }
    Ok(json(axum::http::StatusCode::OK, &tree))
}

/// Programs that run in more than one version: a deploy that is under way, or one that got stuck.
fn mixed_versions(workers: &[WorkerInfo]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for process in workers.iter().filter(|it| it.alive).filter_map(|it| it.process.as_ref()) {
        versions.entry(&process.program).or_default().insert(&process.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    versions
}

fn table(visit: &Visit, workers: &[WorkerInfo]) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    @for title in
                        ["Process", "Queue", "State", "Runs", "Slots", "Serves", "Since", "Last seen"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for worker in workers { tr data-row id={ "w-" (worker.id) } {
                td {
                    @match &worker.process {
                        Some(process) =>
                            { b { (process.host) ":" (process.pid) } " " (process.program) " " (process.version) },
                        None => { code { (worker.id) } },
                    }
                    @if let Some(name) = &worker.instance { " " (name) }
                }
                td {
                    a data-open
                        href=(visit.at(&format!("/q/{}/active", encode(worker.queue.as_str())))) {
                        (worker.queue)
                    }
                }
                td { (state(worker)) }
                td { (running(visit, worker)) }
                td.num { (worker.held) @if let Some(slots) = worker.slots { " of " (slots) } }
                td { (worker.handlers.join(", ")) }
                td { @if let Some(at) = worker.since { (ago(at)) } }
                td {
                    @match worker.last_seen {
                        Some(at) => (ago(at)), None => { "lease ends " (until(worker.lease_until)) }
                    }
                }
            } } }
        }
    }
}

fn state(worker: &WorkerInfo) -> Markup {
    html! {
        @if !worker.alive { span.st.st-failed { "✕ gone" } }
        @else {
            @match worker.state {
                Some(WorkerState::Draining) => { span.st.st-delayed { "◔ draining" } },
                Some(WorkerState::Paused) => { (chip(Look::PAUSED)) },
                _ => { (chip(Look::RUNNING)) },
            }
        }
    }
}

fn running(visit: &Visit, worker: &WorkerInfo) -> Markup {
    let queue = encode(worker.queue.as_str());
    html! {
        @if worker.running.is_empty() { span.quiet { "nothing" } }
        ul.plain {
            @for job in worker.running.iter().take(RUNS) {
                li {
                    a href=(visit.at(&format!("/q/{queue}/job/{}", encode(job.id.as_str())))) {
                        (job.record.name)
                    }
                    @if let Some(at) = job.started_at { " " (ago(at)) }
                }
            }
            @if worker.running.len() > RUNS { li.quiet { (worker.running.len() - RUNS) " more" } }
        }
    }
}
