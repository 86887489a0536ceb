//! Claim a key, renew the claim, or read the recorded result.

use std::time::Duration;

use bytes::Bytes;
use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/once/begin.lua`
pub(crate) struct Begin<'a> {
    pub(crate) key: &'a str,
    pub(crate) token: &'a str,
    pub(crate) throttle: Duration,
}

/// The answer to a claim.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// This run has the claim.
    Ours,
    /// Another run has it, for this long unless it renews it.
    Taken(Duration),
    /// The effect has happened, with this result.
    Done(Bytes),
}

impl Command for Begin<'_> {
    const SCRIPT: &'static Script = script!("once" / begin, [layout, hold]);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "claim a key for an effect";
    type Reply = Begun;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        args.push(self.token).push(millis(self.throttle));
    }

    fn key(&self) -> Option<&str> {
        Some(self.key)
    }

    fn read(&self, reply: Value) -> Result<Begun, Corrupt> {
        let mut items = reply::array(reply, Self::ACTION)?.into_iter();
        let mut next = || items.next().unwrap_or(Value::Nil);
        match reply::int(&next(), Self::ACTION)? {
            0 => Ok(Begun::Ours),
            1 => Ok(Begun::Taken(Duration::from_millis(reply::count(&next(), Self::ACTION)?))),
            2 => reply::bytes(next(), Self::ACTION).map(Begun::Done),
            _ => Err(Corrupt::new(Self::ACTION, "an unknown answer")),
        }
    }

    fn more_keys(&self, keys: &Keys) -> Vec<String> {
        vec![keys.once(self.key)]
    }
}
