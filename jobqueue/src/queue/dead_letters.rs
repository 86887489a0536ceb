//! What failed for good: looked at, edited, and sent back to where it came from.

use std::{collections::BTreeSet, convert::Infallible, fmt, pin::Pin, time::Duration};

use serde::Serialize;
use tokio::time::{sleep, timeout};

use super::Queue;
use crate::{
    client::Client,
    error::{Operation, Refused, Result},
    event::EventStream,
    job::{DeadLetter, Effect, JobId, JobInfo, JobState, Payload, Priority, QueueName, Target},
    policy::Rate,
    store::job,
};

/// How many letters are sent back in one step.
const STEP: u64 = 100;

/// How often an edit is tried anew because somebody else was faster.
const EDITS: usize = 5;

/// How long nothing may happen before a threshold is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A dead-letter queue: where jobs lie that failed for good, until somebody sends them back.
///
/// A handler or a worker names it: `#[job(dead_letter = "orders-dlq")]`,
/// [`WorkerBuilder::dead_letter`](crate::WorkerBuilder::dead_letter). The letter is written in the same
/// atomic step as the failure and then relayed to its queue, which may be on another node of a cluster:
/// each arrives once, whoever dies meanwhile.
///
/// ```no_run
/// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
/// let dead = client.dead_letters("orders-dlq")?;
/// for (id, letter) in dead.page(0, 20).await? {
///     println!("{id}: {} of {} failed: {}", letter.id, letter.queue, letter.failure);
/// }
/// // Those that the gateway's outage has cost, ten a second.
/// let rate = jobqueue::Rate::new(10, std::time::Duration::from_secs(1));
/// let back = dead.redrive_where(|letter| letter.failure.message.contains("gateway"));
/// println!("{} go back", back.rate(rate).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DeadLetters {
    queue: Queue,
}

impl Client {
    /// A dead-letter queue by its name. Nothing is sent.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn dead_letters(&self, queue: &str) -> Result<DeadLetters> {
        Ok(DeadLetters { queue: self.queue(queue)? })
    }
}

impl DeadLetters {
    /// The queue in which the letters lie as jobs.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// How many letters wait.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn count(&self) -> Result<u64> {
        Ok(self.queue.counts().await?.waiting)
    }

    /// `count` letters from `offset` on, at most 1,000, oldest first, each with its id in this queue. Jobs
    /// that are no letters are left out.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn page(&self, offset: u64, count: u64) -> Result<Vec<(JobId, DeadLetter)>> {
        let jobs = self.queue.jobs(JobState::Waiting).page(offset, count).await?;
        Ok(jobs.iter().filter_map(|job| Some((job.id.clone(), dead_letter_of(job)?))).collect())
    }

    /// One letter, by its id in this queue; nothing if there is none.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn get(&self, id: &JobId) -> Result<Option<DeadLetter>> {
        Ok(self.queue.info(id).await?.as_ref().and_then(dead_letter_of))
    }

    /// Gives the job of a letter another payload, with which it goes back; of the version that it had. A type
    /// with [`Extra`](crate::payload::Extra) keeps the fields that it doesn't know.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if there is no such letter, [`Refused::WrongState`] if a handler is at it; the
    /// payload can't be written.
    pub async fn edit<T: Serialize + Sync>(&self, id: &JobId, payload: &T) -> Result<()> {
        self.edit_to(id, payload, None).await
    }

    /// As [`edit`](Self::edit), with a payload of another version than the letter's: see
    /// [`DeadLetter::upgraded`].
    ///
    /// # Errors
    /// Those of [`edit`](Self::edit).
    pub async fn edit_upgraded<T>(&self, id: &JobId, payload: &T) -> Result<()>
    where
        T: Payload + Serialize + Sync,
    {
        self.edit_to(id, payload, Some(T::VERSION)).await
    }

    async fn edit_to<T: Serialize + Sync>(
        &self,
        id: &JobId,
        payload: &T,
        version: Option<u32>,
    ) -> Result<()> {
        for _ in 0..EDITS {
            let missing = || Refused::NotFound { queue: self.queue.name().clone(), id: id.clone() };
            let info = self.queue.info(id).await?.ok_or_else(missing)?;
            let dead_letter = dead_letter_of(&info).ok_or_else(missing)?;
            let new = dead_letter.with_payload(payload, version)?.to_record()?.encode();
            let old = info.record.encode();
            if self.queue.store().call_retrying(&job::Edit { id, old: &old, new: &new }).await? {
                return Ok(());
            }
            // Somebody else has edited it meanwhile.
        }
        let operation = Operation::on_job("edit a dead letter", self.queue.name(), id);
        Err(Refused::Conflict { operation }.into())
    }

    /// Sends letters back to where they came from, by their ids in this queue: under the ids that they had
    /// there, with their attempts anew. Answers how many; those that a handler is at, that are gone or no
    /// letters stay out of it. A job that was retried in its own queue meanwhile, and has ended there, runs
    /// once more.
    ///
    /// # Errors
    /// Those of any call. What has left this queue arrives in any case: it is in the outbox, which workers of the
    /// queues that it goes to relay, and the next call of this kind.
    pub async fn redrive(&self, ids: &[JobId]) -> Result<u64> {
        let mut sent = 0;
        for ids in ids.chunks(usize::try_from(STEP).unwrap_or(usize::MAX)) {
            let mut dead_letters = Vec::new();
            for id in ids {
                dead_letters
                    .extend(self.get(id).await?.map(|dead_letter| (id.clone(), dead_letter)));
            }
            sent += self.send(&dead_letters).await?;
        }
        Ok(sent)
    }

    /// Sends all letters back that wait now.
    pub fn redrive_all(&self) -> Redrive<'_> {
        self.redrive_where(|_| true)
    }

    /// Sends those letters back, of all that wait now, for which `filter` is true.
    pub fn redrive_where<'a>(
        &'a self,
        filter: impl Fn(&DeadLetter) -> bool + Send + Sync + 'a,
    ) -> Redrive<'a> {
        Redrive { dead_letters: self, filter: Box::new(filter), rate: None }
    }

    /// Waits until at least so many letters wait: for alerts. Answers how many.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn wait_for(&self, threshold: u64) -> Result<u64> {
        let mut events = self.queue.events();
        loop {
            let count = self.count().await?;
            if count >= threshold {
                return Ok(count);
            }
            self.wait_for_change(&mut events).await?;
        }
    }

    /// Calls `hook` each time that the number of waiting letters rises to `threshold`, with that number: for
    /// alerts. It is armed again when there are fewer. Runs until it is dropped, or until a call fails for
    /// longer than the client's patience.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let dead = client.dead_letters("orders-dlq")?;
    /// tokio::spawn(async move {
    ///     dead.on_length(100, |count| eprintln!("{count} orders have failed for good")).await
    /// });
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of any call.
    pub async fn on_length(&self, threshold: u64, mut hook: impl FnMut(u64)) -> Result<Infallible> {
        let mut events = self.queue.events();
        let mut armed = true;
        loop {
            let count = self.count().await?;
            if count >= threshold && armed {
                hook(count);
            }
            armed = count < threshold;
            self.wait_for_change(&mut events).await?;
        }
    }

    /// Waits for a reason to count again: whatever has happened is one, and so is a while without news.
    async fn wait_for_change(&self, events: &mut EventStream) -> Result<()> {
        match timeout(LOOK_AGAIN, events.next()).await {
            Ok(Some(Err(error))) => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes letters out of this queue, and brings their jobs to their own.
    async fn send(&self, dead_letters: &[(JobId, DeadLetter)]) -> Result<u64> {
        let jobs: Vec<(JobId, Effect)> = dead_letters
            .iter()
            .filter_map(|(id, dead_letter)| Some((id.clone(), effect(dead_letter)?)))
            .collect();
        // First, so that their workers relay what this process no longer could.
        let targets: BTreeSet<&str> =
            dead_letters.iter().map(|(_, it)| it.queue.as_str()).collect();
        for queue in targets.into_iter().filter_map(|queue| queue.parse().ok()) {
            self.queue.client().relays().register_source(self.queue.name(), &queue).await?;
        }
        let moved = match jobs.len() {
            0 => 0,
            _ => self.queue.store().call_retrying(&job::Transfer { jobs: &jobs }).await?,
        };
        self.queue.client().relays().relay(self.queue.name()).await?;
        Ok(moved)
    }
}

/// The letter in a job; none if it is another kind of job.
fn dead_letter_of(job: &JobInfo) -> Option<DeadLetter> {
    let record = &job.record;
    (record.name.as_str() == DeadLetter::NAME).then(|| record.codec.decode(&record.payload).ok())?
}

/// The job of a letter, on its way back. None if it came from nowhere that has a name.
fn effect(dead_letter: &DeadLetter) -> Option<Effect> {
    let to: QueueName = dead_letter.queue.parse().ok()?;
    let priority =
        dead_letter.record().map_or(Priority::default(), |record| record.options.priority);
    let to = Target::Queue(to);
    Some(Effect {
        to,
        id: dead_letter.id.clone(),
        priority,
        record: dead_letter.record_bytes().to_vec(),
    })
}

/// Many letters about to be sent back; awaited, it answers how many were.
#[must_use = "nothing is sent until it is awaited"]
pub struct Redrive<'a> {
    dead_letters: &'a DeadLetters,
    filter: Box<dyn Fn(&DeadLetter) -> bool + Send + Sync + 'a>,
    rate: Option<Rate>,
}

impl fmt::Debug for Redrive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dead_letters, rate, .. } = self;
        f.debug_struct("Redrive").field("letters", dead_letters).field("rate", rate).finish()
    }
}

impl<'a> Redrive<'a> {
    /// No faster than this; as fast as it goes by default.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    async fn run(self) -> Result<u64> {
        if let Some(rate) = self.rate {
            rate.validate()?;
        }
        let pause = self.rate.map(|rate| Duration::from_secs_f64(rate.interval_ms() / 1e3));
        // With a rate, small steps: about ten a second, or one letter at a time.
        let step = pause.map_or(STEP, |pause| {
            let tenth = (0.1 / pause.as_secs_f64().max(1e-6)).clamp(1.0, STEP as f64);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100")]
            let step = tenth as u64;
            step
        });
        // Of those that wait now: what fails again meanwhile isn't sent in circles.
        let (mut left, mut kept, mut sent) = (self.dead_letters.count().await?, 0, 0);
        while left > 0 {
            let ids =
                self.dead_letters.queue.jobs(JobState::Waiting).ids(kept, step.min(left)).await?;
            if ids.is_empty() {
                break;
            }
            let mut chosen = Vec::new();
            for id in &ids {
                let dead_letter = self.dead_letters.get(id).await?;
                chosen.extend(
                    dead_letter.filter(&self.filter).map(|dead_letter| (id.clone(), dead_letter)),
                );
            }
            let moved = self.dead_letters.send(&chosen).await?;
            let looked = ids.len() as u64;
            left = left.saturating_sub(looked);
            kept += looked.saturating_sub(moved);
            sent += moved;
            if let (Some(pause), true) = (pause, left > 0) {
                sleep(pause.mul_f64(moved as f64)).await;
            }
        }
        Ok(sent)
    }
}

impl<'a> IntoFuture for Redrive<'a> {
    type Output = Result<u64>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<u64>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
