//! Schedules in a test's own time.

use jobqueue::{
    Context, DurationExt as _, Error, State, job,
    schedule::{CatchUp, Cron, Every},
    testing::TestQueue,
    types::{DateTime, Utc},
};
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<DateTime<Utc>>>>;

#[job(queue = "nights", schedule = "0 3 * * *", tz = "Europe/Berlin")]
async fn nightly(_: (), ctx: Context, seen: State<Seen>) {
    let tick = ctx.schedule().and_then(|from| from.tick).expect("a tick");
    seen.lock().expect("no panic").push(tick);
}

#[jobqueue::test]
async fn ninety_days_of_nights_pass_in_no_time(app: TestQueue) -> Result<(), Error> {
    let seen = Seen::default();
    let app = app.handler(nightly).state(seen.clone());
    let ran = app.advance(90.days()).await?;
    let seen = seen.lock().expect("no panic").clone();
    assert_eq!((ran.completed, seen.len()), (90, 90));
    assert_eq!(seen[0].to_rfc3339(), "2026-01-01T02:00:00+00:00");
    // On 29 March, clocks in Berlin go forward: 3:00 is 1:00 UTC from then on.
    assert_eq!(seen[87].to_rfc3339(), "2026-03-29T01:00:00+00:00");
    assert_eq!(seen[86].to_rfc3339(), "2026-03-28T02:00:00+00:00");
    Ok(())
}

#[job(queue = "nights")]
async fn count(_: (), runs: State<crate::support::Count>) {
    runs.up();
}

#[jobqueue::test]
async fn a_schedule_is_paused_resumed_and_caught_up_with(app: TestQueue) -> Result<(), Error> {
    let runs = crate::support::Count::default();
    let app = app.handler(count).state(runs.clone());
    let schedules = app.client().queue("nights")?.schedules();
    app.client()
        .schedule("hourly", Every::new(1.hours()), count, ())
        .catch_up(CatchUp::Within(1.days()))
        .await?;
    app.advance(3.hours()).await?;
    assert_eq!(runs.get(), 3);
    schedules.pause("hourly").await?;
    app.advance(3.hours()).await?;
    assert_eq!(runs.get(), 3);
    schedules.resume("hourly").await?;
    app.advance(2.hours()).await?;
    assert_eq!(runs.get(), 5, "those of the pause are not caught up with");
    schedules.reschedule("hourly", Cron::parse("30 * * * *")?).await?;
    app.advance(1.hours()).await?;
    assert_eq!(runs.get(), 6);
    schedules.remove("hourly").await?;
    app.advance(5.hours()).await?;
    assert_eq!(runs.get(), 6);
    Ok(())
}
