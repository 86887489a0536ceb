//! Whether somebody looks after schedules.

use jobqueue::{
    QueueName,
    manage::WorkerInfo,
    schedule::ScheduleInfo,
    types::{DateTime, Utc},
};

use crate::{Check, Finding, Severity, Subject, Thresholds, finding::long};

/// Code declares it, and no worker that lives runs its handler; or its tick is long past, so that
/// nobody fires it.
pub(crate) fn check(
    queue: &QueueName,
    schedule: &ScheduleInfo,
    workers: &[WorkerInfo],
    (now, thresholds): (DateTime<Utc>, &Thresholds),
) -> Option<Finding> {
    let (id, next) = (&schedule.id, schedule.next?);
    let late = (now - next).to_std().unwrap_or_default();
    let name = schedule.job.as_ref()?.name.as_str();
    let runs = |worker: &WorkerInfo| worker.alive && worker.handlers.iter().any(|it| it == name);
    let is_owned = workers.iter().any(runs);
    let (severity, what, means) = match &schedule.owner {
        Some(owner) if !is_owned => (
            Severity::Warning,
            format!("Schedule {id} is declared by {owner}, of which no worker runs here."),
            "Its owner is gone: its jobs wait or aren't added, though no code asks for them any more.",
        ),
        _ if late >= thresholds.late => (
            Severity::Error,
            format!("Schedule {id} was due {} ago.", long(late)),
            "No worker fires it: its jobs aren't added.",
        ),
        _ => return None,
    };
    let mend = format!("start its worker, or `jobqueue schedules remove {queue} {id}`");
    let subject = Subject::Queue(queue.clone());
    let text = [what, means.to_owned(), mend];
    let since = (!late.is_zero()).then_some(next);
    Some(Finding::new(Check::Schedules, severity, subject, text).since(since))
}
