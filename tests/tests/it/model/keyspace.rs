//! The model as its keys in Redis.

use std::collections::BTreeMap;

use jobqueue_tests::{
    dump::{Content, Dump, Dumped},
    raw::Rig,
};

use redis::Value;

use super::{
    queue::{Job, Place, Queue},
    request::mark,
};

impl Queue {
    /// All keys of the queue, and nothing else.
    pub(super) fn keyspace(&self) -> Dump {
        let mut keys = Keys::default();
        for state in ["waiting", "delayed", "completed", "failed", "cancelled"] {
            let scored = |id: String| (self.jobs[&id].place.score().to_string(), id);
            keys.put(state, Content::ZSet(self.ids_in(state).into_iter().map(scored).collect()));
        }
        let unheard = |name| self.unheard.contains(name);
        let mut workers: Vec<_> =
            self.workers.iter().map(|(name, at)| (*at, unheard(name), name)).collect();
        workers.sort();
        let workers = workers.into_iter().map(|(at, unheard, name)| {
            (format!("{at}{}", if unheard { ".5" } else { "" }), name.clone())
        });
        keys.put("workers", Content::ZSet(workers.collect()));
        for name in self.workers.keys() {
            let of_worker = |job: &Job| match &job.place {
                Place::Active { worker, .. } if worker == name => Some(job.place.running()),
                _ => None,
            };
            keys.put(&format!("running:{name}"), self.column(of_worker));
        }
        let out = |(id, job): (&String, &Job)| match &job.place {
            Place::Active { out: Some(out), .. } => Some((out.until, id.clone())),
            _ => None,
        };
        let mut visible: Vec<_> = self.jobs.iter().filter_map(out).collect();
        visible.sort();
        let visible = visible.into_iter().map(|(until, id)| (until.to_string(), id));
        keys.put("visibility", Content::ZSet(visible.collect()));
        let expires = |(id, job): (&String, &Job)| Some((job.expires?, id.clone()));
        let mut expiring: Vec<_> = self.jobs.iter().filter_map(expires).collect();
        expiring.sort();
        let expiring = expiring.into_iter().map(|(at, id)| (at.to_string(), id));
        keys.put("expiring", Content::ZSet(expiring.collect()));
        self.put_columns(&mut keys);
        self.put_tags(&mut keys);
        self.put_lanes(&mut keys);
        self.put_pools(&mut keys);
        self.put_rest(&mut keys);
        Dump(keys.0)
    }

    fn put_columns(&self, keys: &mut Keys) {
        keys.put("jobs", self.column(|job| Some(job.record.clone())));
        keys.put(
            "priority",
            self.column(|job| (job.priority != 0).then(|| job.priority.to_string())),
        );
        keys.put("attempts", self.column(Job::tries));
        keys.put("stalls", self.column(|job| job.stalls.map(|n| n.to_string())));
        keys.put("misses", self.column(|job| job.misses.map(|n| n.to_string())));
        keys.put("progress", self.column(|job| job.progress.clone()));
        // As the dump shows what is no text.
        let shown = |outcome: &String| outcome.replace('\u{2}', "\\u{2}");
        keys.put("outcomes", self.column(|job| job.outcome.as_ref().map(shown)));
        keys.put("cancels", self.column(|job| job.mark.map(mark)));
        keys.put("uniques", self.column(|job| job.unique.clone()));
        let traced = |(_, job): &(&String, &Job)| !(job.errors.is_empty() && job.log.is_empty());
        let traced = self.jobs.iter().filter(traced).map(|(id, _)| id.clone());
        keys.put("listed", Content::Set(traced.collect()));
        for (id, job) in &self.jobs {
            keys.put(&format!("errors:{id}"), Content::List(job.errors.clone()));
            keys.put(&format!("logs:{id}"), Content::List(job.log.clone()));
        }
    }

    fn put_tags(&self, keys: &mut Keys) {
        // As the dump shows a newline.
        let tags = |job: &Job| (!job.tags.is_empty()).then(|| job.tags.replace('\n', "\\n"));
        keys.put("tags", self.column(tags));
        for tag in ["a", "b"] {
            let has = |(_, job): &(&String, &Job)| job.tags.split('\n').any(|it| it == tag);
            let ids = self.jobs.iter().filter(has).map(|(id, _)| ("0".to_owned(), id.clone()));
            keys.put(&format!("tag:{tag}"), Content::ZSet(ids.collect()));
        }
    }

    fn put_pools(&self, keys: &mut Keys) {
        keys.put("pools", Content::Set(self.pools.iter().cloned().collect()));
        for name in &self.pools {
            let (state, pool) = name.split_once(':').expect("a state and a pool");
            let mut ids = self.ids_in(state);
            ids.retain(|id| self.jobs[id].pool.is_noted && self.jobs[id].pool.name == pool);
            let scored = |id: String| (self.jobs[&id].place.score().to_string(), id);
            keys.put(&format!("pool:{name}"), Content::ZSet(ids.into_iter().map(scored).collect()));
        }
    }

    fn put_lanes(&self, keys: &mut Keys) {
        keys.put("lane_of", self.column(|job| job.place.lane().cloned()));
        let mut heads = Vec::new();
        for (lane, jobs) in self.lanes() {
            heads.extend(jobs.first().map(|(rank, _)| (*rank, lane.clone())));
            let jobs = jobs.into_iter().map(|(rank, id)| (rank.to_string(), id));
            keys.put(&format!("lane:{lane}"), Content::ZSet(jobs.collect()));
        }
        heads.sort();
        let heads = heads.into_iter().map(|(rank, lane)| (rank.to_string(), lane));
        keys.put("lanes", Content::ZSet(heads.collect()));
    }

    fn put_rest(&self, keys: &mut Keys) {
        for (key, claim) in &self.claims {
            let key = format!("unique:{key}");
            keys.put(&key, Content::Str(claim.text()));
            keys.last_expires(&key, claim.lapses.is_some());
        }
        for (producer, (newest, answer)) in &self.producers {
            let words = std::iter::once(newest.to_string()).chain(words(answer));
            let key = format!("producer:{producer}");
            keys.put(&key, Content::Str(words.collect::<Vec<_>>().join(" ")));
            keys.last_expires(&key, true);
        }
        let meta = self.meta.iter().map(|(field, value)| ((*field).to_owned(), value.clone()));
        keys.put("meta", Content::Hash(meta.collect()));
        let field = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        let entries = self.events.iter().map(|fields| fields.iter().map(field).collect());
        keys.put("events", Content::Stream(entries.collect()));
        keys.put("wake", Content::List(self.token.then(|| "1".to_owned()).into_iter().collect()));
    }

    fn column(&self, of: impl Fn(&Job) -> Option<String>) -> Content {
        let values = self.jobs.iter().filter_map(|(id, job)| Some((id.clone(), of(job)?)));
        Content::Hash(values.collect())
    }
}

/// An answer's numbers and texts.
fn words(answer: &Value) -> Vec<String> {
    let Value::Array(parts) = answer else { panic!("no list: {answer:?}") };
    let word = |part: &Value| match part {
        Value::Int(number) => number.to_string(),
        Value::BulkString(text) => String::from_utf8_lossy(text).into_owned(),
        other => panic!("no word: {other:?}"),
    };
    parts.iter().map(word).collect()
}

#[derive(Default)]
struct Keys(BTreeMap<String, Dumped>);

impl Keys {
    /// Redis has no empty keys.
    fn put(&mut self, key: &str, content: Content) {
        let empty = match &content {
            Content::Str(_) => false,
            Content::List(values) | Content::Set(values) => values.is_empty(),
            Content::Hash(fields) => fields.is_empty(),
            Content::ZSet(members) => members.is_empty(),
            Content::Stream(entries) => entries.is_empty(),
        };
        if !empty {
            self.0.insert(format!("{}{key}", Rig::BASE), Dumped { content, expires: false });
        }
    }

    fn last_expires(&mut self, key: &str, expires: bool) {
        if let Some(dumped) = self.0.get_mut(&format!("{}{key}", Rig::BASE)) {
            dumped.expires = expires;
        }
    }
}

/// The same keyspace with the ids of each event sorted: where a batch is a worker's whole hash, its
/// order says nothing.
pub(super) fn with_sorted_events(mut dump: Dump) -> Dump {
    if let Some(events) = dump.0.get_mut(&format!("{}events", Rig::BASE))
        && let Content::Stream(entries) = &mut events.content
    {
        for (_, ids) in entries.iter_mut().flatten() {
            let mut sorted: Vec<&str> = ids.split(' ').collect();
            sorted.sort_unstable();
            *ids = sorted.join(" ");
        }
        merge_cancelled(entries);
    }
    dump
}

/// Jobs with different marks that end at once have an event for each mark, in any order.
fn merge_cancelled(entries: &mut Vec<Vec<(String, String)>>) {
    entries.dedup_by(|entry, before| {
        let ([(kind, ids)], [(kind_before, ids_before)]) = (&entry[..], &mut before[..]) else {
            return false;
        };
        let merges = kind == "cancelled" && kind_before == "cancelled";
        if merges {
            let mut all: Vec<&str> = ids_before.split(' ').chain(ids.split(' ')).collect();
            all.sort_unstable();
            *ids_before = all.join(" ");
        }
        merges
    });
}
