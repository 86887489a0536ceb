//! Write messages and their targets into a topic's outbox.

use std::borrow::Cow;

use redis::Value;

use super::{Bindings, read_bindings};
use crate::{
    job::{JobId, Priority},
    store::{
        command::{Args, Command, Numbered},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/topic/publish.lua`
pub(crate) struct Publish<'a> {
    /// The version of the bindings by which the messages were routed.
    pub(crate) version: &'a str,
    pub(crate) call: Numbered<'a>,
    pub(crate) messages: &'a [(Cow<'a, str>, &'a NewMessage)],
}

/// A message to be published.
#[derive(Clone, Debug)]
pub(crate) struct NewMessage {
    pub(crate) id: JobId,
    pub(crate) priority: Priority,
    pub(crate) record: Vec<u8>,
}

/// The answer to a batch.
#[derive(Debug)]
pub(crate) enum Published {
    /// It is in the outbox. Whether effects wait there.
    Done { underway: bool },
    /// Nothing was written, since the bindings have changed to these.
    Outdated(Bindings),
}

impl Command for Publish<'_> {
    const SCRIPT: &'static Script =
        script!("topic" / publish, [clock, layout, numbered, outbox, messages]);
    const KEYS: &'static [Key] =
        &[Key::Meta, Key::Topic, Key::Bindings, Key::Outbox, Key::Messages];
    const ACTION: &'static str = "publish messages";
    const KIND: &'static str = "topic";
    const LISTS: &'static [Listed] = &[Listed::Topic];
    const AWAITS_LISTING: bool = true;
    type Reply = Published;

    fn more_keys(&self, keys: &Keys) -> Vec<String> {
        vec![keys.publisher(self.call.sender)]
    }

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.version);
        self.call.write(args);
        for (targets, message) in self.messages {
            args.push(&**targets).push(message.id.as_str());
            args.push(message.priority.get()).push(message.record.as_slice());
        }
    }

    fn read(&self, reply: Value) -> Result<Published, Corrupt> {
        if let Value::Int(underway) = reply {
            return Ok(Published::Done { underway: underway > 0 });
        }
        let [version, alternate, bindings] = reply::tuple(reply, Self::ACTION)?;
        Ok(Published::Outdated(Bindings {
            version: reply::text(&version, Self::ACTION)?.to_owned(),
            alternate: reply::text(&alternate, Self::ACTION)?.to_owned(),
            all: read_bindings(bindings, Self::ACTION)?,
        }))
    }
}
