//! What receives of a process do now and then for their queue.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{hashing::RandomState, job::QueueName};

/// When the process did so last, by queue.
#[derive(Debug, Default)]
pub(super) struct Rounds(Mutex<HashMap<QueueName, Instant, RandomState>>);

impl Rounds {
    /// Whether it is time again; the caller then does it.
    pub(super) fn take_due(&self, queue: &QueueName, every: Duration) -> bool {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rounds.get(queue).is_some_and(|at| at.elapsed() < every) {
            return false;
        }
        rounds.insert(queue.clone(), Instant::now());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_queue_has_its_own_time() {
        let (rounds, every) = (Rounds::default(), Duration::from_secs(60));
        let [a, b] = ["a", "b"].map(|name| name.parse::<QueueName>().expect("a good name"));
        assert!(rounds.take_due(&a, every) && !rounds.take_due(&a, every));
        assert!(rounds.take_due(&b, every));
        tokio::time::advance(every).await;
        assert!(rounds.take_due(&a, every));
    }
}
