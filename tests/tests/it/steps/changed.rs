//! Code that changes while a job is under way.

use jobqueue::{
    Client, JobHandle, JobState, WorkerBuilder, error::FailureReason, error::ResultError,
};

use super::{Effects, is};
use crate::support::{Running, client, worker};

/// The same handler in several versions.
macro_rules! version {
    ($module:ident, $ctx:ident, $effects:ident, $charge:ident, $body:expr) => {
        mod $module {
            use jobqueue::{Context, Failure, State, job};

            use super::super::Effects;

            #[job(queue = "orders", attempts = 5, steps)]
            pub(super) async fn fulfil(
                (): (),
                $ctx: Context,
                $effects: State<Effects>,
            ) -> Result<u32, Failure> {
                let $charge = async || Ok::<_, Failure>($effects.happen("charge"));
                $body
            }
        }
    };
}

version!(old, ctx, effects, charge, {
    let charged = ctx.step("charge", charge).await?;
    ctx.sleep(std::time::Duration::from_secs(3_600)).await?;
    Ok(charged)
});
version!(renamed, ctx, effects, charge, {
    let charged = ctx.step("pay", charge).await?;
    ctx.sleep(std::time::Duration::from_secs(3_600)).await?;
    Ok(charged)
});
version!(moved, ctx, effects, charge, {
    ctx.step("look", async || Ok::<_, Failure>(effects.happen("look"))).await?;
    let charged = ctx.step("charge", charge).await?;
    Ok(charged)
});
version!(another_type, ctx, effects, _unused, {
    let charge = async || Ok::<_, Failure>(format!("{}", effects.happen("charge")));
    let charged = ctx.step("charge", charge).await?;
    Ok(u32::try_from(charged.len()).unwrap_or_default())
});
version!(longer, ctx, effects, charge, {
    let charged = ctx.step("charge", charge).await?;
    ctx.sleep(std::time::Duration::from_secs(3_600)).await?;
    ctx.step("mail", async || Ok::<_, Failure>(effects.happen("mail"))).await?;
    Ok(charged + 10)
});

/// A job that has charged, and sleeps.
async fn begun(client: &Client, effects: &Effects) -> JobHandle<u32> {
    let running = Running::start(worker(client).handler(old::fulfil).state(effects.clone()));
    let job = client.add(old::fulfil, ()).await.expect("added");
    is(&job, JobState::Delayed).await;
    running.stop().await;
    job.promote().await.expect("it is delayed");
    job
}

async fn fails(job: &JobHandle<u32>, builder: WorkerBuilder, says: &str) {
    let running = Running::start(builder);
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    let text = failure.to_string() + &failure.causes.join(" ");
    assert!(text.contains(says), "{text}");
    assert_eq!(failure.reason, FailureReason::Permanent);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_are_not_those_that_were_recorded_fail_the_job_and_run_nothing() {
    let client = client().await;
    let effects = Effects::default();
    let of = |builder: WorkerBuilder| builder.state(effects.clone());
    let job = begun(&client, &effects).await;
    let builder = of(worker(&client).handler(renamed::fulfil));
    let says = "step \"pay\" stands at position 0, where step \"charge\" was recorded";
    fails(&job, builder, says).await;

    job.retry().await.expect("it has ended");
    let says = "step \"look\" stands at position 0";
    fails(&job, of(worker(&client).handler(moved::fulfil)), says).await;

    job.retry().await.expect("it has ended");
    let builder = of(worker(&client).handler(another_type::fulfil));
    fails(&job, builder, "result of step \"charge\", at position 0").await;
    assert_eq!((effects.of("charge"), effects.of("look")), (1, 0));

    // Once the code is right, it goes on. More may follow at the end.
    job.retry().await.expect("it has ended");
    let running = Running::start(of(worker(&client).handler(longer::fulfil)));
    assert_eq!(job.result().await.expect("it completes"), 11);
    assert_eq!((effects.of("charge"), effects.of("mail")), (1, 1));
    running.stop().await;
}
