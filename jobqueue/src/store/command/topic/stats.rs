//! Read the bindings and the backlog of a topic.

use redis::Value;

use super::{RawBinding, read_bindings};
use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/topic/survey.lua`
pub(crate) struct Stats {
    /// The most entries of the outbox to read.
    pub(crate) most: usize,
}

/// The answer.
#[derive(Clone, Debug)]
pub(crate) struct TopicSnapshot {
    /// Empty for none.
    pub(crate) alternate: String,
    pub(crate) bindings: Vec<RawBinding>,
    /// Bindings, and the positions of their replays.
    pub(crate) replays: Vec<RawBinding>,
    pub(crate) published: u64,
    /// The number of entries in the outbox.
    pub(crate) underway: u64,
    /// The oldest of them, with their targets.
    pub(crate) oldest: Vec<(String, String)>,
    pub(crate) kept: u64,
    /// The id of the oldest message that is kept; empty for none.
    pub(crate) first_kept: String,
    pub(crate) now_ms: u64,
}

impl Command for Stats {
    const SCRIPT: &'static Script = script!("topic" / stats, [clock]);
    const KEYS: &'static [Key] =
        &[Key::Topic, Key::Bindings, Key::Replays, Key::Outbox, Key::Messages];
    const ACTION: &'static str = "read a topic's statistics";
    const KIND: &'static str = "topic";
    type Reply = TopicSnapshot;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.most);
    }

    fn read(&self, reply: Value) -> Result<TopicSnapshot, Corrupt> {
        const WHAT: &str = Stats::ACTION;
        let text = |value: &Value| reply::text(value, WHAT).map(str::to_owned);
        let [alternate, bindings, replays, published, underway, oldest, kept, first, now] =
            reply::tuple(reply, WHAT)?;
        let oldest = reply::array(oldest, WHAT)?;
        let (pairs, _) = oldest.as_chunks::<2>();
        let oldest = pairs.iter().map(|[entry, to]| Ok((text(entry)?, text(to)?)));
        Ok(TopicSnapshot {
            alternate: text(&alternate)?,
            bindings: read_bindings(bindings, WHAT)?,
            replays: read_bindings(replays, WHAT)?,
            published: reply::count(&published, WHAT)?,
            underway: reply::count(&underway, WHAT)?,
            oldest: oldest.collect::<Result<_, Corrupt>>()?,
            kept: reply::count(&kept, WHAT)?,
            first_kept: text(&first)?,
            now_ms: reply::count(&now, WHAT)?,
        })
    }
}
