//! The groups of which no job may start now.

use redis::Value;

use crate::{
    job::JobId,
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/held_groups.lua`
pub(crate) struct ReadHeldGroups {
    /// How many at most.
    pub(crate) most: usize,
}

/// A group of which no job may start.
#[derive(Debug)]
pub(crate) struct HeldGroup {
    pub(crate) name: String,
    pub(crate) until: HeldUntil,
    /// How many of its jobs wait.
    pub(crate) waiting: u64,
    /// The first of its jobs that hold its room.
    pub(crate) by: Option<JobId>,
}

/// Until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeldUntil {
    /// Another of its jobs ends.
    Room,
    /// It is resumed.
    Resumed,
    /// This time, in ms since the epoch.
    At(i64),
}

impl Command for ReadHeldGroups {
    const SCRIPT: &'static Script = script!("queue" / held_groups, [clock, layout, lanes]);
    const KEYS: &'static [Key] = &[Key::Meta];
    const ACTION: &'static str = "read the groups that are held";
    type Reply = Vec<HeldGroup>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.most);
    }

    fn read(&self, reply: Value) -> Result<Vec<HeldGroup>, Corrupt> {
        let items = reply::array(reply, Self::ACTION)?;
        let (groups, _) = items.as_chunks::<4>();
        let group = |[name, until, waiting, by]: &[Value; 4]| {
            let by = reply::optional(by).map(|by| reply::text(by, Self::ACTION)).transpose()?;
            let odd = |_| Corrupt::new(Self::ACTION, "an id that is none");
            Ok(HeldGroup {
                name: reply::text(name, Self::ACTION)?.to_owned(),
                until: match reply::int(until, Self::ACTION)? {
                    -1 => HeldUntil::Room,
                    -2 => HeldUntil::Resumed,
                    at => HeldUntil::At(at),
                },
                waiting: reply::count(waiting, Self::ACTION)?,
                by: by.map(|by| by.parse().map_err(odd)).transpose()?,
            })
        };
        groups.iter().map(group).collect()
    }
}
