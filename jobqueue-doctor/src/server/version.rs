//! Whether the server has the commands that are needed.

use jobqueue::stats::ServerReport;

use crate::{Check, Finding, Severity, Subject};

pub(super) fn check(server: &ServerReport) -> Option<Finding> {
    if server.supported != Some(false) {
        return None;
    }
    let unknown = || "?".to_owned();
    let product = server.product.clone().unwrap_or_else(unknown);
    let version = server.version.clone().unwrap_or_else(unknown);
    let text = [
        format!("It is {product} {version}."),
        "It lacks commands that the scripts use: clients refuse to connect.".to_owned(),
        "update to Redis 6.2, Valkey 7.2 or newer".to_owned(),
    ];
    let subject = Subject::Server(server.address.clone());
    Some(Finding::new(Check::Version, Severity::Error, subject, text))
}
