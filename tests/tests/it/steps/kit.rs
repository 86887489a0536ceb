//! Steps in tests: handlers that are called by themselves, and whole systems in a test's time.

use jobqueue::{
    Context, DurationExt, Error, Failure, JobState, State, job,
    testing::{Ending, TestContext, TestQueue, run},
};

use super::Effects;

#[job(queue = "orders", attempts = 2, steps)]
async fn fulfil(order: u32, ctx: Context, effects: State<Effects>) -> Result<String, Failure> {
    let charge = ctx
        .step("charge", async || {
            effects.happen("charge");
            Ok::<_, Failure>(order * 10)
        })
        .await?;
    ctx.sleep(2.days()).await?;
    let parcel: Option<String> = ctx.wait_for("shipped", 7.days()).optional().await?;
    Ok(format!("{charge} {}", parcel.as_deref().unwrap_or("none")))
}

#[tokio::test]
async fn a_handler_that_is_called_by_itself_runs_its_steps_and_takes_given_signals() {
    let effects = Effects::default();
    for (given, expected) in [(Some("p1"), "70 p1"), (None, "70 none")] {
        let ctx = TestContext::new();
        let ctx = given.into_iter().fold(ctx, |ctx, parcel| ctx.signal("shipped", parcel));
        let result = fulfil(7, ctx.build(), State(effects.clone())).await;
        assert_eq!(result.expect("it completes"), expected);
    }
    assert_eq!(effects.of("charge"), 2);
}

#[test]
fn sleeps_and_waits_end_as_a_tests_time_goes_on() {
    let effects = Effects::default();
    let seen = effects.clone();
    run(async move |app: TestQueue| -> Result<(), Error> {
        let app = app.handler(fulfil).state(seen);
        let jobs = [app.client().add(fulfil, 1).await?, app.client().add(fulfil, 2).await?];
        assert_eq!(app.run_until_idle().await?.suspended, 2);
        app.advance(2.days()).await?;
        jobs[0].signal("shipped", "p1").await?;
        assert_eq!(app.run_until_idle().await?.completed, 1);
        assert_eq!(jobs[0].result().await.expect("it completes"), "10 p1");
        assert_eq!(jobs[1].state().await?, Some(JobState::Delayed));
        app.advance(7.days()).await?;
        assert_eq!(jobs[1].result().await.expect("it completes"), "20 none");
        let performed = app.perform(fulfil, 3).await?;
        assert!(matches!(performed.ending, Ending::Suspended), "{:?}", performed.ending);
        Ok(())
    })
    .expect("it passes");
    assert_eq!(effects.of("charge"), 3);
}
