//! What the doctor says of servers and queues: asked when somebody wants it, and for all together no
//! more often than twice a minute, since it looks at every queue.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use jobqueue::{Client, Result};
use jobqueue_doctor::{Doctor, Report, Thresholds};
use tokio::sync::Mutex as Turn;

/// How long the doctor isn't asked again.
const REST: Duration = Duration::from_secs(30);

/// What was found, and when.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) at: DateTime<Utc>,
    pub(crate) report: Arc<Report>,
    asked: Instant,
}

/// The doctor, and what it said last.
#[derive(Debug)]
pub(crate) struct Checkup {
    doctor: Doctor,
    thresholds: Thresholds,
    last: Mutex<Option<Checked>>,
    // Whoever comes while it looks waits for what it finds.
    turn: Turn<()>,
}

impl Checkup {
    pub(crate) fn new(client: &Client, thresholds: Thresholds) -> Self {
        let doctor = Doctor::new(client).thresholds(thresholds.clone());
        Self { doctor, thresholds, last: Mutex::default(), turn: Turn::default() }
    }

    /// From where on something is wrong.
    pub(crate) fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// What was found last.
    pub(crate) fn last(&self) -> Option<Checked> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the doctor, unless it was asked just before.
    pub(crate) async fn run(&self) -> Result<()> {
        let _turn = self.turn.lock().await;
        if self.last().is_some_and(|last| last.asked.elapsed() < REST) {
            return Ok(());
        }
        let report = Arc::new(self.doctor.run().await?);
        let checked = Checked { at: Utc::now(), report, asked: Instant::now() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(checked);
        Ok(())
    }
}
