//! What the server doesn't say.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject};

pub(super) fn check(server: &ServerReport) -> Vec<Finding> {
    let finding = |hidden: &jobqueue::stats::Hidden| {
        let what = format!("{} is refused: {}", hidden.command, hidden.why);
        let means = format!("{} couldn't be looked at.", seen_by(hidden.command));
        let mend = format!("ACL SETUSER … {}", right(hidden.command));
        let subject = Subject::Server(server.address.clone());
        Finding::new(Check::Access, Severity::Note, subject, [what, means, mend])
    };
    server.hidden.iter().map(finding).collect()
}

fn seen_by(command: &str) -> &'static str {
    match command {
        "INFO" => "Version, memory, eviction policy, persistence and replicas",
        "CONFIG GET" => "How often changes reach the disk, and whether there are snapshots,",
        "TIME" => "The clock",
        "SLOWLOG GET" => "Slow calls",
        _ => "A part",
    }
}

fn right(command: &str) -> &'static str {
    match command {
        "INFO" => "+info",
        "CONFIG GET" => "+config|get",
        "TIME" => "+time",
        "SLOWLOG GET" => "+slowlog|get",
        _ => "+@read",
    }
}
