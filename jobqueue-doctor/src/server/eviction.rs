//! What a full server does.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject};

pub(super) fn check(server: &ServerReport) -> Option<Finding> {
    let policy = server.eviction.as_deref().filter(|policy| *policy != "noeviction")?;
    // Of what has a time to live, only callers' inboxes and notes of calls are taken.
    let severity =
        if policy.starts_with("volatile-") { Severity::Warning } else { Severity::Error };
    let text = [
        format!("maxmemory-policy is {policy}."),
        "A full server deletes jobs and what it knows of them without a word.".to_owned(),
        "CONFIG SET maxmemory-policy noeviction".to_owned(),
    ];
    let subject = Subject::Server(server.address.clone());
    Some(Finding::new(Check::Eviction, severity, subject, text))
}
