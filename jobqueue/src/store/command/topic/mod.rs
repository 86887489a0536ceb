//! Scripts on a topic.

mod bind;
mod configure;
mod delete;
mod publish;
mod replay;
mod stats;
mod unbind;

#[cfg(feature = "internals")]
use super::{Command, Script};
use crate::{store::reply, value_error::Corrupt};
pub(crate) use bind::Bind;
use bytes::Bytes;
pub(crate) use configure::Configure;
pub(crate) use delete::Delete;
pub(crate) use publish::{NewMessage, Publish, Published};
use redis::Value;
pub(crate) use replay::Replay;
pub(crate) use stats::Stats;
pub(crate) use unbind::Unbind;

/// A binding as it stands in Redis: its text, and its filter or the position of its replay.
pub(crate) type RawBinding = (String, Bytes);

/// The bindings by which publishers route.
#[derive(Clone, Debug)]
pub(crate) struct Bindings {
    pub(crate) version: String,
    /// The queue of messages that no binding is for; empty for none.
    pub(crate) alternate: String,
    pub(crate) all: Vec<RawBinding>,
}

/// The answer of HGETALL.
fn read_bindings(value: Value, what: &'static str) -> Result<Vec<RawBinding>, Corrupt> {
    let mut items = reply::array(value, what)?.into_iter();
    let mut all = Vec::with_capacity(items.len() / 2);
    while let (Some(binding), Some(value)) = (items.next(), items.next()) {
        all.push((reply::text(&binding, what)?.to_owned(), reply::bytes(value, what)?));
    }
    Ok(all)
}

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 7] {
    [
        Bind::SCRIPT,
        Configure::SCRIPT,
        Delete::SCRIPT,
        Publish::SCRIPT,
        Replay::SCRIPT,
        Stats::SCRIPT,
        Unbind::SCRIPT,
    ]
}
