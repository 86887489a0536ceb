//! Sending dead letters back to the queues that they come from.

use std::{fmt, future::IntoFuture, pin::Pin};

use tracing::warn;

use super::{
    DeadLetters,
    send::{Letter, Read, Sent},
};
use crate::{
    client::Act,
    error::Result,
    job::{DeadLetter, JobId, JobState},
    policy::Rate,
    queue::pace::Pace,
};

type Filter<'a> = Box<dyn Fn(&DeadLetter) -> bool + Send + Sync + 'a>;

type OnKept<'a> = Box<dyn Fn(&JobId, &DeadLetter, &JobId) + Send + Sync + 'a>;

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
        Redrive { dead_letters: self.clone(), ids: None, filter: None, on_kept: None, rate: None }
    }
}

/// Dead letters about to be sent back; see [`DeadLetters::redrive`].
///
/// They go in the order in which they came here, and in that order their jobs run again, behind
/// those that wait in their queues. Each job takes its place as it was added: its priority, its unique key, its due time if that is
/// still to come, and its time to live, which begins again. Its old entry among the failed jobs is
/// replaced.
///
/// A dead letter stays where it is, and isn't counted, if its job would meet another of its queue:
/// one of the same id that hasn't ended, or one that has its unique key. Of two dead letters of one
/// id the first goes, and the second can go when its job has ended. The log says how many stay, and
/// [`on_kept`](Self::on_kept) which. Dead letters that a handler runs, or that are gone, stay out
/// of it.
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
    on_kept: Option<OnKept<'a>>,
    rate: Option<Rate>,
}

impl fmt::Debug for Redrive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dead_letters, ids, filter, on_kept, rate } = self;
        f.debug_struct("Redrive")
            .field("dead_letters", dead_letters)
            .field("ids", ids)
            .field("filtered", &filter.is_some())
            .field("on_kept", &on_kept.is_some())
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

    /// Calls this for each dead letter that stays since its job would meet another: with the dead
    /// letter's id, the dead letter, and the id of that other job.
    ///
    /// ```no_run
    /// # async fn example(dead: jobqueue::dead_letter::DeadLetters) -> jobqueue::Result<()> {
    /// let say = |id: &_, failed: &jobqueue::dead_letter::DeadLetter, other: &_| {
    ///     eprintln!("{id} stays: {} would meet {other}", failed.id);
    /// };
    /// dead.redrive().on_kept(say).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_kept(
        mut self,
        on_kept: impl Fn(&JobId, &DeadLetter, &JobId) + Send + Sync + 'a,
    ) -> Self {
        self.on_kept = Some(Box::new(on_kept));
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
        let mut sent = 0_u64;
        let mut steps = ids.chunks(pace.step).peekable();
        while let Some(ids) = steps.next() {
            let step = self.send(ids, as_read).await?;
            sent = sent.saturating_add(step.sent);
            if steps.peek().is_some() {
                pace.wait(step.sent).await;
            }
        }
        Ok(sent)
    }

    /// Only the dead letters that wait now: one that fails again meanwhile doesn't go in circles.
    async fn send_all(&self, pace: &Pace) -> Result<u64> {
        let waiting = self.dead_letters.queue().jobs(JobState::Waiting);
        let (mut left, mut kept, mut sent) = (self.dead_letters.count().await?, 0_u64, 0_u64);
        while left > 0 {
            let ids = waiting.ids(kept, left.min(pace.step as u64)).await?;
            if ids.is_empty() {
                break;
            }
            let step = self.send(&ids, |_| vec![JobState::Waiting]).await?;
            left = left.saturating_sub(ids.len() as u64);
            kept = kept.saturating_add(step.kept);
            sent = sent.saturating_add(step.sent);
            if left > 0 {
                pace.wait(step.sent).await;
            }
        }
        Ok(sent)
    }

    /// Sends one step's dead letters, those in these states, by the one in which each was read.
    async fn send(&self, ids: &[JobId], from: impl Fn(JobState) -> Vec<JobState>) -> Result<Step> {
        let (mut chosen, mut others) = (Vec::new(), 0);
        for read in self.dead_letters.read(ids).await? {
            match read {
                Read::Letter(letter) if self.wants(&letter.dead_letter) => chosen.push(*letter),
                Read::Letter(_) | Read::Other => others += 1,
                Read::Gone => {}
            }
        }
        let Sent { count, kept } = self.dead_letters.send(chosen, from).await?;
        // Others run by now or have gone, and wait here no more.
        let met = kept.iter().filter_map(|(letter, stay)| Some((letter, stay.met()?)));
        let kept: Vec<_> = met.collect();
        for (letter, other) in &kept {
            if let Some(on_kept) = &self.on_kept {
                on_kept(&letter.id, &letter.dead_letter, other);
            }
        }
        if let Some((Letter { id, .. }, other)) = kept.first() {
            warn!(queue = %self.dead_letters.queue().name(), count = kept.len(), %id, %other, "dead letters stay: others have the ids or unique keys of their jobs");
        }
        Ok(Step { sent: count, kept: others + kept.len() as u64 })
    }

    fn wants(&self, dead_letter: &DeadLetter) -> bool {
        self.filter.as_ref().is_none_or(|wants| wants(dead_letter))
    }
}

/// Of a dead letter that is chosen by its id: one that hasn't ended may be anywhere but at a worker.
fn as_read(state: JobState) -> Vec<JobState> {
    if state.is_final() { vec![state] } else { vec![JobState::Waiting, JobState::Delayed] }
}

/// What became of the dead letters of a step.
struct Step {
    sent: u64,
    /// Those that stay where they were.
    kept: u64,
}

impl<'a> IntoFuture for Redrive<'a> {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let queue = self.dead_letters.queue().clone();
            let on = self.ids.as_ref().map(|ids| format!("{} ids", ids.len()));
            let on = on.unwrap_or_else(|| "all that it means".to_owned());
            queue.client().audit_begin(Act::new("redrive", queue.name()).on(&on)).await;
            queue.audited("redrive", Some(&on), self.run()).await
        })
    }
}
