//! `/topics/{name}/replay`: which messages go where once more, before they do.

use axum::{Router, routing::get};
use jobqueue::{
    QueueName,
    topic::TopicStats,
    types::{DateTime, Utc},
};
use maud::{Markup, html};
use serde::Serialize;

use crate::{
    access::Role,
    act::Replay,
    state::App,
    verb::Verb,
    view::{Button, Page, ago, number, show},
    web::{Params, Path, Problem, Reply, Visit, encode, queue_name},
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/topics/{name}/replay", get(page))
}

/// The question as data.
#[derive(Serialize)]
struct Question<'a> {
    topic: &'a QueueName,
    queue: &'a QueueName,
    pattern: &'a str,
    from: &'a str,
    kept: u64,
    kept_since: Option<DateTime<Utc>>,
    /// Whether the queue has all of this already: nothing would be sent.
    bound: bool,
    effect: &'static str,
}

async fn page(visit: Visit, Path(name): Path<String>, params: Params) -> Reply {
    let replay = Replay::of(queue_name(&name)?, &params)?;
    visit.needs(Role::Viewer, replay.topic.as_str())?;
    replay.may(&visit)?;
    visit.queue(&replay.queue).await?;
    let topic = visit.client().topic(replay.topic.as_str())?;
    let stats = topic.stats().await?;
    if stats.kept == 0 {
        let words = format!(
            "The topic `{}` keeps no messages, so there are none to send again. `Topic::keep` sets how many it keeps.",
            replay.topic
        );
        return Err(Problem::changed(words)
            .link(format!("/topics/{}", encode(replay.topic.as_str())), "The topic"));
    }
    let bindings = topic.bindings().await?;
    let bound = bindings.iter().any(|it| {
        it.queue == replay.queue
            && it.pattern == replay.pattern
            && it.job.as_ref().map(|job| job.as_str()) == replay.job.as_deref()
    });
    let question = Question {
        topic: &replay.topic,
        queue: &replay.queue,
        pattern: &replay.pattern,
        from: &replay.from,
        kept: stats.kept,
        kept_since: stats.kept_since,
        bound,
        effect: Verb::Replay.effect(),
    };
    show(&visit, Page::new("Sure?", "/topics", body(&visit, &replay, bound, &stats)), &question)
}

fn body(visit: &Visit, replay: &Replay, bound: bool, stats: &TopicStats) -> Markup {
    let Replay { topic, queue, pattern, job, from } = replay;
    let mut button = Button::new(Verb::Replay, queue.as_str())
        .with("topic", topic)
        .with("pattern", pattern)
        .with("from", from);
    if let Some(job) = job {
        button = button.with("job", job);
    }
    html! {
        h1 { "Send messages of " (topic) " to " (queue) " again?" }
        p {
            "Up to " (number(stats.kept)) " are kept"
            @if let Some(at) = stats.kept_since { ", since " (ago(at)) }
            ". Those like " code { (pattern) } " from " (from) " on become jobs of " (queue) ". "
            (Verb::Replay.effect())
        }
        @if bound {
            p.problem {
                "The queue is bound so already. A binding that has all its messages gets none of them twice: nothing happens then. For all of them once more, name another job, or bind another queue."
            }
        }
        p {
            a.button data-up autofocus href=(visit.at(&format!("/topics/{}", encode(topic.as_str())))) {
                "Leave as it is"
            }
            " "
            (button.show(visit))
        }
    }
}

/// The form that leads here.
pub(super) fn form(visit: &Visit, topic: &str) -> Markup {
    html! {
        @if visit.person.can(Verb::Replay.role(), topic) {
            h2 { "Replay" }
            form.filter method="get" action=(visit.at(&format!("/topics/{}/replay", encode(topic)))) {
                label { "To queue " input type="text" name="queue" required maxlength="128"; }
                label { "Routing keys like " input type="text" name="pattern" value="#" maxlength="255"; }
                label { "As job " input type="text" name="job" maxlength="128" placeholder="the routing key"; }
                label { "From " input type="text" name="from" value="beginning" maxlength="40"; }
                button type="submit" { "Replay" }
            }
            p.quiet { "From the beginning of what is kept, or a time such as 2026-11-28T14:00:00Z." }
        }
    }
}
