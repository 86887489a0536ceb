//! `/flows`: jobs that wait for jobs; `/flows/{home}/{id}`: one, as a graph.

use axum::{Router, extract::State, routing::get};
use chrono::{DateTime, Utc};
use jobqueue::{
    Client, JobState, QueueName,
    flow::{Blocker, FlowGraph, FlowInfo, FlowState, FlowSummary, GraphNode},
};
use maud::{Markup, html};
use serde::Serialize;

use super::{
    flow_graph::{look, picture},
    of_queues::of_queues,
};
use crate::{
    state::App,
    verb::Verb,
    view::{Button, Look, Page, ago, chip, number, show, until},
    web::{Params, Path, Problem, Reply, Visit, encode, queue_name},
};

/// Flows of one queue that are shown.
const OF_QUEUE: usize = 50;

/// Flows that are shown.
const MOST: usize = 200;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/flows", get(all)).route("/flows/{home}/{id}", get(one))
}

/// A flow and its home.
#[derive(Serialize)]
struct Row {
    home: QueueName,
    #[serde(flatten)]
    flow: FlowSummary,
}

async fn all(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let only = params.text("queue")?.map(queue_name).transpose()?;
    let queues = app.client.queues().with_flows().all().await?;
    let mut rows = of_queues(&visit, queues, only.as_ref(), of_queue).await?;
    rows.sort_by_key(|row| (row.flow.state.is_final(), std::cmp::Reverse(row.flow.created_at)));
    rows.truncate(MOST);
    let body = html! {
        h1 { "Flows" }
        @if rows.is_empty() {
            p.empty {
                "No flow is kept. A flow is a job that waits for others: see the guide on flows."
            }
        }
        @else { (table(&visit, &rows)) }
    };
    show(&visit, Page::new("Flows", "/flows", body), &rows)
}

async fn of_queue(client: Client, home: QueueName) -> Result<Vec<Row>, Problem> {
    let mut flows = client.queue(home.as_str())?.flows();
    let mut rows = Vec::new();
    while rows.len() < OF_QUEUE
        && let Some(flow) = flows.next().await
    {
        rows.push(Row { home: home.clone(), flow: flow? });
    }
    Ok(rows)
}

fn table(visit: &Visit, rows: &[Row]) -> Markup {
    html! {
        table.rows {
            thead {
                tr {
                    @for title in ["Flow", "Home", "State", "Done", "Failed", "Started", "Deadline"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for Row { home, flow } in rows { tr data-row {
                td.id {
                    a data-open
                        href=(visit.at(&format!("/flows/{}/{}", encode(home.as_str()), encode(flow.id.as_str())))) {
                        (flow.id)
                    }
                }
                td { a href=(visit.at_queue(home.as_str())) { (home) } }
                td { (chip(state_look(flow.state))) }
                td {
                    progress value=(flow.nodes - flow.pending.min(flow.nodes))
                        max=(flow.nodes.max(1)) {
                    }
                    " "
                    (number(u64::from(flow.nodes - flow.pending.min(flow.nodes))))
                    " of "
                    (number(u64::from(flow.nodes)))
                }
                td.num { (flow.failed) }
                td { (ago(flow.created_at)) }
                td { @if let Some(at) = flow.deadline { (until(at)) } }
            } } }
        }
    }
}

fn state_look(state: FlowState) -> Look {
    match state {
        FlowState::Completed => Look::of(JobState::Completed),
        FlowState::Failed => Look::of(JobState::Failed),
        FlowState::Cancelled | FlowState::Cancelling => Look::of(JobState::Cancelled),
        FlowState::Held => Look::of(JobState::WaitingChildren),
        _ => Look::RUNNING,
    }
}

/// A flow as data.
#[derive(Serialize)]
struct Whole {
    home: QueueName,
    info: FlowInfo,
    graph: FlowGraph,
    stuck: Vec<Blocker>,
}

async fn one(visit: Visit, Path((home, id)): Path<(String, String)>) -> Reply {
    let home = queue_name(&home)?;
    let queue = visit.queue(&home).await?;
    let Some(flow) = queue.flow(&id).await? else {
        let words =
            format!("There is no flow `{id}` in `{home}`. It may have ended and not been kept.");
        return Err(Problem::not_found(words).link("/flows", "All flows"));
    };
    let (info, graph, mut stuck) = (flow.info().await?, flow.graph().await?, flow.stuck().await?);
    let sees = |queue: &QueueName| visit.sees(queue.as_str());
    let graph = part(graph, |node| node.queues.iter().all(sees));
    stuck.retain(|blocker| blocker.node.queue.as_ref().is_none_or(sees));
    let whole = Whole { home, info, graph, stuck };
    show(&visit, Page::new("Flow", "/flows", body(&visit, &whole)), &whole)
}

/// A graph without the nodes that aren't to be seen.
fn part(mut graph: FlowGraph, seen: impl Fn(&GraphNode) -> bool) -> FlowGraph {
    let mut kept = 0..;
    let new: Vec<Option<usize>> =
        graph.nodes.iter().map(|node| if seen(node) { kept.next() } else { None }).collect();
    let renumbered = |old: usize| new.get(old).copied().flatten();
    graph.root = graph.root.and_then(renumbered);
    graph.nodes.retain(seen);
    for node in &mut graph.nodes {
        node.needs = node.needs.iter().filter_map(|need| renumbered(*need)).collect();
    }
    graph
}

/// What a node is that has no queue.
fn queueless(node: &GraphNode) -> &'static str {
    if node.count == 0 { "nobody" } else { "a flow of its own" }
}

fn body(visit: &Visit, whole: &Whole) -> Markup {
    let Whole { home, info, graph, stuck } = whole;
    let flow = &info.summary;
    let (queue, id) = (home.as_str(), flow.id.as_str());
    html! {
        div.title {
            h1 { "Flow" }
            p {
                (chip(state_look(flow.state)))
                " started "
                (ago(flow.created_at))
                @if let Some(at) = flow.ended_at { ", ended " (ago(at)) }
            }
            p.facts {
                code data-copy=(id) { (id) }
                " in "
                a data-up href=(visit.at_queue(queue)) { (home) }
                " · "
                (flow.nodes - flow.pending.min(flow.nodes))
                " of "
                (flow.nodes)
                " done · "
                (info.queued)
                " queued or running · "
                (info.waiting_children)
                " wait"
            }
            div.buttons {
                @if matches!(flow.state, FlowState::Failed | FlowState::Cancelled) {
                    (Button::new(Verb::RetryFlow, queue).with("id", id).show(visit))
                }
                @if !flow.state.is_final() {
                    span.apart { (Button::new(Verb::CancelFlow, queue).with("id", id).show(visit)) }
                }
            }
        }
        @if let Some(cause) = &info.cause { p.problem { "Failed by " b { (cause) } "." } }
        @if !stuck.is_empty() {
            section {
                h2 { "What it waits for" }
                ul { @for blocker in stuck { li { (waits(visit, blocker)) } } }
            }
        }
        section { h2 { "Graph" } (picture(graph)) }
        section { h2 { "Nodes" } (nodes(visit, graph)) }
    }
}

fn waits(visit: &Visit, blocker: &Blocker) -> Markup {
    let node = &blocker.node;
    html! {
        b { (node.node) }
        @if let Some(state) = node.state { " " (chip(Look::of(state))) }
        " since " (ago(blocker.since))
        @if let (Some(queue), Some(job)) = (&node.queue, &node.job) {
            " "
            a
                href=(visit.at_job(queue.as_str(), job.as_str())) {
                "its job"
            }
        }
        @if blocker.paused { ", and its queue is paused" }
        @if blocker.workers == Some(0) { ", and nobody serves its queue" }
    }
}

fn nodes(visit: &Visit, graph: &FlowGraph) -> Markup {
    let ended = |at: Option<DateTime<Utc>>| html! { @if let Some(at) = at { (ago(at)) } };
    html! {
        table.rows {
            thead {
                tr {
                    @for title in ["Node", "State", "Queue", "Waits for", "Done", "Failed", "Ended"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for (n, node) in graph.nodes.iter().enumerate() { tr id={ "n-" (n) } data-row {
                td {
                    (node.name)
                    @if node.count > 1 { " × " (node.count) }
                    @if graph.root == Some(n) { " (root)" }
                }
                td { (chip(look(node))) }
                td {
                    @for queue in &node.queues {
                        a href=(visit.at_queue(queue.as_str())) { (queue) } " "
                    }
                    @if node.queues.is_empty() { span.quiet { (queueless(node)) } }
                }
                td {
                    @for need in &node.needs {
                        @if let Some(other) = graph.nodes.get(*need) {
                            a href={ "#n-" (need) } { (other.name) } " "
                        }
                    }
                }
                td.num { (node.completed) }
                td.num { (node.failed) }
                td { (ended(node.ended_at)) }
            } } }
        }
        @if graph.nodes.is_empty() { p.empty { "Its nodes aren't kept." } }
    }
}
