//! Work on many jobs: what runs, and what ran. It goes on though nobody looks.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use jobqueue::{QueueName, types::CancellationToken};
use serde::Serialize;

use crate::{verb::Verb, web::Problem};

/// How many tasks are remembered; those that run are never forgotten.
const REMEMBERED: usize = 200;

/// How many run at once.
const AT_ONCE: usize = 8;

/// Work on many jobs.
#[derive(Clone, Debug)]
pub(crate) struct Task(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    verb: Verb,
    queue: QueueName,
    who: String,
    /// Which jobs, in words.
    subject: String,
    begun: DateTime<Utc>,
    stop: CancellationToken,
    progress: Mutex<Progress>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    total: u64,
    looked: u64,
    done: u64,
    skipped: u64,
    /// Why the first of those weren't done.
    refusals: Vec<String>,
    ended: Option<(DateTime<Utc>, Ended)>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    Done,
    Stopped,
    Failed(String),
}

/// A task as it stands at one moment.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TaskState {
    pub(crate) id: u64,
    pub(crate) verb: &'static str,
    pub(crate) queue: QueueName,
    pub(crate) who: String,
    pub(crate) subject: String,
    pub(crate) begun_at: DateTime<Utc>,
    pub(crate) total: u64,
    pub(crate) looked_at: u64,
    pub(crate) done: u64,
    /// Those that moved on meanwhile, or can't be changed so.
    pub(crate) skipped: u64,
    pub(crate) refusals: Vec<String>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) answer: Option<Ended>,
}

/// How far a step of a task has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Far {
    pub(super) looked: u64,
    pub(super) done: u64,
    pub(super) skipped: u64,
}

impl Task {
    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn queue(&self) -> &QueueName {
        &self.0.queue
    }

    pub(super) fn stop_token(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Leaves the rest as it is.
    pub(crate) fn stop(&self) {
        self.0.stop.cancel();
    }

    pub(super) fn report(&self, far: Far) {
        let mut progress = self.lock();
        progress.looked = far.looked;
        progress.done = far.done;
        progress.skipped = far.skipped;
    }

    pub(super) fn refused(&self, why: impl Into<String>) {
        const TOLD: usize = 5;
        let mut progress = self.lock();
        if progress.refusals.len() < TOLD {
            progress.refusals.push(why.into());
        }
    }

    pub(super) fn end(&self, how: Ended) {
        self.lock().ended = Some((Utc::now(), how));
    }

    fn runs(&self) -> bool {
        self.lock().ended.is_none()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> TaskState {
        let Progress { total, looked, done, skipped, refusals, ended } = self.lock().clone();
        let (ended_at, answer) = ended.unzip();
        let Inner { id, verb, queue, who, subject, begun, .. } = &*self.0;
        TaskState {
            id: *id,
            verb: verb.as_str(),
            queue: queue.clone(),
            who: who.clone(),
            subject: subject.clone(),
            begun_at: *begun,
            total,
            looked_at: looked,
            done,
            skipped,
            refusals,
            ended_at,
            answer,
        }
    }
}

/// All tasks of this process, the newest first.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<(u64, VecDeque<Task>)>);

/// Why no more work begins.
pub(super) fn too_many() -> Problem {
    let words = "Too much work runs at once. Wait until some of it has ended, or stop it.";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, words).link("/actions", "What runs")
}

/// What a new task is.
#[derive(Debug)]
pub(super) struct NewTask {
    pub(super) verb: Verb,
    pub(super) queue: QueueName,
    pub(super) who: String,
    pub(super) subject: String,
    pub(super) total: u64,
}

impl Tasks {
    /// A task that is about to run; none if as many run as can.
    pub(super) fn begin(&self, new: NewTask) -> Option<Task> {
        let NewTask { verb, queue, who, subject, total } = new;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.1.iter().filter(|task| task.runs()).count() >= AT_ONCE {
            return None;
        }
        all.0 += 1;
        let task = Task(Arc::new(Inner {
            id: all.0,
            verb,
            queue,
            who,
            subject,
            begun: Utc::now(),
            stop: CancellationToken::new(),
            progress: Mutex::new(Progress { total, ..Progress::default() }),
        }));
        all.1.push_front(task.clone());
        if all.1.len() > REMEMBERED
            && let Some(at) = all.1.iter().rposition(|task| !task.runs())
        {
            all.1.remove(at);
        }
        Some(task)
    }

    pub(crate) fn get(&self, id: u64) -> Option<Task> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().find(|task| task.id() == id).cloned()
    }

    pub(crate) fn all(&self) -> Vec<Task> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.1.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(tasks: &Tasks) -> Option<Task> {
        let queue = "mails".parse().expect("a name");
        let (who, subject) = ("ann".to_owned(), "all".to_owned());
        tasks.begin(NewTask { verb: Verb::Retry, queue, who, subject, total: 3 })
    }

    #[test]
    fn few_run_at_once_and_few_are_remembered() {
        let tasks = Tasks::default();
        let running: Vec<_> = (0..AT_ONCE).map(|_| begin(&tasks).expect("room")).collect();
        assert!(begin(&tasks).is_none());
        running[0].end(Ended::Done);
        for _ in 0..REMEMBERED + 10 {
            begin(&tasks).expect("room").end(Ended::Stopped);
        }
        assert_eq!(tasks.all().len(), REMEMBERED);
        assert!(running[1..].iter().all(|task| tasks.get(task.id()).is_some()));
        assert!(tasks.get(running[0].id()).is_none());
    }
}
