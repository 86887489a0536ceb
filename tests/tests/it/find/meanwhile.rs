//! What happens to jobs between the call that finds them and the step that does something to them.

use std::{
    future::{IntoFuture, poll_fn},
    pin::pin,
    task::Poll,
};

use jobqueue::{
    Client, DurationExt as _, Failure, JobHandle, JobState, Queue, Result, Unique,
    dead_letter::DeadLetter,
    error::Refused,
    find::{Bulk, BulkReport, JobFilter},
    receive::Delivery,
    types::Value,
};
use jobqueue_tests::{server::RedisServer, wait::eventually};

use crate::support::{blocking, client_of};

struct Stage {
    server: RedisServer,
    client: Client,
    queue: Queue,
    job: JobHandle<Value>,
}

impl Stage {
    /// A job that waits, which is found by its tag.
    async fn new() -> Self {
        let server = RedisServer::start();
        let client = client_of(&server.url()).await;
        let queue = client.queue("orders").expect("a good name");
        let job = queue.add("ship", &1).tag("t").unique(Unique::by("k").replace());
        let job = job.await.expect("added").typed();
        Self { server, client, queue, job }
    }

    /// A job that has ended.
    async fn failed() -> Self {
        let stage = Self::new().await;
        stage.take().await.fail(Failure::permanent("no")).await.expect("settled");
        stage
    }

    async fn take(&self) -> Delivery {
        let taken = self.queue.receive(1, 30.seconds()).await.expect("asked").pop();
        taken.expect("it waits")
    }

    async fn state(&self) -> Option<JobState> {
        self.job.state().await.expect("asked")
    }

    /// How many scripts the server has run.
    fn calls(&self) -> u64 {
        let mut connection = blocking(&self.server.url());
        let stats: String =
            redis::cmd("INFO").arg("commandstats").query(&mut connection).expect("statistics");
        let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
        line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0)
    }

    /// Makes a bulk operation, and a change when it has found the job, and before it does anything to
    /// it: when its search and its reading are answered, and it hasn't been told of the latter. On a
    /// runtime of one thread no answer comes while it is polled.
    async fn meanwhile<'a, A>(
        &self,
        bulk: Bulk<'a, A>,
        change: impl AsyncFnOnce(),
    ) -> (Vec<Refused>, u64)
    where
        Bulk<'a, A>: IntoFuture<Output = Result<BulkReport>>,
    {
        // So that the server knows the scripts.
        let mut found = self.queue.find(tagged());
        found.next().await.expect("it is there").expect("found");
        let mut bulk = pin!(bulk.into_future());
        let (before, mut seen) = (self.calls(), 0);
        while seen < 2 {
            // It hears of one answer, and makes the next call.
            let polled = poll_fn(|cx| Poll::Ready(bulk.as_mut().poll(cx))).await;
            assert!(polled.is_pending(), "it found nothing");
            let next = async || (self.calls() > before + seen).then_some(());
            let called = tokio::time::timeout(2.seconds(), eventually("a call", next)).await;
            seen += u64::from(called.is_ok());
            tokio::time::sleep(20.millis()).await;
        }
        assert_eq!(self.calls(), before + 2, "its step is still to come");
        change().await;
        let report = bulk.await.expect("a report");
        (report.refusals.into_iter().map(|(_, refused)| refused).collect(), report.done)
    }
}

fn tagged() -> JobFilter {
    JobFilter::new().tag("t")
}

/// The one refusal is of a job in this state.
fn assert_stays((refusals, done): &(Vec<Refused>, u64), wanted: JobState) {
    let [Refused::WrongState { state, .. }] = &refusals[..] else { panic!("{refusals:?}") };
    assert_eq!((*state, *done), (wanted, 0));
}

#[tokio::test]
async fn a_job_that_runs_or_has_ended_is_not_moved() {
    for state in [JobState::Active, JobState::Completed, JobState::Failed, JobState::Cancelled] {
        let named = tagged().state(JobState::Waiting).state(state);
        for filter in [tagged(), named] {
            let stage = Stage::new().await;
            let other = stage.client.queue("other").expect("a good name");
            let moved = stage.meanwhile(stage.queue.find(filter).move_to(&other), async || {
                let delivery = stage.take().await;
                let done = match state {
                    JobState::Completed => delivery.complete().await,
                    JobState::Failed => delivery.fail(Failure::permanent("no")).await,
                    JobState::Cancelled => {
                        stage.job.cancel().await.expect("told");
                        delivery.fail(Failure::retry("told")).await
                    }
                    _ => Ok(()),
                };
                done.expect("settled");
            });
            assert_stays(&moved.await, state);
            assert_eq!(other.counts().await.expect("counts").total_added, 0, "{state}");
        }
    }
}

#[tokio::test]
async fn a_job_moves_from_the_states_that_are_meant() {
    let later = async |stage: &Stage| {
        stage.take().await.fail(Failure::snooze(1.hours(), "later")).await.expect("settled");
    };
    let stage = Stage::new().await;
    let other = stage.client.queue("other").expect("a good name");
    let waiting = tagged().state(JobState::Waiting);
    let bulk = stage.queue.find(waiting).move_to(&other);
    let moved = stage.meanwhile(bulk, async || later(&stage).await).await;
    assert_stays(&moved, JobState::Delayed);
    stage.job.promote().await.expect("it waits");
    let bulk = stage.queue.find(tagged()).move_to(&other);
    let (refused, done) = stage.meanwhile(bulk, async || later(&stage).await).await;
    assert_eq!((refused.len(), done), (0, 1));
}

#[tokio::test]
async fn a_failed_job_that_is_run_again_is_left_alone() {
    let failed = || tagged().state(JobState::Failed);
    let any = || failed().state(JobState::Waiting);
    let retry = async |stage: &Stage| stage.job.retry().await.expect("it runs again");
    let again = JobState::Waiting;
    for filter in [failed(), any()] {
        let stage = Stage::failed().await;
        let other = stage.client.queue("other").expect("a good name");
        let find = || stage.queue.find(filter.clone());
        let moved = stage.meanwhile(find().move_to(&other), async || retry(&stage).await).await;
        assert_stays(&moved, again);

        let stage = Stage::failed().await;
        let find = || stage.queue.find(filter.clone());
        let removed = stage.meanwhile(find().remove(), async || retry(&stage).await).await;
        assert_stays(&removed, again);
        assert_eq!(stage.state().await, Some(again));

        let stage = Stage::failed().await;
        let find = || stage.queue.find(filter.clone());
        let retried = stage.meanwhile(find().retry(), async || {
            retry(&stage).await;
            stage.take().await.complete().await.expect("settled");
        });
        assert_stays(&retried.await, JobState::Completed);
        assert_eq!(stage.state().await, Some(JobState::Completed), "it doesn't run a third time");
    }
}

#[tokio::test]
async fn a_job_that_was_edited_or_replaced_is_not_moved_as_it_was() {
    for replaced in [false, true] {
        let stage = Stage::new().await;
        let other = stage.client.queue("other").expect("a good name");
        let bulk = stage.queue.find(tagged()).move_to(&other);
        let (refused, done) = stage
            .meanwhile(bulk, async || match replaced {
                false => stage.job.edit_payload(&2).await.expect("edited"),
                true => {
                    let add = stage.queue.add("ship", &2).tag("t");
                    let add = add.unique(Unique::by("k").replace()).await.expect("replaced");
                    assert_eq!(add.id(), stage.job.id());
                }
            })
            .await;
        assert!(matches!(refused[..], [Refused::Conflict { .. }]) && done == 0, "{refused:?}");
        assert_eq!(stage.job.info().await.expect("there").payload::<u32>(), Ok(2));
        // As it is now, it moves.
        let report = stage.queue.find(tagged()).move_to(&other).await.expect("moved");
        assert_eq!(report.done, 1);
        eventually("it to arrive", async || other.counts().await.expect("counts").waiting == 1)
            .await;
        assert_eq!(other.job(stage.job.id()).info().await.expect("there").payload::<u32>(), Ok(2));
    }
}

#[tokio::test]
async fn a_job_is_cancelled_in_the_states_that_are_meant() {
    let waiting = || tagged().state(JobState::Waiting);
    // Only what waits: what runs by then goes on.
    let stage = Stage::new().await;
    let cancel = stage.queue.cancel_where(waiting());
    let cancelled = stage.meanwhile(cancel, async || drop(stage.take().await)).await;
    assert_stays(&cancelled, JobState::Active);
    let info = stage.job.info().await.expect("there");
    assert_eq!((info.state, info.cancel_requested), (JobState::Active, None));
    // Wherever it is, unless it has ended.
    let stage = Stage::new().await;
    let cancel = stage.queue.cancel_where(tagged());
    let (refused, done) = stage.meanwhile(cancel, async || drop(stage.take().await)).await;
    assert_eq!((refused.len(), done), (0, 1));
    assert!(stage.job.info().await.expect("there").cancel_requested.is_some());
    let stage = Stage::new().await;
    let cancel = stage.queue.cancel_where(tagged());
    let cancelled = stage
        .meanwhile(cancel, async || stage.take().await.complete().await.expect("settled"))
        .await;
    assert_stays(&cancelled, JobState::Completed);
}

#[tokio::test]
async fn a_job_is_removed_from_the_states_that_are_meant() {
    let waiting = || tagged().state(JobState::Waiting);
    for (filter, ends, stays) in [
        (tagged(), false, Some(JobState::Active)),
        (waiting(), false, Some(JobState::Active)),
        (waiting(), true, Some(JobState::Completed)),
        // Of all states: one that has ended meanwhile goes as well.
        (tagged(), true, None),
    ] {
        let stage = Stage::new().await;
        let remove = stage.queue.find(filter).remove();
        let removed = stage.meanwhile(remove, async || {
            let delivery = stage.take().await;
            if ends {
                delivery.complete().await.expect("settled");
            }
        });
        let removed = removed.await;
        match stays {
            Some(state) => assert_stays(&removed, state),
            None => assert_eq!((removed.0.len(), removed.1), (0, 1)),
        }
        assert_eq!(stage.state().await, stays);
    }
    let stage = Stage::new().await;
    let remove = stage.queue.find(tagged()).remove();
    let (refused, done) =
        stage.meanwhile(remove, async || stage.job.remove().await.expect("removed")).await;
    assert!(matches!(refused[..], [Refused::NotFound { .. }]) && done == 0, "{refused:?}");
}

#[tokio::test]
async fn a_job_that_ends_meanwhile_is_not_retried() {
    let stage = Stage::new().await;
    let any = tagged().state(JobState::Waiting).state(JobState::Completed);
    let retry = stage.queue.find(any).retry();
    let retried = stage
        .meanwhile(retry, async || stage.take().await.complete().await.expect("settled"))
        .await;
    assert_stays(&retried, JobState::Completed);
}

#[tokio::test]
async fn a_dead_letter_that_is_taken_by_a_handler_does_not_go_back() {
    for ends in [false, true] {
        let mut stage = Stage::new().await;
        let dead = stage.client.dead_letters("dead").expect("a good name");
        stage.queue.set_limits().dead_letter("dead").await.expect("set");
        stage.take().await.fail(Failure::permanent("no")).await.expect("settled");
        let arrived = async || dead.page(0, 9).await.expect("a page").pop();
        let (id, _) = eventually("it to arrive", arrived).await;
        stage.queue = dead.queue().clone();
        stage.job = stage.queue.job(&id);
        let redrive = dead.find(tagged()).redrive();
        let sent = stage.meanwhile(redrive, async || {
            let delivery = stage.take().await;
            if ends {
                delivery.complete().await.expect("settled");
            }
        });
        let (state, sent) = (if ends { JobState::Completed } else { JobState::Active }, sent.await);
        assert_stays(&sent, state);
        assert_eq!(stage.state().await, Some(state));
        let read = stage.job.info().await.expect("there").payload::<DeadLetter>();
        assert_eq!(read.expect("a letter").queue.as_str(), "orders");
        // Neither of all that wait; one that has ended is sent by its id.
        assert_eq!(dead.redrive().await.expect("sent"), 0);
        assert_eq!(dead.redrive().ids([id]).await.expect("sent"), u64::from(ends));
    }
}
