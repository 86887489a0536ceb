//! What groups may have at once, and per time.

use redis::Value;

use crate::{
    error::Result,
    policy::GroupLimits,
    store::{queue_store::QueueStore, reply},
    value_error::Corrupt,
};

impl QueueStore {
    /// What a group may have.
    pub(crate) async fn group_limits(&self, group: &str) -> Result<GroupLimits> {
        const ACTION: &str = "read a group's limits";
        let mut command = redis::cmd("HMGET");
        command.arg(format!("{}group_limits", self.keys.base())).arg(group).arg("");
        let found = self.request_retrying(&command, ACTION).await?;
        let words: [Value; 2] = reply::tuple(found, ACTION)?;
        let text = |value: &Value| match reply::optional(value) {
            None => Ok(String::new()),
            Some(text) => reply::text(text, ACTION).map(str::to_owned),
        };
        let (own, all) = (text(&words[0])?, text(&words[1])?);
        let odd = || Corrupt::new(ACTION, format!("{own:?} and {all:?}"));
        Ok(GroupLimits::from_words(&own, &all).ok_or_else(odd)?)
    }
}
