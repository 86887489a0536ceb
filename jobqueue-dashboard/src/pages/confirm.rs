//! `/confirm`: how many jobs it is, which, and what happens to them, before it does.

use axum::{Router, extract::State, routing::get};
use jobqueue::{JobInfo, QueueName};
use maud::{Markup, html};
use serde::Serialize;

use crate::{
    act::{Count, Subject},
    payload::payload,
    state::App,
    verb::Verb,
    view::{Page, number, show},
    web::{Params, Problem, Reply, Visit, encode, queue_name},
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/confirm", get(page))
}

/// The question as data.
#[derive(Serialize)]
struct Question<'a> {
    verb: &'static str,
    queue: &'a QueueName,
    jobs: u64,
    or_more: bool,
    effect: &'static str,
    samples: Vec<&'a str>,
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let Some(verb) = Verb::of(params.required("verb")?) else {
        return Err(Problem::not_found("There is no such action."));
    };
    let name = queue_name(params.required("queue")?)?;
    visit.needs(verb.role(), name.as_str())?;
    let queue = visit.queue(&name).await?;
    let subject = Subject::of(&params, &app.redaction)?;
    let count = subject.count(&queue, verb, &app.client).await?;
    let samples = subject.samples(&queue, verb, &app.client).await?;
    let question = Question {
        verb: verb.as_str(),
        queue: &name,
        jobs: count.jobs,
        or_more: count.or_more,
        effect: verb.effect(),
        samples: samples.iter().map(|job| job.id.as_str()).collect(),
    };
    let asked = Asked { visit: &visit, verb, name: &name, count, params: &params };
    let body = asked.body(&subject, &samples)?;
    show(&visit, Page::new("Sure?", "/", body), &question)
}

struct Asked<'a> {
    visit: &'a Visit,
    verb: Verb,
    name: &'a QueueName,
    count: Count,
    params: &'a Params,
}

impl Asked<'_> {
    fn body(&self, subject: &Subject, samples: &[JobInfo]) -> Result<Markup, Problem> {
        let Self { visit, verb, name, count, params } = self;
        let jobs = format!(
            "{}{} {}",
            number(count.jobs),
            if count.or_more { " or more" } else { "" },
            if count.jobs == 1 { "job" } else { "jobs" }
        );
        let ids = params.ids()?;
        let one = ids.len() == 1 && *verb != Verb::Redrive;
        let expect = match params.text("expect")? {
            Some(state) if one => Some(state.to_owned()),
            _ => (!one && !count.or_more).then(|| count.jobs.to_string()),
        };
        let back = format!("/q/{}", encode(name.as_str()));
        Ok(html! {
            h1 { (verb.words()) " " (jobs) " in " (name) "?" }
            p { (subject.words()) ". " (verb.effect()) }
            @if !samples.is_empty() {
                ul { @for job in samples { li {
                    b { (job.record.name) } " " code { (job.id) } " "
                    code { (payload(&job.record, &visit.app.redaction, false).preview(80)) }
                } } }
            }
            form method="post" action=(visit.at(&format!("/do/{}", verb.as_str()))) {
                input type="hidden" name="queue" value=(name);
                @for id in &ids { input type="hidden" name="id" value=(id); }
                @for field in ["state", "where"] {
                    @if let Some(value) = params.text(field)? {
                        input type="hidden" name=(field) value=(value);
                    }
                }
                @if let Some(expect) = expect { input type="hidden" name="expect" value=(expect); }
                @if *verb == Verb::Redrive {
                    p {
                        label {
                            "At most "
                            input type="number" name="rate" min="1" max="100000";
                            " a second"
                        }
                    }
                }
                @if Subject::needs_name(*count, *verb) {
                    p {
                        label {
                            "Type "
                            code { (name) }
                            " to say that you mean it: "
                            input type="text" name="confirm" required autocomplete="off";
                        }
                    }
                }
                p {
                    a.button href=(visit.at(&back)) autofocus data-up { "Leave as it is" } " "
                    button type="submit" class=[verb.is_destructive().then_some("danger")] {
                        (verb.words()) " " (jobs)
                    }
                }
            }
        })
    }
}
