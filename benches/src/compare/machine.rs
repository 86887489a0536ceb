//! What all of it ran on.

use std::collections::BTreeMap;

use serde::Serialize;

/// The machine, and the versions of what ran on it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// How many cores there are.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// The kernel.
    pub kernel: String,
    /// The server's version.
    pub redis: String,
    /// When it began, in UTC.
    pub date: String,
    /// Versions by contestant.
    pub versions: BTreeMap<String, String>,
}

impl Machine {
    /// This machine. What can't be found out is empty or 0.
    #[must_use]
    pub fn here(redis: &str) -> Self {
        let field = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
        };
        let kib = field("/proc/meminfo", "MemTotal");
        let kib: u64 = kib.trim_end_matches(" kB").parse().unwrap_or(0);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: kib / 1024,
            kernel: kernel.trim().to_owned(),
            redis: redis.to_owned(),
            date: chrono::Utc::now().format("%Y-%m-%d %H:%M").to_string(),
            versions: BTreeMap::new(),
        }
    }
}
