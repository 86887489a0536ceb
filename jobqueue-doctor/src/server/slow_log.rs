//! Whether calls took long.

use jobqueue::{
    stats::ServerReport,
    types::{DateTime, Utc},
};

use crate::{
    Check, Finding, Severity, Subject, Thresholds,
    finding::{count, long},
};

pub(super) fn check(
    server: &ServerReport,
    now: DateTime<Utc>,
    thresholds: &Thresholds,
) -> Option<Finding> {
    let calls = server.slow_calls.as_ref()?.iter();
    let recent =
        |at: DateTime<Utc>| (now - at).to_std().unwrap_or_default() <= thresholds.slow_call;
    let recent: Vec<_> = calls.filter(|call| recent(call.at)).collect();
    let slowest = recent.iter().max_by_key(|call| call.took)?;
    let text = [
        format!(
            "{} of the last {}; the slowest, {}, took {}.",
            count(recent.len() as u64, "slow call"),
            long(thresholds.slow_call),
            slowest.command,
            long(slowest.took),
        ),
        "All else waits while the server is at one call.".to_owned(),
        "SLOWLOG GET says which; what isn't of this library is better done elsewhere".to_owned(),
    ];
    let subject = Subject::Server(server.address.clone());
    let first = recent.iter().map(|call| call.at).min();
    Some(Finding::new(Check::SlowLog, Severity::Note, subject, text).since(first))
}
