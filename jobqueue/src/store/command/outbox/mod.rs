//! Scripts that carry effects from one queue to others.

mod apply;
mod enqueue;
mod meet;
mod readmit;
mod register_source;
mod reply;
mod take;

use super::Args;
#[cfg(feature = "internals")]
use super::{Command, Script};
use crate::job::{Along, Effect};
pub(crate) use apply::{Apply, TargetCopy};
pub(crate) use enqueue::Enqueue;
pub(crate) use meet::Meet;
pub(crate) use readmit::Readmit;
pub(crate) use register_source::RegisterSource;
pub(crate) use reply::Reply;
pub(crate) use take::{EntryAlong, OutboxEntry, Take, TakenEntries};

/// Writes an effect as the scripts read it.
pub(crate) fn write_effect(effect: &Effect, args: &mut Args<'_>) {
    args.push(effect.to.to_string()).push(effect.id.as_str());
    args.push(effect.priority.get()).push(effect.record.as_slice());
    match &effect.along {
        Along::Nothing => args.push(""),
        Along::Arrival(arrival) => match (arrival.to_text(), &arrival.steps) {
            (text, None) => args.push(format!("={text}")),
            (text, Some(steps)) => {
                let head = format!("+{}:{text}", text.len());
                args.push([head.as_bytes(), steps].concat())
            }
        },
        Along::History { of, ended_by_newest, has_steps } => {
            args.push(format!("{}:{of}", u8::from(*ended_by_newest) + 2 * u8::from(*has_steps)))
        }
    };
}

#[cfg(feature = "internals")]
pub(crate) fn scripts() -> [&'static Script; 7] {
    [
        Apply::SCRIPT,
        Enqueue::SCRIPT,
        Meet::SCRIPT,
        Readmit::SCRIPT,
        RegisterSource::SCRIPT,
        Reply::SCRIPT,
        Take::SCRIPT,
    ]
}
