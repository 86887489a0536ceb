//! The probes.

use axum::{Json, http::StatusCode};
use jobqueue::{WorkerHandle, telemetry::WorkerHealth};
use serde::Serialize;

/// What a probe answers.
#[derive(Serialize)]
pub(crate) struct Answer {
    live: bool,
    ready: bool,
    problems: Vec<String>,
    #[serde(flatten)]
    health: WorkerHealth,
}

/// Whether the process is to go on.
pub(crate) fn live(worker: &WorkerHandle) -> (StatusCode, Json<Answer>) {
    let answer = Answer::of(worker);
    (status(answer.live), Json(answer))
}

/// Whether it takes jobs.
pub(crate) fn ready(worker: &WorkerHandle) -> (StatusCode, Json<Answer>) {
    let answer = Answer::of(worker);
    (status(answer.ready), Json(answer))
}

fn status(well: bool) -> StatusCode {
    if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

impl Answer {
    fn of(worker: &WorkerHandle) -> Self {
        let health = worker.health();
        let problems = health.problems().iter().map(ToString::to_string).collect();
        Self { live: health.is_live(), ready: health.is_ready(), problems, health }
    }
}
