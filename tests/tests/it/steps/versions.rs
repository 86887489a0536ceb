//! Results of steps whose type changes while their jobs are under way.

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobHandle, JobState, Payload, State, WorkerBuilder,
    error::{FailureReason, ResultError},
    job,
};
use jobqueue_tests::wait::eventually;
use serde::{Deserialize, Serialize};

use super::{Effects, is};
use crate::support::{Running, client, worker};

#[derive(Serialize, Deserialize, Payload)]
struct ChargeV1 {
    euros: u32,
}

#[derive(Serialize, Deserialize, Payload)]
#[payload(version = 2, upgrade_from(ChargeV1))]
struct Charge {
    cents: u64,
}

impl From<ChargeV1> for Charge {
    fn from(old: ChargeV1) -> Self {
        Self { cents: u64::from(old.euros) * 100 }
    }
}

/// A release before the versions, one that knows the first, and one that knows both.
macro_rules! release {
    ($module:ident, |$effects:ident, $ctx:ident| $step:expr, |$charge:ident| $result:expr) => {
        mod $module {
            use super::*;

            #[job(queue = "orders", steps)]
            pub(super) async fn fulfil(
                (): (),
                $ctx: Context,
                $effects: State<Effects>,
            ) -> Result<u64, Failure> {
                let $charge = $step;
                $ctx.sleep(30.days()).await?;
                Ok($result)
            }
        }
    };
}

async fn old_charge(effects: &Effects) -> Result<ChargeV1, Failure> {
    effects.happen("charge");
    Ok(ChargeV1 { euros: 9 })
}

async fn new_charge(effects: &Effects) -> Result<Charge, Failure> {
    effects.happen("charge");
    Ok(Charge { cents: 555 })
}

release!(plain, |effects, ctx| ctx.step("charge", || old_charge(&effects)).await?, |charge| {
    u64::from(charge.euros)
});
release!(
    first,
    |effects, ctx| ctx.step("charge", || old_charge(&effects)).versioned().await?,
    |charge| u64::from(charge.euros)
);
release!(
    second,
    |effects, ctx| ctx.step("charge", || new_charge(&effects)).attempts(2).versioned().await?,
    |charge| charge.cents
);
release!(
    settled,
    |effects, ctx| ctx.step("charge", || new_charge(&effects)).versioned().settled().await?,
    |charge| charge?.cents
);

/// A job that this release has charged for, and that goes on.
async fn begun(client: &Client, release: WorkerBuilder) -> JobHandle<u64> {
    let running = Running::start(release);
    let job = client.add(plain::fulfil, ()).await.expect("added");
    is(&job, JobState::Delayed).await;
    running.stop().await;
    job.promote().await.expect("it is delayed");
    job
}

async fn end(job: &JobHandle<u64>) -> u64 {
    let end = tokio::time::timeout(4.seconds(), job.result()).await;
    end.expect("it ends at once").expect("it completes")
}

#[tokio::test]
async fn what_was_recorded_before_is_upgraded() {
    let client = client().await;
    let effects = Effects::default();
    let of = |builder: WorkerBuilder| builder.state(effects.clone());
    for before in
        [of(worker(&client).handler(plain::fulfil)), of(worker(&client).handler(first::fulfil))]
    {
        let job = begun(&client, before).await;
        let running = Running::start(of(worker(&client).handler(second::fulfil)));
        assert_eq!(end(&job).await, 900);
        running.stop().await;
    }
    let job = begun(&client, of(worker(&client).handler(second::fulfil))).await;
    let running = Running::start(of(worker(&client).handler(settled::fulfil)));
    assert_eq!(end(&job).await, 555);
    running.stop().await;
    assert_eq!(effects.of("charge"), 3);
}

#[tokio::test]
async fn what_is_newer_waits_for_a_worker_that_knows_it() {
    let client = client().await;
    let effects = Effects::default();
    let of = |builder: WorkerBuilder| builder.state(effects.clone());
    for behind in
        [of(worker(&client).handler(plain::fulfil)), of(worker(&client).handler(first::fulfil))]
    {
        let job = begun(&client, of(worker(&client).handler(second::fulfil))).await;
        let running = Running::start(behind);
        // Not for the thirty days that it had slept.
        eventually("it is put off", async || {
            let info = job.info().await.expect("read");
            let due = info.due_at.filter(|_| info.state == JobState::Delayed)?;
            (due - chrono::Utc::now() < chrono::TimeDelta::seconds(11)).then_some(())
        })
        .await;
        running.stop().await;
        job.promote().await.expect("it is delayed");
        let running = Running::start(of(worker(&client).handler(second::fulfil)));
        assert_eq!(end(&job).await, 555);
        running.stop().await;
    }
    assert_eq!(effects.of("charge"), 2);
}

/// Charges, says how to undo that, and waits; beside that something fails.
macro_rules! undone {
    ($module:ident, $charge:expr) => {
        mod $module {
            use super::*;

            #[job(queue = "orders", steps, attempts = 1)]
            pub(super) async fn undo(
                fails: bool,
                ctx: Context,
                effects: State<Effects>,
            ) -> Result<u64, Failure> {
                let charge = async {
                    let charge = $charge(&ctx, &effects).await;
                    let undone = effects.0.clone();
                    ctx.on_failure("refund", move || {
                        undone.happen("refund");
                        async { Ok::<_, Failure>(()) }
                    })?;
                    charge
                };
                let waits = async {
                    let told: Option<u32> = ctx.wait_for("go", 30.days()).optional().await?;
                    match told {
                        Some(1) if fails => Err(Failure::permanent("no ship")),
                        _ => Ok(()),
                    }
                };
                tokio::try_join!(charge, waits)?;
                let _: u32 = ctx.wait_for("on", 30.days()).await?;
                Ok(1)
            }
        }
    };
}

async fn charge_v1(ctx: &Context, effects: &Effects) -> Result<(), Failure> {
    ctx.step("charge", || old_charge(effects)).versioned().await.map(drop)
}

async fn charge_v2(ctx: &Context, effects: &Effects) -> Result<(), Failure> {
    ctx.step("charge", || new_charge(effects)).versioned().await.map(drop)
}

undone!(behind, charge_v1);
undone!(ahead, charge_v2);

/// Whatever ends the job at a worker that doesn't know what was recorded, it is undone by one that does.
#[tokio::test]
async fn a_worker_that_is_behind_neither_fails_a_job_nor_undoes_a_part_of_it() {
    for fails in [true, false] {
        let client = client().await;
        let effects = Effects::default();
        let of = |builder: WorkerBuilder| {
            builder.state(effects.clone()).unknown_names(100.millis(), 1_000)
        };
        let running = Running::start(of(worker(&client).handler(ahead::undo)));
        let add = client.add(ahead::undo, fails);
        let job = if fails { add.await } else { add.deadline_in(1.seconds()).await };
        let job = job.expect("added");
        is(&job, JobState::Delayed).await;
        running.stop().await;
        job.signal("go", &1_u32).await.expect("sent");
        let running = Running::start(of(worker(&client).handler(behind::undo)));
        eventually("others to have it in vain", async || {
            job.info().await.expect("read").misses >= 12
        })
        .await;
        running.stop().await;
        assert_eq!(effects.of("refund"), 0);
        let running = Running::start(of(worker(&client).handler(ahead::undo)));
        is(&job, JobState::Failed).await;
        running.stop().await;
        assert_eq!((effects.of("charge"), effects.of("refund")), (1, 1), "{fails}");
    }
}

#[tokio::test]
async fn a_job_that_nobody_knows_enough_for_fails_in_the_end_and_goes_on_when_it_is_retried() {
    let client = client().await;
    let effects = Effects::default();
    let of = |builder: WorkerBuilder| builder.state(effects.clone());
    let running = Running::start(of(worker(&client).handler(ahead::undo)));
    let job = client.add(ahead::undo, true).await.expect("added");
    is(&job, JobState::Delayed).await;
    running.stop().await;
    job.promote().await.expect("it is delayed");
    let behind = of(worker(&client).handler(behind::undo)).unknown_names(50.millis(), 3);
    let running = Running::start(behind);
    let Err(ResultError::Failed { failure, .. }) = job.result().await else { panic!("it fails") };
    assert_eq!(failure.reason, FailureReason::NewerVersion);
    running.stop().await;
    assert_eq!(effects.of("refund"), 0);
    job.retry().await.expect("it runs again");
    let running = Running::start(of(worker(&client).handler(ahead::undo)));
    job.signal("on", &1_u32).await.expect("sent");
    assert_eq!(end(&job).await, 1);
    running.stop().await;
    assert_eq!((effects.of("charge"), effects.of("refund")), (1, 0));
}
