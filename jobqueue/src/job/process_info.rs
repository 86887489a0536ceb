//! Which process something came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A process, as it says who it is: see [`ClientBuilder::program`](crate::ClientBuilder::program).
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProcessInfo {
    /// The name of its host.
    pub host: String,
    /// Its number on that host.
    pub pid: u32,
    /// Its program; by default the name of its file.
    pub program: String,
    /// The program's version; empty by default.
    pub version: String,
    /// What it says of itself beside that, such as a zone.
    pub labels: BTreeMap<String, String>,
}

impl ProcessInfo {
    /// `host:pid program version`.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { host, pid, program, version, .. } = self;
        let line = format!("{host}:{pid} {program} {version}");
        line.trim_end().to_owned()
    }

    /// Its program and version, each behind a newline, and one at the end.
    pub(crate) fn release(&self) -> String {
        let line = |text: &str| text.replace('\n', " ");
        format!("\n{}\n{}\n", line(&self.program), line(&self.version))
    }
}
