//! What is recorded goes where its job goes.

use std::time::Duration;

use jobqueue::{
    Client, Context, Failure, JobHandle, JobState, State, dead_letter::DeadLetters,
    find::JobFilter, job,
};
use jobqueue_tests::wait::eventually;

use super::{Effects, is, left};
use crate::support::{Running, client_and_base, worker};

#[job(queue = "orders", attempts = 1, dead_letter = "orders-dlq", steps)]
async fn fulfil(fails: u32, ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    let charged = ctx.step("charge", async || Ok::<_, Failure>(effects.happen("charge"))).await?;
    ctx.step("send", async || match effects.happen("send") {
        n if n <= fails => Err(Failure::retry("no parcel fits")),
        _ => Ok(()),
    })
    .await?;
    Ok(charged)
}

fn letters(client: &Client) -> DeadLetters {
    client.dead_letters("orders-dlq").expect("a name")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redriven_job_goes_on_where_it_was() {
    let (client, base) = client_and_base("orders").await;
    let effects = Effects::default();
    let running = Running::start(worker(&client).handler(fulfil).state(effects.clone()));
    let job = client.add(fulfil, 2).await.expect("added");
    for _ in 0..2 {
        let arrived = async || letters(&client).count().await.expect("an answer") == 1;
        eventually("its dead letter", arrived).await;
        assert_eq!(letters(&client).redrive().await.expect("it goes back"), 1);
    }
    is(&job, JobState::Completed).await;
    assert_eq!((effects.of("charge"), effects.of("send")), (1, 3));
    job.remove().await.expect("removed");
    assert!(left(&base).is_empty(), "{:?}", left(&base));
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn ship((): (), ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    let charged = ctx.step("charge", async || Ok::<_, Failure>(effects.happen("charge"))).await?;
    ctx.wait_for::<()>("sent", Duration::from_secs(3_600)).await?;
    Ok(charged)
}

/// The same in another queue.
mod there {
    use super::{Context, Duration, Effects, Failure, State, job};

    #[job(queue = "others", attempts = 1, steps)]
    pub(super) async fn ship(
        (): (),
        ctx: Context,
        _effects: State<Effects>,
    ) -> Result<u32, Failure> {
        let charged = ctx.step("charge", async || Ok::<_, Failure>(100)).await?;
        ctx.wait_for::<()>("sent", Duration::from_secs(3_600)).await?;
        Ok(charged)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_and_is_moved_waits_on_in_its_new_queue() {
    let (client, base) = client_and_base("orders").await;
    let effects = Effects::default();
    let builder = worker(&client).handler(ship).handler(there::ship).state(effects.clone());
    let running = Running::start(builder);
    let job = client.add(ship, ()).await.expect("added");
    is(&job, JobState::Delayed).await;
    let (orders, others) =
        (client.queue("orders").expect("a name"), client.queue("others").expect("a name"));
    let report = orders.find(JobFilter::new()).move_to(&others).await.expect("moved");
    assert_eq!(report.done, 1);
    let moved: JobHandle<u32> = others.job(job.id().clone()).typed();
    is(&moved, JobState::Delayed).await;
    assert!(left(&base).is_empty(), "{:?}", left(&base));
    moved.signal("sent", &()).await.expect("sent");
    assert_eq!(moved.result().await.expect("it completes"), 1);
    running.stop().await;
}
