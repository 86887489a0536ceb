//! Bindings that start in the past: the messages that a topic keeps go to them through its outbox,
//! like new ones.
//!
//! Redis stores the position of a replay beside its binding, and advances it in the same atomic
//! step that writes the next messages to the outbox. So each message goes once, even if a replay is
//! interrupted and another process goes on with it.

use chrono::{DateTime, Utc};

use super::{
    Topic,
    binding::{Binding, Route},
};
use crate::{
    error::Result,
    job::{JobId, Record},
    store::{Kept, topic},
    value_error::{Corrupt, Invalid},
};

/// How many messages one step reads.
const STEP: usize = 500;

/// Where a binding starts among the messages that its topic [keeps](Topic::keep).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Start {
    /// With the oldest.
    Beginning,
    /// With the first one published at this time or later, by the server's clock.
    Time(DateTime<Utc>),
    /// With this one.
    Message(JobId),
}

/// The position of a start among the kept messages.
pub(super) async fn locate(topic: &Topic, start: &Start) -> Result<String> {
    match start {
        Start::Beginning => Ok("-".to_owned()),
        Start::Time(time) => Ok(time.timestamp_millis().max(0).to_string()),
        Start::Message(id) => {
            let mut from = "-".to_owned();
            loop {
                let (page, _) = topic.store.kept(&from, "+", STEP).await?;
                if let Some(found) = page.iter().find(|kept| kept.id == id.as_str()) {
                    return Ok(found.entry.clone());
                }
                match page.last() {
                    Some(last) => from = format!("({}", last.entry),
                    None => {
                        let advice =
                            "the topic keeps no such message, so start with another, or at a time";
                        return Err(Invalid::new("start", id, advice).into());
                    }
                }
            }
        }
    }
}

/// Sends a binding all messages that it has still to catch up with.
pub(super) async fn catch_up(topic: &Topic, binding: &Binding) -> Result<()> {
    let (key, target) = (binding.key(), binding.target());
    let route = Route::of(binding)?;
    loop {
        let snapshot = topic.store.call_retrying(&topic::Stats { most: 1 }).await?;
        let Some((_, place)) = snapshot.replays.into_iter().find(|(other, _)| *other == key) else {
            return Ok(());
        };
        let place = std::str::from_utf8(&place).ok();
        let (before, (from, end)) =
            place
                .and_then(|place| Some((place, place.split_once(' ')?)))
                .ok_or_else(|| Corrupt::new("the position of a replay", "no start and end"))?;
        let (page, are_all) = topic.store.kept(from, end, STEP).await?;
        let after = page.last().filter(|_| !are_all);
        let after = after.map(|last| format!("({} {end}", last.entry));
        let matching = page.into_iter().filter(|kept| matches(&route, kept));
        let entries: Vec<String> = matching.map(|kept| kept.entry).collect();
        let (after, target) = (after.as_deref(), target.as_str());
        let step = topic::Replay { binding: &key, before, after, target, entries: &entries };
        topic.store.call_retrying(&step).await?;
        // One step at a time, so that the outbox doesn't fill with a whole history.
        topic.client.relays().relay(topic.name()).await?;
    }
}

/// Whether a kept message matches a binding. A message that can't be read matches none.
fn matches(route: &Route, kept: &Kept) -> bool {
    let Ok(record) = Record::decode(&kept.record) else { return false };
    let key = record.options.origin.as_ref().and_then(|origin| origin.routing_key.parse().ok());
    key.is_some_and(|key| route.matches(&key, &record.options.headers))
}
