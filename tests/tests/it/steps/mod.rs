//! Steps: parts of a job that are recorded, sleeps and waits without a slot, signals.

mod changed;
mod compensation;
mod faults;
mod kit;
mod loops;
mod pairs;
mod retried;
mod signals;
mod sleeps;
mod together;
mod travels;
mod versions;
mod zombies;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jobqueue::{JobHandle, JobState};
use jobqueue_tests::{leftovers::keys_that_stay, shared, wait::eventually};

/// How often each effect has happened.
#[derive(Clone, Default)]
struct Effects(Arc<Mutex<HashMap<String, u32>>>);

impl Effects {
    /// It happens; answers how often it has.
    fn happen(&self, name: impl Into<String>) -> u32 {
        let mut all = self.0.lock().expect("no panic");
        let count = all.entry(name.into()).or_default();
        *count += 1;
        *count
    }

    fn of(&self, name: &str) -> u32 {
        self.0.lock().expect("no panic").get(name).copied().unwrap_or_default()
    }
}

async fn is<T>(job: &JobHandle<T>, state: JobState) {
    let reached = async || job.state().await.expect("an answer") == Some(state);
    eventually("the job's state", reached).await;
}

/// Keys of steps that are left.
fn left(base: &str) -> Vec<String> {
    keys_that_stay(&mut shared::connection(), &format!("{base}*steps:*"))
}
