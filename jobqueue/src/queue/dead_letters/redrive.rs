//! Sending dead letters back to the queues that they come from.

use std::{collections::BTreeSet, fmt, future::IntoFuture, pin::Pin, time::Duration};

use tokio::time::sleep;

use super::DeadLetters;
use crate::{
    error::Result,
    job::{DeadLetter, Effect, JobId, JobState, Priority, QueueName, Target},
    policy::Rate,
    store::{job, outbox},
};

/// How many dead letters are sent back in one step.
const STEP: usize = 100;

type Filter<'a> = Box<dyn Fn(&DeadLetter) -> bool + Send + Sync + 'a>;

impl DeadLetters {
    /// Sends dead letters back to the queues that they come from, under the ids that they had there
    /// and with their attempts counted anew: all that wait now, unless options say which. Set
    /// options, then await it for the number of jobs that it sent back.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     dead: jobqueue::dead_letter::DeadLetters, id: jobqueue::JobId,
    /// # ) -> jobqueue::Result<()> {
    /// dead.redrive().ids([&id]).await?; // one
    /// dead.redrive().filter(|failed| failed.queue == "orders").await?; // those of one queue
    /// dead.redrive().await?; // all
    /// # Ok(())
    /// # }
    /// ```
    pub fn redrive<'a>(&self) -> Redrive<'a> {
        Redrive { dead_letters: self.clone(), ids: None, filter: None, rate: None }
    }
}

/// Dead letters about to be sent back; see [`DeadLetters::redrive`].
///
/// Dead letters that a handler runs, or that are gone, stay out of it. A job that was retried in
/// its own queue meanwhile, and has ended there, runs once more.
///
/// # Cancel safety
/// Dropped before it is done, some dead letters are on their way back, and the others stay. None is
/// lost, and none goes twice.
///
/// # Errors
/// Those of any call. Jobs that have left this queue arrive in any case: they are in the outbox,
/// and the workers of their queues relay them.
#[must_use = "dead letters are sent back when this is awaited"]
pub struct Redrive<'a> {
    dead_letters: DeadLetters,
    ids: Option<Vec<JobId>>,
    filter: Option<Filter<'a>>,
    rate: Option<Rate>,
}

impl fmt::Debug for Redrive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dead_letters, ids, filter, rate } = self;
        f.debug_struct("Redrive")
            .field("dead_letters", dead_letters)
            .field("ids", ids)
            .field("filtered", &filter.is_some())
            .field("rate", rate)
            .finish()
    }
}

impl<'a> Redrive<'a> {
    /// Only these dead letters, by their ids in this queue; by default all that wait now.
    pub fn ids<I>(mut self, ids: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<JobId>,
    {
        self.ids = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only dead letters for which `filter` is true; all by default.
    pub fn filter(mut self, filter: impl Fn(&DeadLetter) -> bool + Send + Sync + 'a) -> Self {
        self.filter = Some(Box::new(filter));
        self
    }

    /// No faster than this; without a limit by default.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    async fn run(mut self) -> Result<u64> {
        let pace = Pace::new(self.rate)?;
        match self.ids.take() {
            Some(ids) => self.send_ids(&ids, &pace).await,
            None => self.send_all(&pace).await,
        }
    }

    async fn send_ids(&self, ids: &[JobId], pace: &Pace) -> Result<u64> {
        let mut sent = 0;
        let mut steps = ids.chunks(pace.step).peekable();
        while let Some(ids) = steps.next() {
            let moved = self.send(ids).await?;
            sent += moved;
            if steps.peek().is_some() {
                pace.wait(moved).await;
            }
        }
        Ok(sent)
    }

    /// Only the dead letters that wait now: one that fails again meanwhile doesn't go in circles.
    async fn send_all(&self, pace: &Pace) -> Result<u64> {
        let waiting = self.dead_letters.queue().jobs(JobState::Waiting);
        let (mut left, mut kept, mut sent) = (self.dead_letters.count().await?, 0, 0);
        while left > 0 {
            let ids = waiting.ids(kept, left.min(pace.step as u64)).await?;
            if ids.is_empty() {
                break;
            }
            let moved = self.send(&ids).await?;
            let looked = ids.len() as u64;
            left = left.saturating_sub(looked);
            kept += looked.saturating_sub(moved);
            sent += moved;
            if left > 0 {
                pace.wait(moved).await;
            }
        }
        Ok(sent)
    }

    /// Sends one step's dead letters; returns how many went.
    async fn send(&self, ids: &[JobId]) -> Result<u64> {
        let mut chosen = Vec::new();
        for id in ids {
            let dead_letter = self.dead_letters.get(id).await?;
            let wanted = dead_letter
                .filter(|dead_letter| self.filter.as_ref().is_none_or(|wants| wants(dead_letter)));
            chosen.extend(wanted.map(|dead_letter| (id.clone(), dead_letter)));
        }
        self.dead_letters.send(&chosen).await
    }
}

impl DeadLetters {
    /// Takes dead letters out of this queue, and brings their jobs to their own queues.
    async fn send(&self, dead_letters: &[(JobId, DeadLetter)]) -> Result<u64> {
        let queue = self.queue();
        let jobs: Vec<(JobId, Effect)> =
            dead_letters.iter().map(|(id, it)| (id.clone(), effect(it))).collect();
        // First, so that their workers relay what this process no longer could.
        let targets: BTreeSet<&QueueName> = dead_letters.iter().map(|(_, it)| &it.queue).collect();
        for target in targets {
            let source = outbox::RegisterSource { source: queue.name() };
            queue.client().store().queue(target).call_retrying(&source).await?;
        }
        let moved = match jobs.len() {
            0 => 0,
            _ => queue.store().call_retrying(&job::Transfer { jobs: &jobs }).await?,
        };
        queue.client().relays().relay(queue.name()).await?;
        Ok(moved)
    }
}

/// The job of a dead letter, on its way back.
fn effect(dead_letter: &DeadLetter) -> Effect {
    let priority =
        dead_letter.record().map_or(Priority::default(), |record| record.options.priority);
    Effect {
        to: Target::Queue(dead_letter.queue.clone()),
        id: dead_letter.id.clone(),
        priority,
        record: dead_letter.record_bytes().to_vec(),
    }
}

/// How many dead letters go in one step, and how long to wait after each of them.
struct Pace {
    step: usize,
    pause: Option<Duration>,
}

impl Pace {
    fn new(rate: Option<Rate>) -> Result<Self> {
        let Some(rate) = rate else { return Ok(Self { step: STEP, pause: None }) };
        rate.validate()?;
        let pause = rate.per() / rate.max();
        // Small steps: about ten a second, or one dead letter at a time.
        let tenth = (0.1 / pause.as_secs_f64().max(1e-6)).clamp(1.0, STEP as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100")]
        let step = tenth as usize;
        Ok(Self { step, pause: Some(pause) })
    }

    async fn wait(&self, moved: u64) {
        if let Some(pause) = self.pause {
            let moved = u32::try_from(moved).unwrap_or(u32::MAX);
            sleep(pause.saturating_mul(moved)).await;
        }
    }
}

impl<'a> IntoFuture for Redrive<'a> {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

    #[test]
    fn a_pace_is_made_of_every_rate() {
        for (max, per, step) in [
            (1, TEN_YEARS, 1),
            (1, Duration::from_micros(1), STEP),
            (1_000_000, Duration::from_secs(1), STEP),
            (100, Duration::from_secs(1), 10),
        ] {
            let pace = Pace::new(Some(Rate::new(max, per))).expect("a sound rate");
            assert_eq!(pace.step, step, "{max} per {per:?}");
        }
        assert!(Pace::new(Some(Rate::new(1, Duration::MAX))).is_err(), "no rate at all");
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_is_no_panic() {
        let pace = Pace::new(Some(Rate::new(1, TEN_YEARS))).expect("a sound rate");
        let waits = tokio::time::timeout(Duration::from_secs(3_600), pace.wait(u64::MAX));
        assert!(waits.await.is_err());
    }
}
