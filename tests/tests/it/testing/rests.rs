//! What goes on between two drives of a test, and while time passes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{
    Client, Context, DurationExt as _, Error, JobState, State, job, testing::TestQueue,
};
use tokio::time::Instant;

use crate::support::Count;

#[job(queue = "films")]
async fn render(minutes: u64, ctx: Context, begun: State<Count>) -> bool {
    begun.up();
    tokio::time::sleep(Duration::from_secs(minutes * 60)).await;
    ctx.is_cancelled()
}

#[jobqueue::test]
async fn a_run_under_way_goes_on_where_it_was(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(render).state(runs.clone());
    let (film, begun) = (app.client().add(render, 5).await?, app.now());
    for minute in 1..=4 {
        assert_eq!(app.advance(1.minutes()).await?.total(), 0);
        assert_eq!((app.now() - begun).num_seconds() / 60, minute);
        assert_eq!(film.state().await?, Some(JobState::Active));
    }
    // It rests: what is added now waits for the next drive.
    let next = app.client().add(render, 0).await?;
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!((next.state().await?, runs.get()), (Some(JobState::Waiting), 1));
    assert_eq!(app.advance(2.minutes()).await?.completed, 2);
    assert!(!film.result().await.expect("it ran"), "nobody told it to stop");
    let info = film.info().await?;
    assert_eq!((runs.get(), info.stalls, info.attempts_made), (2, 0, 0));
    Ok(())
}

#[jobqueue::test]
async fn one_queue_alone_is_run_though_another_rests(app: TestQueue) -> Result<(), Error> {
    let runs = Count::default();
    let app = app.handler(render).handler(tick).state(runs.clone()).state(Ticks::default());
    app.client().add(render, 5).await?;
    app.advance(1.minutes()).await?;
    app.client().add(tick, 0).await?;
    assert_eq!(app.drain("ticks").await?.completed, 1);
    assert_eq!(app.advance(6.minutes()).await?.completed, 1, "it began anew");
    assert_eq!(runs.get(), 2);
    Ok(())
}

/// When each ran.
#[derive(Clone, Default)]
struct Ticks(Arc<Mutex<Vec<(u64, Instant)>>>);

#[job(queue = "ticks")]
async fn tick(number: u64, ticks: State<Ticks>) {
    ticks.0.0.lock().expect("no panic").push((number, Instant::now()));
}

#[job(queue = "clocks")]
async fn start_clock(_: (), client: State<Client>) {
    tokio::spawn(async move {
        for number in 0.. {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            client.0.add(tick, number).await.expect("added");
        }
    });
}

/// A task that a handler has left behind ticks each hour, and so do the jobs that it adds.
#[jobqueue::test]
async fn tasks_of_handlers_go_on_at_their_time(app: TestQueue) -> Result<(), Error> {
    let (ticks, client) = (Ticks::default(), app.client().clone());
    let app = app.handler(tick).handler(start_clock).state(ticks.clone()).state(client);
    let begun = Instant::now();
    app.client().add(start_clock, ()).await?;
    app.run_until_idle().await?;
    assert_eq!(app.advance(1.days()).await?.completed, 24);
    let ticks = ticks.0.lock().expect("no panic").clone();
    let expected = (0..24).map(|number| (number, (number + 1) * 3_600));
    let found = ticks.iter().map(|(number, at)| (*number, (*at - begun).as_secs()));
    assert!(found.eq(expected), "{ticks:?}");
    Ok(())
}
