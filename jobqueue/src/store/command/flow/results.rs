//! How members of a group ended.

use bytes::Bytes;
use redis::Value;

use crate::{
    job::{FlowKey, Member},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/results.lua`
pub(crate) struct Results<'a> {
    pub(crate) key: &'a FlowKey,
    pub(crate) from: Member,
    pub(crate) most: u32,
    pub(crate) wanted: Wanted,
}

/// How much of each outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    Kinds,
}

impl Command for Results<'_> {
    const SCRIPT: &'static Script = script!("flow" / results, [ticks, home]);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "read the results of a flow";
    /// As many as go into an answer, empty for members that have not ended; none if there is no such
    /// flow.
    type Reply = Option<Vec<Bytes>>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str());
        args.push(self.from.group).push(self.from.number).push(self.most);
        args.push(u8::from(self.wanted == Wanted::Kinds));
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        if reply::optional(&reply).is_none() {
            return Ok(None);
        }
        let outcomes = reply::array(reply, Self::ACTION)?.into_iter();
        outcomes
            .map(|outcome| reply::bytes(outcome, Self::ACTION))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
