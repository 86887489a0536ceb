//! What takes long, in the test's own time.

use std::time::Duration;

use jobqueue::{DurationExt as _, Error, Failure, State, job, testing::TestQueue};

use crate::support::Count;

#[job(queue = "films", timeout = "3h")]
async fn render(_: u32, done: State<Count>) {
    tokio::time::sleep(Duration::from_secs(2 * 3_600)).await;
    done.up();
}

#[job(queue = "calls", attempts = 2)]
async fn call(_: u32, calls: State<Count>) -> Result<(), Failure> {
    calls.up();
    if calls.get() == 1 { Err(Failure::rate_limited(90.minutes(), "busy")) } else { Ok(()) }
}

#[jobqueue::test]
async fn a_run_may_take_hours(app: TestQueue) -> Result<(), Error> {
    let done = Count::default();
    let app = app.handler(render).state(done.clone());
    app.client().add(render, 1).await?;
    let begun = app.now();
    assert_eq!(app.advance(3.hours()).await?.completed, 1);
    assert_eq!((done.get(), app.now() - begun), (1, chrono::TimeDelta::hours(3)));
    Ok(())
}

#[jobqueue::test]
async fn time_goes_no_further_than_it_is_told(app: TestQueue) -> Result<(), Error> {
    let calls = Count::default();
    let app = app.handler(call).state(calls.clone());
    app.client().add(call, 1).await?;
    app.client().add(call, 2).await?;
    let begun = app.now();
    app.advance(1.minutes()).await?;
    assert_eq!(calls.get(), 2, "both began, and then the queue is throttled");
    assert!(app.now() - begun < chrono::TimeDelta::minutes(2), "{}", app.now() - begun);
    app.advance(3.hours()).await?;
    assert_eq!(calls.get(), 3);
    Ok(())
}
