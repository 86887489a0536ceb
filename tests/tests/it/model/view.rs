//! The reads of a queue.

use redis::Value;

use super::{
    queue::{Job, Place, Queue},
    reply::{number, optional, text, texts},
    request::mark,
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
        let (ttl, cancelled) = (self.meta.get("ttl"), self.meta.get("cancelled"));
        if ttl.or(cancelled).is_some() {
            let now = number(self.ids_in("cancelled").len());
            answer.push(number(0));
            answer.push(Value::Array(vec![
                optional(ttl),
                Value::Nil,
                Value::Nil,
                optional(cancelled),
                now,
                // No job has children.
                number(0),
            ]));
        }
        Value::Array(answer)
    }

    pub(super) fn stats(&self) -> Value {
        let states = ["waiting", "delayed", "completed", "failed"];
        let mut answer = vec![number(self.now)];
        answer.extend(states.iter().map(|state| number(self.ids_in(state).len())));
        let unheard = |name| self.unheard.contains(name);
        let mut workers: Vec<_> =
            self.workers.iter().map(|(name, end)| (*end, unheard(name), name)).collect();
        workers.sort();
        let workers = workers.into_iter().map(|(end, _, name)| {
            let held = number(self.held_by(name).len());
            Value::Array(vec![text(name), text(end.to_string()), held])
        });
        answer.push(Value::Array(workers.collect()));
        answer.push(self.oldest_waiting().map_or(Value::Nil, number));
        let due = self.ids_in("delayed").first().map(|id| self.jobs[id].place.score());
        // Nothing here goes to other queues, and nobody tells of runs.
        answer.extend([optional(due), number(0), Value::Nil]);
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
            "throttled_until",
            "ttl",
            "dead_letter",
            "overflow",
        ];
        let meta = fields.iter().map(|field| optional(self.meta.get(field)));
        answer.push(Value::Array(meta.collect()));
        answer.push(Value::Array(Vec::new()));
        let cancelled = number(self.ids_in("cancelled").len());
        let total = optional(self.meta.get("cancelled"));
        // No job has children.
        answer.push(Value::Array(vec![cancelled, total, number(0)]));
        Value::Array(answer)
    }

    /// Since when the oldest waiting job is ready, as far as ranks say.
    fn oldest_waiting(&self) -> Option<i64> {
        const STRICT: i64 = 1 << 42;
        let aging = self.meta.contains_key("aging").then(|| self.step());
        let since = |job: &Job| {
            let rank = job.place.rank().unwrap_or_default();
            let Some(step) = aging else { return rank % STRICT };
            match rank - (job.priority + 1024) * step {
                since if since > self.now => rank % STRICT,
                since if since < 0 => self.now,
                since => since,
            }
        };
        let waiting = self.jobs.values().filter(|job| matches!(job.place, Place::Waiting { .. }));
        waiting.map(since).min()
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
            optional(job.tries()),
            optional(job.stalls),
            optional(Some(job.priority).filter(|priority| *priority != 0)),
            optional(job.progress.as_ref()),
            optional(job.outcome.as_ref()),
            texts(&job.errors),
            optional(job.mark.map(mark)),
            optional(job.misses.filter(|_| matches!(job.place, Place::Delayed { .. }))),
        ])
    }
}

impl Place {
    /// The note of an active job: the rank it goes back to, and the start of its run.
    pub(super) fn running(&self) -> String {
        match self {
            Self::Active { rank, started, out, .. } => {
                let receive = out.as_ref().map(|out| format!(":{}", out.receive));
                format!("{rank}:{started}{}", receive.unwrap_or_default())
            }
            _ => String::new(),
        }
    }
}
