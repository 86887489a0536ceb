//! Whether there is a second copy, and whether this server takes writes.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject};

pub(super) fn check(server: &ServerReport) -> Option<Finding> {
    let finding = |severity, text: [&str; 3]| {
        let subject = Subject::Server(server.address.clone());
        Some(Finding::new(Check::Replicas, severity, subject, text.map(str::to_owned)))
    };
    if server.is_replica == Some(true) {
        let means = "It refuses all writes, and so adds, runs and ends.";
        let mend = "connect to the primary, or REPLICAOF NO ONE if it is to be one";
        return finding(Severity::Error, ["This server is a replica.", means, mend]);
    }
    if server.replicas == Some(0) {
        let means = "No jobs run while it is down, and a lost disk loses all of them.";
        let mend = "start a replica: REPLICAOF <this host> <port> on another server";
        return finding(Severity::Note, ["It has no replica.", means, mend]);
    }
    None
}
