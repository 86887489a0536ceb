//! Checks of servers.

mod access;
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

/// What is wrong with a server, by what it says of itself. Nothing is sent.
#[must_use]
pub fn server_findings(server: &ServerReport, thresholds: &Thresholds) -> Vec<Finding> {
    let mut findings = access::check(server);
    findings.extend(eviction::check(server));
    findings.extend(persistence::check(server));
    findings.extend(replicas::check(server));
    findings.extend(version::check(server));
    findings.extend(scripts::check(server));
    findings.extend(memory::check(server, thresholds));
    findings.extend(clock::check(server, thresholds));
    findings.extend(slow_log::check(server, Utc::now(), thresholds));
    findings
}
