//! What a crash of the server loses.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject};

/// The server in the process that keeps nothing.
const IN_MEMORY: &str = "embedded:";

pub(super) fn check(server: &ServerReport) -> Vec<Finding> {
    let Some(persistence) = &server.persistence else { return Vec::new() };
    let finding = |severity, text: [&str; 3]| {
        let subject = Subject::Server(server.address.clone());
        Finding::new(Check::Persistence, severity, subject, text.map(str::to_owned))
    };
    let mut findings = Vec::new();
    if let Some(failed) = &persistence.failed {
        let what = format!("{failed} failed.");
        let means = "Redis may refuse writes, and a crash loses more than it should.";
        let mend = "look at the server's log and at the room on its disk";
        findings.push(finding(Severity::Error, [&what, means, mend]));
    }
    if persistence.append_only {
        if persistence.fsync.as_deref() == Some("no") {
            let means = "A crash of the machine loses what the system hasn't written, about 30 s.";
            let mend = "CONFIG SET appendfsync everysec";
            findings.push(finding(Severity::Warning, ["appendfsync is no.", means, mend]));
        }
    } else if server.address == IN_MEMORY {
        let means = "All jobs go with the process that has them.";
        let mend = "connect to a folder, as embedded:/var/lib/app/jobs";
        findings.push(finding(Severity::Warning, ["Nothing is written to disk.", means, mend]));
    } else if persistence.snapshots == Some(false) {
        let what = "Nothing is written to disk.";
        let means = "A restart of the server loses all jobs.";
        findings.push(finding(Severity::Error, [what, means, "CONFIG SET appendonly yes"]));
    } else {
        let what = "There are snapshots at most, and no append-only file.";
        let means = "A crash loses all jobs since the last snapshot.";
        findings.push(finding(Severity::Warning, [what, means, "CONFIG SET appendonly yes"]));
    }
    findings
}
