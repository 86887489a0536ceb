//! The output of the soak.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jobqueue::stats::QueueCounts;

use super::Plan;
use crate::account::{Proof, flows::proof::FlowProof};

/// Lines on standard output: one a minute, or more often if it is soon over.
#[derive(Debug)]
pub(super) struct Report {
    began: Instant,
    step: Duration,
    next: Duration,
    faults: BTreeMap<&'static str, u64>,
    verbose: bool,
}

impl Report {
    pub(super) fn new(plan: Plan) -> Self {
        let step = Duration::from_secs(if plan.time > Duration::from_secs(300) { 60 } else { 15 });
        say(&format!("soak for {:?}, seed {}", plan.time, plan.seed));
        Self {
            began: Instant::now(),
            step,
            next: step,
            faults: BTreeMap::new(),
            verbose: plan.verbose,
        }
    }

    /// A fault was made, and took so long to be mended.
    pub(super) fn fault(&mut self, name: &'static str, took: Duration) {
        *self.faults.entry(name).or_default() += 1;
        if self.verbose {
            say(&format!("{:>7.1} s: {name}, {took:.1?}", self.began.elapsed().as_secs_f64()));
        }
    }

    /// Whether it is time for a line.
    pub(super) fn is_due(&self) -> bool {
        self.began.elapsed() >= self.next
    }

    pub(super) fn line(&mut self, counts: Option<QueueCounts>) {
        self.next = self.began.elapsed() + self.step;
        let faults: u64 = self.faults.values().sum();
        let jobs = counts.map_or_else(
            || "redis doesn't answer".to_owned(),
            |it| {
                format!(
                    "{} added, {} completed, {} failed; {} waiting, {} delayed, {} active, \
                     {} workers",
                    it.total_added,
                    it.total_completed,
                    it.total_failed,
                    it.waiting,
                    it.delayed,
                    it.active,
                    it.workers
                )
            },
        );
        say(&format!("{:>5} s: {faults} faults; {jobs}", self.began.elapsed().as_secs()));
    }

    pub(super) fn flows(&self, proof: &FlowProof) {
        let FlowProof { flows, nodes, followed, half, .. } = proof;
        say(&format!(
            "{flows} flows ended with {nodes} nodes completed and {followed} jobs after them; \
             {half} were never started"
        ));
    }

    pub(super) fn end(&self, proof: &Proof) {
        let faults: Vec<String> =
            self.faults.iter().map(|(name, count)| format!("{name} {count}")).collect();
        say(&format!("faults: {}", faults.join(", ")));
        say(&proof.to_string());
    }
}

#[allow(clippy::print_stdout, reason = "a program's output")]
fn say(line: &str) {
    println!("{line}");
}
