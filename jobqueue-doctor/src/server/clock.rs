//! Whether clocks agree.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject, Thresholds, finding::long};

pub(super) fn check(server: &ServerReport, thresholds: &Thresholds) -> Option<Finding> {
    let ahead = server.clock_ahead?;
    let off = ahead.abs().to_std().ok().filter(|off| *off > thresholds.clock)?;
    let side = if ahead.num_milliseconds() > 0 { "ahead of" } else { "behind" };
    let text = [
        format!("Its clock is {} {side} this machine's.", long(off)),
        "Delays, schedules, deadlines and times to live come too early or too late by that."
            .to_owned(),
        "let NTP set both clocks: timedatectl set-ntp true".to_owned(),
    ];
    let subject = Subject::Server(server.address.clone());
    Some(Finding::new(Check::Clock, Severity::Warning, subject, text))
}
