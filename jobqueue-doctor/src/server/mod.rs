//! Checks of servers.

mod clock;
mod eviction;
mod memory;
mod persistence;
mod replicas;
mod scripts;
mod slow_log;
mod version;

use jobqueue::{stats::ServerReport, types::Utc};

use crate::{Finding, Thresholds};

/// What is wrong with a server, by what it says of itself. Nothing is sent. Of what it doesn't say,
/// [`ServerReport::hidden`], there is no word here.
#[must_use]
pub fn server_findings(server: &ServerReport, thresholds: &Thresholds) -> Vec<Finding> {
    let mut findings: Vec<Finding> = eviction::check(server).into_iter().collect();
    findings.extend(persistence::check(server));
    findings.extend(replicas::check(server));
    findings.extend(version::check(server));
    findings.extend(scripts::check(server));
    findings.extend(memory::check(server, thresholds));
    findings.extend(clock::check(server, thresholds));
    findings.extend(slow_log::check(server, Utc::now(), thresholds));
    findings
}
