//! Which of some jobs have ended or are gone.

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

/// `lua/job/over.lua`
pub(crate) struct Over<'a> {
    /// Up to 1,000.
    pub(crate) ids: &'a [JobId],
}

impl Command for Over<'_> {
    const SCRIPT: &'static Script = script!("job" / over, []);
    const KEYS: &'static [Key] = &[Key::Jobs, Key::Completed, Key::Failed];
    const ACTION: &'static str = "look for jobs that have ended";
    type Reply = Vec<JobId>;

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<Vec<JobId>, Corrupt> {
        let at = |index: &Value| {
            let index = usize::try_from(reply::count(index, Self::ACTION)?).ok();
            let id = index.and_then(|index| self.ids.get(index.checked_sub(1)?));
            id.cloned().ok_or_else(|| Corrupt::new(Self::ACTION, "an index out of range"))
        };
        reply::array(reply, Self::ACTION)?.iter().map(at).collect()
    }
}
