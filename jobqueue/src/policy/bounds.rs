//! Bounds of counts that the scripts and the server's commands read: beyond them a number is
//! refused before it is written anywhere.

use crate::value_error::Invalid;

/// The highest count of jobs or entries that a setting may have: more than a server holds.
pub(crate) const MOST_COUNTED: u64 = 1_000_000_000;

/// How many jobs may be active at once. `what` is the setter.
pub(crate) fn check_max_active(what: &'static str, max: u64) -> Result<(), Invalid> {
    let advice = "use 1 to 1,000,000,000, or leave it out for no limit; pause the queue to stop it";
    check(what, max, 1, advice)
}

/// How many jobs may wait.
pub(crate) fn check_max_length(max: u64) -> Result<(), Invalid> {
    let advice = "use 0 (every add is refused) to 1,000,000,000, or `None` for no limit";
    check("max_length", max, 0, advice)
}

/// How many entries the event stream keeps.
pub(crate) fn check_events(entries: u64) -> Result<(), Invalid> {
    check("events", entries, 0, "use 0 (no events) to 1,000,000,000")
}

fn check(what: &'static str, value: u64, least: u64, advice: &str) -> Result<(), Invalid> {
    if (least..=MOST_COUNTED).contains(&value) {
        return Ok(());
    }
    Err(Invalid::new(what, value, advice))
}
