//! `/topics`: one message to many queues; who is bound, and how far behind.

use axum::{Router, extract::State, routing::get};
use jobqueue::topic::{Binding, TopicStats};
use maud::{Markup, html};
use serde::Serialize;

use super::replay::form;
use crate::{
    state::App,
    view::{Page, ago, number, show, took},
    web::{Params, Path, Problem, Reply, Visit, encode, queue_name},
};

/// Topics on a page.
const PAGE: usize = 100;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/topics", get(all)).route("/topics/{name}", get(one))
}

/// A page of topics as data.
#[derive(Serialize)]
struct Topics {
    topics: Vec<String>,
    next: Option<String>,
}

async fn all(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let after = params.text("after")?.map(queue_name).transpose()?;
    let (mut topics, mut next) = (Vec::new(), after);
    // Where to go on is the name of one that they see.
    while topics.len() < PAGE {
        let (page, more) = app.client.topics(next.as_ref(), PAGE).await?;
        topics.extend(page.into_iter().filter(|name| visit.sees(name.as_str())));
        next = more;
        if next.is_none() {
            break;
        }
    }
    let next = next.and(topics.last()).map(ToString::to_string);
    let topics = Topics { topics: topics.iter().map(ToString::to_string).collect(), next };
    let body = html! {
        h1 { "Topics" }
        @if topics.topics.is_empty() {
            p.empty {
                "No topic. Bind a queue to one: "
                code { "#[job(topic = \"orders\", pattern = \"order.*\")]" }
                "."
            }
        }
        ul.names {
            @for name in &topics.topics {
                li data-row {
                    a data-open href=(visit.at(&format!("/topics/{}", encode(name)))) { (name) }
                }
            }
        }
        @if let Some(next) = &topics.next {
            nav.pages aria-label="Pages of topics" {
                a rel="next" data-page="]" href={ "?after=" (encode(next)) } { "More" }
            }
        }
    };
    show(&visit, Page::new("Topics", "/topics", body), &topics)
}

/// A topic as data.
#[derive(Serialize)]
struct Topic {
    topic: String,
    stats: TopicStats,
    bindings: Vec<Binding>,
}

async fn one(State(app): State<App>, visit: Visit, Path(name): Path<String>) -> Reply {
    let name = queue_name(&name)?;
    visit.needs(crate::access::Role::Viewer, name.as_str())?;
    let topic = app.client.topic(name.as_str())?;
    let (mut stats, mut bindings) = (topic.stats().await?, topic.bindings().await?);
    if bindings.is_empty() && stats.published == 0 {
        let words = format!(
            "There is no topic `{name}`: no queue is bound to it, and nothing was published."
        );
        return Err(Problem::not_found(words).link("/topics", "All topics"));
    }
    stats.queues.retain(|lag| visit.sees(lag.queue.as_str()));
    bindings.retain(|binding| visit.sees(binding.queue.as_str()));
    let topic = Topic { topic: name.to_string(), stats, bindings };
    show(&visit, Page::new("Topic", "/topics", body(&visit, &topic)), &topic)
}

fn body(visit: &Visit, topic: &Topic) -> Markup {
    let stats = &topic.stats;
    html! {
        h1 { (topic.topic) }
        p.facts {
            (number(stats.published)) " published · " (number(stats.underway)) " on their way"
            @if let Some(age) = stats.oldest_underway { ", the oldest for " (took(age)) }
            @if stats.kept > 0 {
                " · "
                (number(stats.kept))
                " kept"
                @if let Some(at) = stats.kept_since { " since " (ago(at)) }
            }
        }
        h2 { "Queues" }
        table.rows {
            thead {
                tr {
                    th scope="col" { "Queue" }
                    th.num scope="col" { "On their way" }
                    th.num scope="col" { "Waiting there" }
                    th scope="col" { "State" }
                }
            }
            tbody { @for lag in &stats.queues { tr data-row {
                td {
                    a data-open href=(visit.at_queue(lag.queue.as_str())) {
                        (lag.queue)
                    }
                }
                td.num { (number(lag.underway)) }
                td.num { (number(lag.waiting)) }
                td { @if lag.replaying { "still catching up with the past" } }
            } } }
        }
        @if stats.kept > 0 { (form(visit, &topic.topic)) }
        h2 { "Bindings" }
        table.rows {
            thead {
                tr {
                    @for title in ["Queue", "Pattern", "Job", "Filter"] {
                        th scope="col" { (title) }
                    }
                }
            }
            tbody { @for binding in &topic.bindings { tr {
                td { (binding.queue) }
                td { code { (binding.pattern) } }
                td {
                    @match &binding.job {
                        Some(job) => (job), None => { span.quiet { "the routing key" } }
                    }
                }
                td {
                    @if let Some(filter) = &binding.filter {
                        code { (serde_json::to_string(filter).unwrap_or_default()) }
                    }
                }
            } } }
        }
    }
}
