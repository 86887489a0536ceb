//! The call that adds a batch of jobs, for [group commit](crate::group_commit).

use std::{iter::from_fn, time::Duration};

use tokio::time::Instant;

use super::{
    overflow::{Away, OverflowHandler},
    request::Request,
    split_plan::SplitPlan,
};
#[cfg(feature = "testing")]
use crate::client::{Following, SentJob};
use crate::{
    error::{Error, Operation, Refused, Result},
    group_commit::{GroupCommit, GroupCommits, Rules, Sink},
    store::{
        Durability, MAX_BATCH, QueueStore, Retries, Sender, Senders,
        job::{Add, Added, Duplicates, Instead, NewJob},
    },
};

/// How many jobs of several adds one call carries: half of what it could. While Redis works on one
/// half, the callers of the other half get their answers and add again; with all jobs in one call,
/// either would wait.
const SHARED_CALL: usize = MAX_BATCH / 2;

/// This many jobs don't wait for the call in flight. The fixed cost of a call, some ten jobs'
/// worth, matters little for them; and with a second call at hand, Redis has no pause after the
/// first.
const SECOND_CALL: usize = SHARED_CALL / 5;

/// The group commits of a client's adds.
type Batchers = GroupCommits<Batcher>;

impl Request {
    /// The group commit that takes the jobs of this request.
    pub(crate) fn batcher(&self) -> GroupCommit<Batcher> {
        let Self { client, store, durability, .. } = self;
        client.shared::<Batchers>().get(store.name(), *durability, || Batcher {
            store: store.for_durability(*durability),
            durability: *durability,
            senders: Senders::new(store.retry_timeout()),
            overflow_handler: OverflowHandler {
                store: store.clone(),
                relays: client.relays().clone(),
            },
        })
    }
}

impl Request {
    /// Adds jobs. The test that watches the client is told, if there is one.
    pub(crate) fn send<'a>(
        &'a self,
        batcher: &'a GroupCommit<Batcher>,
        jobs: Vec<NewJob>,
    ) -> impl Future<Output = Result<Duplicates>> + Send + 'a {
        #[cfg(feature = "testing")]
        let watch = self.client.watch().map(|watch| (watch, jobs.clone()));
        let adding = batcher.send(jobs);
        // Boxed, so that the futures above stay as they are.
        #[cfg(feature = "testing")]
        let adding = Box::pin(async move {
            let duplicates = adding.await?;
            if let Some((watch, jobs)) = watch {
                watch.added(self.store.name(), sent(jobs, &duplicates)).await?;
            }
            Ok(duplicates)
        }) as Following<'_, _>;
        adding
    }
}

/// The jobs that were added.
#[cfg(feature = "testing")]
fn sent(jobs: Vec<NewJob>, duplicates: &Duplicates) -> Vec<SentJob> {
    let added = |index: &usize| {
        let is_other =
            |(at, instead): &(usize, Instead)| at == index && !matches!(instead, Instead::After(_));
        !duplicates.iter().any(is_other)
    };
    let jobs = jobs.into_iter().enumerate().filter(|(index, _)| added(index));
    jobs.map(|(_, job)| SentJob { id: job.id, record: job.record.into() }).collect()
}

/// Adds batches of jobs to one queue.
#[derive(Debug)]
pub(crate) struct Batcher {
    store: QueueStore,
    durability: Durability,
    senders: Senders,
    /// Takes the jobs that don't fit, if the queue says where they go.
    overflow_handler: OverflowHandler,
}

impl Sink for Batcher {
    type Item = NewJob;
    type Answer = Duplicates;

    const RULES: Rules =
        Rules { shared_call: SHARED_CALL, second_call: Some(SECOND_CALL), own_calls: true };

    fn retry_timeout(&self) -> Duration {
        self.store.retry_timeout()
    }

    fn call_limit(&self) -> Duration {
        self.store.call_limit()
    }

    fn operation(&self) -> Operation {
        Operation::on_queue("add jobs", self.store.name())
    }

    fn size(&self, jobs: &[NewJob]) -> usize {
        jobs.iter().map(NewJob::size).sum()
    }

    /// One call, or more if the jobs don't fit and the queue says where they go.
    async fn send(&self, jobs: &[NewJob], deadline: Instant, resend: bool) -> Result<Duplicates> {
        let (mut plan, mut duplicates) = (SplitPlan::whole(jobs.len()), Duplicates::new());
        let mut sender = self.senders.take();
        while let Some(part) = plan.next() {
            let batch = jobs.get(part.clone()).unwrap_or_default();
            match self.call(&mut sender, batch, deadline, resend).await? {
                Added::All(found) => {
                    duplicates.extend(
                        found.into_iter().map(|(index, duplicate)| (part.start + index, duplicate)),
                    );
                }
                Added::Full(full) => {
                    // Rare and large: boxed, so that other batches don't carry its state along.
                    let mut away = Away { jobs, plan: &mut plan };
                    let away = self.overflow_handler.overflow(&mut away, part, &full);
                    duplicates.extend(Box::pin(away).await?);
                }
            }
        }
        Ok(duplicates)
    }

    fn split(
        duplicates: Duplicates,
        sizes: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = Duplicates> {
        split(duplicates, sizes)
    }

    /// One add may fit into a queue that has no room for all.
    fn is_retried_alone(error: &Error) -> bool {
        matches!(error, Error::Refused(Refused::QueueFull { .. }))
    }
}

impl Batcher {
    /// One call, repeated as a resend until Redis answers or the deadline passes. With `look`, some
    /// of the jobs may have been added by another one.
    async fn call(
        &self,
        sender: &mut Sender<'_>,
        jobs: &[NewJob],
        deadline: Instant,
        look: bool,
    ) -> Result<Added> {
        let mut retries = Retries::until(deadline);
        let mut add = Add { jobs, look, call: sender.call() };
        loop {
            match retries.attempt(self.store.add_durably(&add, self.durability)).await {
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    add.call.resend = true;
                }
                Ok(Added::All(mut duplicates)) if look => {
                    // A job found under its own id was added by the earlier call.
                    duplicates.retain(|(index, duplicate)| {
                        let own = |job: &NewJob| *duplicate == Instead::Duplicate(job.id.clone());
                        jobs.get(*index).is_none_or(|job| job.chosen_id || !own(job))
                    });
                    return Ok(Added::All(duplicates));
                }
                answer => return answer,
            }
        }
    }
}

/// Gives each request the duplicates among its own jobs, counted from its first. Duplicates come in
/// the order of the jobs.
fn split(
    duplicates: Duplicates,
    sizes: impl Iterator<Item = usize>,
) -> impl Iterator<Item = Duplicates> {
    let (mut duplicates, mut end) = (duplicates.into_iter().peekable(), 0);
    sizes.map(move |size| {
        let start = end;
        end += size;
        let own = from_fn(|| duplicates.next_if(|(index, _)| *index < end));
        own.map(|(index, instead)| (index - start, instead)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_add_hears_of_its_own_duplicates() {
        let at = |indexes: &[usize]| -> Duplicates {
            indexes.iter().map(|index| (*index, Instead::Overflowed)).collect()
        };
        let own: Vec<Duplicates> = split(at(&[0, 3, 4, 8]), [1, 2, 3, 1, 2].into_iter()).collect();
        assert_eq!(own, [at(&[0]), at(&[]), at(&[0, 1]), at(&[]), at(&[1])]);
    }
}
