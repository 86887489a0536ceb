//! `/actions`: work on many jobs, which goes on though nobody looks.

use axum::{Router, extract::State, routing::get};
use maud::{Markup, html};

use crate::{
    act::{Ended, TaskState},
    state::App,
    verb::Verb,
    view::{Button, Fragment, Page, ago, number, show},
    web::{Path, Problem, Reply, Visit},
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/actions", get(all)).route("/actions/{id}", get(one))
}

async fn all(State(app): State<App>, visit: Visit) -> Reply {
    let seen = app.tasks.all().into_iter().filter(|task| visit.sees(task.queue().as_str()));
    let tasks: Vec<TaskState> = seen.map(|task| task.state()).collect();
    let body = html! {
        h1 { "Actions" }
        p.quiet {
            "Work on many jobs that this process began. What others did is in the "
            a href=(visit.at("/audit")) { "audit log" }
            "."
        }
        @if tasks.is_empty() {
            p.empty { "No work on many jobs was begun since this process started." }
        }
        @else {
            table.rows {
                thead {
                    tr {
                        @for title in ["Work", "Queue", "Who", "Began", "Done", "Skipped", "State"] {
                            th scope="col" { (title) }
                        }
                    }
                }
                tbody { @for task in &tasks { tr data-row {
                    td {
                        a data-open href=(visit.at(&format!("/actions/{}", task.id))) {
                            (task.verb) ": " (task.subject)
                        }
                    }
                    td { (task.queue) }
                    td { (task.who) }
                    td { (ago(task.begun_at)) }
                    td.num { (number(task.done)) " of " (number(task.total)) }
                    td.num { (number(task.skipped)) }
                    td { (state(task)) }
                } } }
            }
        }
    };
    show(&visit, Page::new("Actions", "/actions", body), &tasks)
}

async fn one(State(app): State<App>, visit: Visit, Path(id): Path<u64>) -> Reply {
    let task = app.tasks.get(id).filter(|task| visit.sees(task.queue().as_str()));
    let Some(task) = task else {
        let words = format!("There is no work {id}. It is forgotten, or never was.");
        return Err(Problem::not_found(words).link("/actions", "What runs and ran"));
    };
    let task = task.state();
    let queue = task.queue.as_str();
    let body = html! {
        h1 { (task.verb) ": " (task.subject) }
        p {
            "in "
            a href=(visit.at_queue(queue)) { (queue) }
            ", by "
            (task.who)
            ", begun "
            (ago(task.begun_at))
        }
        (progress(&task))
        (Button::new(Verb::Stop, queue).with("task", task.id).show(&visit))
        p { a data-up href=(visit.at("/actions")) { "All work" } }
    };
    let page = Page::new("Action", "/actions", body).live(format!("/live/actions/{id}"));
    show(&visit, page, &task)
}

fn state(task: &TaskState) -> Markup {
    html! {
        @match &task.answer {
            None => { span.st.st-active { "▶ running" } },
            Some(Ended::Done) => { span.st.st-completed { "✓ done" } },
            Some(Ended::Stopped) => { span.st.st-cancelled { "⊘ stopped" } },
            Some(Ended::Failed(why)) => { span.st.st-failed { "✕ failed" } " " (why) },
        }
    }
}

/// How far it is, which news replace.
fn progress(task: &TaskState) -> Markup {
    html! {
        div id={ "task-" (task.id) } {
            p { (state(task)) @if let Some(at) = task.ended_at { " " (ago(at)) } }
            p {
                progress value=(task.done + task.skipped)
                    max=(task.total.max(task.done + task.skipped).max(1)) {
                }
                " " (number(task.done)) " of " (number(task.total)) " done"
                @if task.skipped > 0 {
                    ", "
                    (number(task.skipped))
                    " skipped: they had moved on, or can't be changed so"
                }
            }
            @if !task.refusals.is_empty() { ul { @for why in &task.refusals { li { (why) } } } }
        }
    }
}

/// How far it is, for those who watch.
pub(crate) fn task_news(app: &App, id: u64) -> Vec<Fragment> {
    let task = app.tasks.get(id).map(|task| task.state());
    task.iter().map(|task| Fragment::new(format!("task-{id}"), progress(task))).collect()
}
