//! What an operator does.

use std::time::Duration;

use jobqueue::{Client, Failure, JobHandle, Result, Retain, manage::Cancelled, receive::Receiver};
use tokio::time::sleep;

use crate::{
    book::{Book, Note},
    jobs::Task,
    plan::{Acknowledge, Kind, Operation, Plan},
    stage::Stage,
};

/// For how long a job is out by hand.
const VISIBILITY: Duration = Duration::from_millis(1_500);

/// Begins an operation.
pub(crate) fn begin(stage: &Stage, operation: Operation) {
    let (own, operates) = (stage.clone(), stage.operates());
    stage.run_in(&stage.operator.process, async move {
        let _operates = operates;
        let client = own.operator.client(&own.network).await;
        own.say(|| format!("operator: {operation:?}"));
        if let Err(error) = carry_out(&own, &client, &operation).await {
            own.say(|| format!("operator: {operation:?} failed: {error}"));
        }
    });
}

/// The job of a token, if it is known.
fn job(
    stage: &Stage,
    client: &Client,
    token: u32,
) -> Result<Option<JobHandle<serde::de::IgnoredAny>>> {
    let Some(id) = stage.book.id_of(token) else { return Ok(None) };
    let queue = client.queue(queue_of(&stage.plan, token))?;
    Ok(id.parse::<jobqueue::JobId>().ok().map(|id| queue.job(id).typed()))
}

async fn cancel(
    stage: &Stage,
    token: u32,
    grace: u64,
    job: JobHandle<serde::de::IgnoredAny>,
) -> Result<()> {
    let cancel = job.cancel().by("operator").grace(Duration::from_millis(grace));
    let told = matches!(cancel.await?, Cancelled::Told(_)).then_some(grace);
    let (id, at) = (job.id().to_string(), stage.now());
    stage.book.note(Note::Cancelled { token, id, told, at });
    Ok(())
}

pub(crate) fn queue_of(plan: &Plan, token: u32) -> &'static str {
    let order = plan.orders.iter().find(|order| order.what.tokens.contains(&token));
    order.map_or("work", |order| order.what.kind.queue())
}

async fn carry_out(stage: &Stage, client: &Client, operation: &Operation) -> Result<()> {
    let queue = |kind: &Kind| client.queue(kind.queue());
    let job = |token: &u32| job(stage, client, *token);
    match operation {
        Operation::Pause(kind) => {
            queue(kind)?.create().await?;
            queue(kind)?.pause().await.map(drop)
        }
        Operation::Resume(kind) => {
            queue(kind)?.create().await?;
            queue(kind)?.resume().await.map(drop)
        }
        Operation::RetryFailed(kind) => queue(kind)?.retry_failed().await.map(drop),
        Operation::MaxActive(kind, max) => queue(kind)?.set_limits().max_active(*max).await,
        Operation::Redrive => client.dead_letters("dead")?.redrive().await.map(drop),
        Operation::Receive(max, how) => {
            let receiver = receiver(client)?;
            receive(&receiver, &stage.book, *max, *how).await.map(drop)
        }
        Operation::Remove(token) => match job(token)? {
            Some(job) => job.remove().await,
            None => Ok(()),
        },
        Operation::Retry(token) => match job(token)? {
            Some(job) => job.retry().await,
            None => Ok(()),
        },
        Operation::Delay(token, ms) => match job(token)? {
            Some(job) => job.set_delay(Duration::from_millis(*ms)).await,
            None => Ok(()),
        },
        Operation::Cancel(token, grace) => match job(token)? {
            Some(job) => cancel(stage, *token, *grace, job).await,
            None => Ok(()),
        },
        Operation::Promote(token) => match job(token)? {
            Some(job) => job.promote().await,
            None => Ok(()),
        },
        Operation::Prioritise(token, priority) => match job(token)? {
            Some(job) => job.set_priority(*priority).await,
            None => Ok(()),
        },
    }
}

pub(crate) fn receiver(client: &Client) -> Result<Receiver> {
    let receiver = client.queue("hand")?.receiver();
    Ok(receiver
        .visibility(VISIBILITY)
        .dead_letter("dead")
        .retain(Retain::all())
        .retain_failed(Retain::all()))
}

/// Receives jobs and acknowledges each. How many there were.
pub(crate) async fn receive(
    receiver: &Receiver,
    book: &Book,
    max: usize,
    how: Acknowledge,
) -> Result<usize> {
    let jobs = receiver.receive(max, Duration::from_secs(1)).await?;
    let count = jobs.len();
    for job in jobs {
        let (id, run) = (job.id().to_string(), book.number_run());
        let Ok(task) = job.payload::<Task>() else { continue };
        book.note(Note::Start { token: task.token, id: id.clone(), run, kind: Kind::Hand });
        let ended = match how {
            Acknowledge::Fail => job.fail(Failure::permanent("by hand")).await,
            Acknowledge::Release => job.release().await,
            Acknowledge::Later => job.retry_in(Duration::from_millis(300)).await,
            Acknowledge::Forget => Ok(()),
            Acknowledge::Complete | Acknowledge::Extend => {
                if how == Acknowledge::Extend {
                    job.extend(VISIBILITY * 2).await?;
                    sleep(VISIBILITY).await;
                }
                book.note(Note::Effect { id, run });
                job.complete_with(&run).await
            }
        };
        if let Err(error) = ended {
            book.happened(b"acknowledged", || format!("operator: {how:?} failed: {error}"));
        }
    }
    Ok(count)
}
