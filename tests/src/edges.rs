//! Numbers at their edges, and what must work after each of them, accepted or refused.

use std::{fmt::Display, time::Duration};

use jobqueue::{Error, JobState, Queue};

/// Counts at the edges of what settings, scripts and the server's commands can take.
pub const COUNTS: [u64; 9] = [
    0,
    1,
    1_000_000_000,
    1_000_000_001,
    1 << 48,
    (1 << 53) + 1,
    i64::MAX.unsigned_abs(),
    i64::MAX.unsigned_abs() + 1,
    u64::MAX,
];

const YEAR: u64 = 365 * 86_400;

/// Durations at the edges: none, parts of a millisecond, and beyond clocks and scores.
pub const TIMES: [Duration; 9] = [
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_micros(999),
    Duration::from_micros(1_500),
    Duration::from_secs(3_600),
    Duration::from_secs(100 * YEAR),
    Duration::from_secs(10_000 * YEAR),
    Duration::from_millis(u64::MAX),
    Duration::MAX,
];

/// What became of settings.
#[derive(Debug, Default)]
pub struct Table {
    /// How many were accepted.
    pub accepted: usize,
    /// How many were refused before anything was sent.
    pub refused: usize,
    /// What was wrong, line by line.
    pub complaints: Vec<String>,
}

impl Table {
    /// Notes what became of a setting, and of what must work after it.
    pub fn note<T>(
        &mut self,
        what: impl Display,
        set: &Result<T, Error>,
        works: Result<(), impl Display>,
    ) {
        match set {
            Ok(_) => self.accepted += 1,
            Err(Error::Invalid(_) | Error::Payload(_)) => self.refused += 1,
            Err(error) => {
                self.complaints.push(format!("{what} is neither accepted nor refused: {error}"))
            }
        }
        if let Err(problem) = works {
            let was = if set.is_ok() { "accepted" } else { "refused" };
            self.complaints.push(format!("{what} is {was}, and then: {problem}"));
        }
    }

    /// Demands that some were accepted, some refused, and nothing was wrong.
    ///
    /// # Panics
    /// Something was.
    pub fn assert_sound(self) {
        assert!(self.complaints.is_empty(), "{}", self.complaints.join("\n"));
        assert!(self.accepted > 0 && self.refused > 0, "{self:?}");
    }
}

/// An add, a run by hand, and a look at all there is to see.
///
/// # Errors
/// What did not work.
pub async fn works(queue: &Queue) -> Result<(), String> {
    let said = |step: &str, error: &dyn Display| format!("{step}: {error}");
    let job = queue.add("any", &1_u64).await.map_err(|error| said("add", &error))?;
    let receive = queue.receive(1, Duration::from_secs(5));
    let taken = receive.await.map_err(|error| said("receive", &error))?.pop();
    let delivery = taken.ok_or("nothing was received")?;
    if delivery.id() != job.id() {
        return Err(format!("{} was received instead of {}", delivery.id(), job.id()));
    }
    delivery.complete_with(&2_u64).await.map_err(|error| said("complete", &error))?;
    match job.typed::<u64>().result().await {
        Ok(2) => {}
        other => return Err(format!("the result is {other:?}")),
    }
    looks(queue).await
}

/// A look at all there is to see of a queue.
///
/// # Errors
/// What did not work.
pub async fn looks(queue: &Queue) -> Result<(), String> {
    let said = |step: &str, error: Error| format!("{step}: {error}");
    queue.counts().await.map_err(|error| said("counts", error))?;
    queue.limits().await.map_err(|error| said("limits", error))?;
    queue.stats().await.map_err(|error| said("stats", error))?;
    for state in [JobState::Waiting, JobState::Delayed, JobState::Active, JobState::Completed] {
        queue.jobs(state).page(0, 10).await.map_err(|error| said("a page", error))?;
    }
    Ok(())
}
