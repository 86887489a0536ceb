//! What can be asked of a queue.

use redis::Value;

use super::{
    queue::{Place, Queue},
    reply::{number, optional, text, texts},
};

impl Queue {
    pub(super) fn counts(&self) -> Value {
        let states = ["waiting", "delayed", "active", "completed", "failed"];
        let mut answer: Vec<Value> =
            states.iter().map(|state| number(self.ids_in(state).len())).collect();
        answer.push(number(self.workers.len()));
        let fields = [
            "paused",
            "added",
            "completed",
            "failed",
            "rate",
            "active",
            "max_length",
            "aging",
            "events",
            "layout",
        ];
        let meta = fields.iter().map(|field| optional(self.meta.get(field)));
        answer.push(Value::Array(meta.collect()));
        if let Some(ttl) = self.meta.get("ttl") {
            answer.push(number(0));
            answer.push(Value::Array(vec![text(ttl), Value::Nil, Value::Nil]));
        }
        Value::Array(answer)
    }

    pub(super) fn page(&self, state: &str, offset: usize, count: usize, reverse: bool) -> Value {
        let mut ids = self.ids_in(state);
        if reverse {
            ids.reverse();
        }
        texts(ids.into_iter().skip(offset).take(count))
    }

    pub(super) fn read(&self, ids: &[String]) -> Value {
        Value::Array(ids.iter().map(|id| self.read_one(id)).collect())
    }

    fn read_one(&self, id: &str) -> Value {
        let Some(job) = self.jobs.get(id) else {
            return Value::Nil;
        };
        let (place, running) = match &job.place {
            Place::Active { worker, .. } => (text(worker), text(job.place.running())),
            place => (text(place.score().to_string()), Value::Nil),
        };
        Value::Array(vec![
            text(job.place.state()),
            place,
            running,
            text(&job.record),
            optional(job.attempts),
            optional(job.stalls),
            optional(Some(job.priority).filter(|priority| *priority != 0)),
            optional(job.progress.as_ref()),
            optional(job.outcome.as_ref()),
            texts(&job.errors),
        ])
    }
}

impl Place {
    /// What is noted of an active job: where it goes back to, and since when it runs.
    pub(super) fn running(&self) -> String {
        match self {
            Self::Active { rank, started, .. } => format!("{rank}:{started}"),
            _ => String::new(),
        }
    }
}
