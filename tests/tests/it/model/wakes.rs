//! The rule of wake-ups, after every step: whoever makes something start or fall due sooner, or
//! makes room for it, puts the token there; and so does whoever looks no more. Only a worker that
//! has room left needs none: it looks by itself.

use redis::Value;

use super::{
    queue::{Answer, Queue},
    request::Request,
    turn::SLEEP,
};

/// What workers would have to look for.
#[derive(Clone, Debug)]
pub(super) struct Outlook {
    /// Whether a job could start now.
    ready: bool,
    /// The worker that looks at just this moment, without a token.
    watcher: Option<String>,
    /// When the next one falls due or may start, if that is before all look by themselves.
    next: Option<i64>,
    /// The same for one that expires. A worker looks for that also without room.
    expires: Option<i64>,
    /// The jobs that are to end as cancelled once they leave their worker.
    marked: Vec<String>,
    token: bool,
}

impl Outlook {
    #[expect(clippy::cast_possible_truncation, reason = "a time of our era")]
    pub(super) fn of(queue: &Queue) -> Self {
        let runs = !queue.meta.contains_key("paused");
        let (waits, room) = (queue.any_waits() && runs, queue.room() != Some(0));
        let mut ready = waits && room && queue.throttle().is_none();
        let mut next = vec![queue.next_due().filter(|_| runs)];
        if waits && room {
            next.push(queue.throttle());
        }
        if let Some(rate) = queue.rate().filter(|_| ready) {
            let (allowed, free) = queue.allowed(rate);
            ready = allowed > 0;
            next.push((!ready).then_some(free.ceil() as i64));
        }
        if queue.looks_later() {
            assert!(!ready, "a worker has the turn, and a job could start before: {queue:?}");
            // That worker will find all that has fallen due by then.
            next.clear();
        }
        let soon = |at: &i64| *at <= queue.now + SLEEP;
        let next = next.into_iter().flatten().filter(soon).min();
        let expires = queue.next_expired().filter(soon);
        let marked = queue.jobs.iter().filter(|(_, job)| job.mark.is_some());
        let marked = marked.map(|(id, _)| id.clone()).collect();
        Self { ready, watcher: queue.watcher(), next, expires, marked, token: queue.token }
    }

    /// Whether the step made something start or fall due sooner.
    fn is_sooner_than(&self, before: &Self) -> bool {
        let sooner = |at: Option<i64>, before: Option<i64>| {
            at.is_some_and(|at| before.is_none_or(|before| at < before))
        };
        (self.ready && !before.ready)
            || sooner(self.next, before.next)
            || sooner(self.expires, before.expires)
    }
}

/// What is wrong with the token after a step, if anything is.
pub(super) fn complaint(
    request: &Request,
    answer: &Answer,
    before: &Outlook,
    after: &Outlook,
) -> Option<String> {
    let Ok(answer) = answer else { return None };
    let needed = match request {
        Request::Advance(turn) if fetched(answer) < turn.want => {
            // It knows, unless it sent a job back for others; one that is marked ends instead.
            turn.released.iter().any(|(id, delay, misses)| {
                misses.is_some() && *delay > 0 && !before.marked.contains(id)
            })
        }
        Request::Advance(turn) => {
            let watched = after.watcher.as_ref().is_some_and(|other| *other != turn.worker);
            (after.ready && !watched) || after.next.is_some()
        }
        Request::Leave { .. } | Request::Wake { .. } => {
            after.ready || after.next.is_some() || after.expires.is_some()
        }
        _ => after.is_sooner_than(before),
    };
    (needed && !after.token).then(|| format!("there is no token: {before:?} became {after:?}"))
}

/// How many jobs a turn was given, expired ones not counted.
fn fetched(answer: &Value) -> usize {
    let Value::Array(parts) = answer else { return 0 };
    let Some(Value::BulkString(ids)) = parts.get(4) else { return 0 };
    let all = String::from_utf8_lossy(ids).split_whitespace().count();
    let Some(Value::Array(more)) = parts.get(10) else { return all };
    let Some(Value::BulkString(expired)) = more.get(1) else { return all };
    all - String::from_utf8_lossy(expired).split_whitespace().count()
}
