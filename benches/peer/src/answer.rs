//! What a contestant answers.

use serde::{Deserialize, Serialize};

/// One line on a contestant's standard output.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is connected and waits for tasks.
    Hello(Hello),
    /// Jobs are added; it took so many seconds.
    Added(f64),
    /// So many runs have begun so far.
    Ran(usize),
    /// The worker has stopped, or the jobs of a latency task have all run.
    Done {
        /// How often each job ran: one digit a job, `9` for more.
        counts: String,
        /// When the last run began, in milliseconds since the epoch.
        last_ms: f64,
        /// How long jobs waited, where that was asked.
        waits: Option<Percentiles>,
    },
    /// What was asked could not be done.
    Error(String),
}

/// Who a contestant is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// The version of its package.
    pub version: String,
    /// Names of what it has no way to do: `bulk`, `keep`, `fail_once`, `priorities`, `due`,
    /// `latency`.
    pub lacks: Vec<String>,
}

impl Hello {
    /// A version, and what it has no way to do.
    #[must_use]
    pub fn new(version: impl Into<String>, lacks: &[&str]) -> Self {
        let lacks = lacks.iter().map(|&lack| lack.to_owned()).collect();
        Self { version: version.into(), lacks }
    }

    /// Whether it has no way to do this.
    #[must_use]
    pub fn lacks(&self, what: &str) -> bool {
        self.lacks.iter().any(|lack| lack == what)
    }
}

/// The version of a package by the text of a `Cargo.lock`; empty if it isn't there.
#[must_use]
pub fn locked_version(lock: &str, package: &str) -> String {
    let entry = format!("name = \"{package}\"\nversion = \"");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next());
    version.unwrap_or_default().to_owned()
}

/// Waits in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half of the jobs waited no longer.
    pub p50: f64,
    /// 99 of 100 waited no longer.
    pub p99: f64,
    /// 999 of 1,000 waited no longer.
    pub p999: f64,
}

impl Percentiles {
    /// Of some waits; nothing of none.
    #[must_use]
    pub fn of(mut waits: Vec<f64>) -> Option<Self> {
        waits.sort_by(f64::total_cmp);
        let last = waits.len().checked_sub(1)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let at = |share: f64| waits[((last as f64 * share).ceil() as usize).min(last)];
        Some(Self { p50: at(0.5), p99: at(0.99), p999: at(0.999) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_a_lock_file() {
        let lock = "[[package]]\nname = \"redis\"\nversion = \"1.8.1\"\nsource = \"…\"\n";
        assert_eq!(locked_version(lock, "redis"), "1.8.1");
        assert_eq!(locked_version(lock, "red"), "");
    }

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let of = Percentiles::of((0..=1000).map(f64::from).collect()).expect("there are waits");
        assert_eq!((of.p50, of.p99, of.p999), (500.0, 990.0, 999.0));
        assert!(Percentiles::of(Vec::new()).is_none());
    }
}
