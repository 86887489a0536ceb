//! Whether the server runs scripts.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject};

pub(super) fn check(server: &ServerReport) -> Option<Finding> {
    let why = server.scripts_refused.as_ref()?;
    let text = [
        format!("It runs no scripts: {why}."),
        "Nothing can be added, run or ended.".to_owned(),
        "ACL SETUSER … +eval +evalsha".to_owned(),
    ];
    let subject = Subject::Server(server.address.clone());
    Some(Finding::new(Check::Scripts, Severity::Error, subject, text))
}
