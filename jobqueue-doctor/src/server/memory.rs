//! How full the server is, and how much of it is air.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject, Thresholds};

pub(super) fn check(server: &ServerReport, thresholds: &Thresholds) -> Vec<Finding> {
    let Some(memory) = &server.memory else { return Vec::new() };
    let finding = |severity, text| {
        Finding::new(Check::Memory, severity, Subject::Server(server.address.clone()), text)
    };
    let mut findings = Vec::new();
    if let Some(limit) = memory.limit {
        let share = memory.used as f64 / limit as f64;
        if share >= thresholds.full {
            let severity = if share >= 1.0 { Severity::Error } else { Severity::Warning };
            findings.push(finding(severity, [
                format!("{:.0} % of maxmemory are used ({} of {limit} bytes).", share * 100.0, memory.used),
                "A full server refuses adds.".to_owned(),
                "raise it by CONFIG SET maxmemory, keep less of what has ended, or set `max_length`"
                    .to_owned(),
            ]));
        }
    }
    if let Some(fragmentation) = memory.fragmentation
        && fragmentation > thresholds.fragmentation
        && memory.used >= thresholds.fragmented_from
    {
        findings.push(finding(
            Severity::Note,
            [
                format!("Its memory is {fragmentation} times what it uses."),
                "The rest is lost to gaps between what is kept.".to_owned(),
                "CONFIG SET activedefrag yes, or restart it".to_owned(),
            ],
        ));
    }
    findings
}
