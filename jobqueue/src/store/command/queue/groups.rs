//! The groups with the most turns ahead.

use redis::Value;

use crate::{
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/queue/groups.lua`
pub(crate) struct ReadGroups {
    /// How many at most.
    pub(crate) most: usize,
}

/// The groups of a queue that have jobs that wait.
#[derive(Debug)]
pub(crate) struct Rotation {
    /// How many jobs without a group wait.
    pub(crate) plain: u64,
    pub(crate) plain_weight: Option<u64>,
    /// Each with about how many of its jobs wait, and its weight, if one is set.
    pub(crate) groups: Vec<(String, u64, Option<u64>)>,
}

impl Command for ReadGroups {
    const SCRIPT: &'static Script =
        script!("queue" / groups, [layout, key, lanes, group_of, groups]);
    const KEYS: &'static [Key] = &[Key::Waiting, Key::Meta];
    const ACTION: &'static str = "read a queue's groups";
    type Reply = Rotation;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.most);
    }

    fn read(&self, reply: Value) -> Result<Rotation, Corrupt> {
        let items = reply::array(reply, Self::ACTION)?;
        let [plain, plain_weight, groups @ ..] = &items[..] else {
            return Err(Corrupt::new(Self::ACTION, "an empty answer"));
        };
        let (groups, _) = groups.as_chunks::<3>();
        let group = |[name, waiting, set]: &[Value; 3]| {
            let name = reply::text(name, Self::ACTION)?.to_owned();
            Ok((name, reply::count(waiting, Self::ACTION)?, weight(set)?))
        };
        Ok(Rotation {
            plain: reply::count(plain, Self::ACTION)?,
            plain_weight: weight(plain_weight)?,
            groups: groups.iter().map(group).collect::<Result<_, Corrupt>>()?,
        })
    }
}

fn weight(value: &Value) -> Result<Option<u64>, Corrupt> {
    reply::optional(value).map(|it| reply::count(it, ReadGroups::ACTION)).transpose()
}
