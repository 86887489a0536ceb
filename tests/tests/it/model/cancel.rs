//! Jobs that end as cancelled.

use redis::Value;

use super::{
    queue::{Place, Queue},
    reply::{number, text},
    request::{Block, Turn, gone, mark},
};

impl Queue {
    pub(super) fn cancel(&mut self, ids: &[String], keep: usize) -> Value {
        let mut answer = Vec::new();
        let (mut waiting, mut delayed, mut running) = (Vec::new(), Vec::new(), false);
        for id in ids {
            let place = self.jobs.get(id).map(|job| job.place.clone());
            answer.push(match place {
                None => "-".to_owned(),
                Some(Place::Active { worker, .. }) => {
                    self.job(id).mark.get_or_insert(keep);
                    running = true;
                    format!("={worker}")
                }
                Some(place @ (Place::Waiting { .. } | Place::Delayed { .. })) => {
                    let waits = matches!(place, Place::Waiting { .. });
                    if waits { &mut waiting } else { &mut delayed }.push(id.clone());
                    "ended".to_owned()
                }
                Some(place) => place.state().to_owned(),
            });
        }
        for id in waiting.iter().chain(&delayed) {
            // It has left its place, and can't get the key of another any more.
            self.job(id).place = Place::Completed { at: i64::MAX };
        }
        for ids in [waiting, delayed] {
            self.end_cancelled(&ids, keep);
        }
        if running {
            self.meta.insert("cancelling", "1".to_owned());
        }
        text(answer.join(" "))
    }

    /// Jobs end as cancelled, all with one mark.
    fn end_cancelled(&mut self, ids: &[String], keep: usize) {
        if ids.is_empty() {
            return;
        }
        for id in ids {
            self.release_key(id);
            let place = Place::Cancelled { at: self.now };
            let job = self.job(id);
            (job.place, job.outcome, job.mark) = (place, Some(gone(keep)), None);
            job.expires = None;
        }
        if keep == 0 {
            self.forget(ids);
        } else {
            let kept = self.ids_in("cancelled");
            self.forget(&kept[..kept.len().saturating_sub(keep)]);
        }
        self.add_to_total("cancelled", ids.len());
        self.event("cancelled", ids);
    }

    /// Of jobs that leave their worker without a result, those that are marked end as cancelled. The
    /// answer is the others.
    pub(super) fn without_cancelled(&mut self, ids: &[String]) -> Vec<String> {
        let others = |id: &&String| self.jobs[*id].mark.is_none();
        let (others, marked): (Vec<_>, Vec<_>) = ids.iter().partition(others);
        let others = others.into_iter().cloned().collect();
        let marked = marked.into_iter().cloned().collect::<Vec<_>>();
        self.end_marked(&marked);
        others
    }

    pub(super) fn end_marked(&mut self, ids: &[String]) {
        for keep in [0, 2] {
            let alike = |id: &&String| self.jobs.get(*id).is_some_and(|job| job.mark == Some(keep));
            let alike: Vec<String> = ids.iter().filter(alike).cloned().collect();
            self.end_cancelled(&alike, keep);
        }
        self.mind_marks();
    }

    /// The queue knows whether any job is marked.
    pub(super) fn mind_marks(&mut self) {
        if self.jobs.values().all(|job| job.mark.is_none()) {
            self.meta.remove("cancelling");
        }
    }

    /// The turn without what it says of marked jobs, but for results, and those jobs.
    pub(super) fn sifted(&self, turn: &Turn) -> (Turn, Vec<String>) {
        let (mut turn, mut marked) = (turn.clone(), Vec::new());
        let mut stays = |id: &String| {
            let is_marked = self.jobs.get(id).is_some_and(|job| job.mark.is_some());
            if is_marked {
                marked.push(id.clone());
            }
            !is_marked
        };
        for Block { failed, jobs, .. } in &mut turn.ended {
            jobs.retain(|(id, _)| !*failed || stays(id));
        }
        turn.ended.retain(|block| !block.jobs.is_empty());
        turn.retried.retain(|(id, ..)| stays(id));
        turn.released.retain(|(id, ..)| stays(id));
        turn.unstarted.retain(|(id, _)| stays(id));
        (turn, marked)
    }

    /// What a heartbeat answers.
    pub(super) fn marked_of(&self, worker: &str) -> Value {
        let held = self.held_by(worker);
        let count = number(held.len());
        if !self.meta.contains_key("cancelling") {
            return count;
        }
        let mut answer = vec![count];
        for keep in [0, 2] {
            let alike: Vec<&String> =
                held.iter().filter(|id| self.jobs[*id].mark == Some(keep)).collect();
            if !alike.is_empty() {
                let ids: Vec<&str> = alike.into_iter().map(String::as_str).collect();
                answer.extend([text(ids.join(" ")), text(mark(keep))]);
            }
        }
        Value::Array(answer)
    }
}

/// A heartbeat's answer in the model's order: that of a hash means nothing.
pub(super) fn in_order(answer: Value) -> Value {
    let Value::Array(mut items) = answer else { return answer };
    let sorted = |ids: &Value| {
        let Value::BulkString(ids) = ids else { return String::new() };
        let ids = String::from_utf8_lossy(ids).into_owned();
        let mut ids: Vec<&str> = ids.split(' ').collect();
        ids.sort_unstable();
        ids.join(" ")
    };
    let (pairs, _) = items[1..].as_chunks_mut::<2>();
    pairs.iter_mut().for_each(|pair| pair[0] = text(sorted(&pair[0])));
    pairs.sort_by_key(|[_, mark]| super::workers::text(mark));
    Value::Array(items)
}
