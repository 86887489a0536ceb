//! The pages: one file each has its route, its data and its view.
//!
//! | file | page |
//! | --- | --- |
//! | `overview` | `/`: what needs a look, and all queues |
//! | `findings` | what needs a look |
//! | `queue`, `queue_view`, `queue_parts` | `/q/{queue}/{state}`: the jobs of a state |
//! | `failures` | failures of a queue, grouped |
//! | `job`, `job_view` | `/q/{queue}/job/{id}` |
//! | `edit` | `/q/{queue}/job/{id}/edit` |
//! | `jobs` | `/jobs?where=`: jobs of all queues |
//! | `confirm` | `/confirm`: is this to be done to all of these? |
//! | `actions` | `/actions`: work on many jobs |
//! | `history`, `history_view` | `/history?queue=`: charts of a queue over time |
//! | `doctor` | `/doctor`: what is wrong, and what mends it |
//! | `schedule` | `/schedules/{queue}/{id}`: when one is due, and what came of it |
//! | `replay` | `/topics/{name}/replay`: are kept messages to be sent again? |
//! | `workers`, `schedules`, `topics`, `events`, `audit` | what their names say |
//! | `dead_letters`, `dead_letter` | `/dead`, and one dead letter or two |
//! | `flows`, `flow_graph` | `/flows`, and the graph of one |

mod actions;
mod audit;
mod confirm;
mod dead_letter;
mod dead_letters;
mod doctor;
mod edit;
mod events;
mod failures;
mod findings;
mod flow_graph;
mod flows;
mod history;
mod history_view;
mod job;
mod job_view;
mod jobs;
mod of_queues;
mod overview;
mod queue;
mod queue_parts;
mod queue_view;
mod replay;
mod schedule;
mod schedules;
mod topics;
mod workers;

use axum::{Router, http::StatusCode};

use crate::{
    state::App,
    web::{Problem, Visit},
};

pub(crate) use actions::task_news;
pub(crate) use job::job_news;
pub(crate) use overview::{overview_news, overview_rows};
pub(crate) use queue::queue_news;

/// All pages.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(overview::routes())
        .merge(queue::routes())
        .merge(job::routes())
        .merge(edit::routes())
        .merge(jobs::routes())
        .merge(history::routes())
        .merge(doctor::routes())
        .merge(confirm::routes())
        .merge(actions::routes())
        .merge(workers::routes())
        .merge(schedules::routes())
        .merge(schedule::routes())
        .merge(dead_letters::routes())
        .merge(dead_letter::routes())
        .merge(topics::routes())
        .merge(replay::routes())
        .merge(flows::routes())
        .merge(events::routes())
        .merge(audit::routes())
        .fallback(missing)
}

async fn missing(visit: Visit) -> Problem {
    let words = format!("There is no page {}.", visit.here);
    Problem::new(StatusCode::NOT_FOUND, words).link("/", "All queues")
}
