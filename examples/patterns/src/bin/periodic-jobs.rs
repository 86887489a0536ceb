//! Jobs that come again and again: by a pattern in a time zone, every so often, out of turn, and with
//! the newest in place of one that isn't done yet.
//!
//! Replaces BullMQ's job schedulers (`upsertJobScheduler`), Sidekiq's periodic jobs, and a cron
//! daemon.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{
    Client, Context, DurationExt, Failure, State, Worker, job,
    schedule::{CatchUp, Cron, Every, Overlap},
    types::{DateTime, Utc},
};
use tokio::sync::mpsc;

/// Says what has happened.
type Tell = State<mpsc::UnboundedSender<String>>;

#[job(queue = "reports")]
async fn report(kind: String, ctx: Context, tell: Tell) {
    let on_a_tick = ctx.schedule().is_some_and(|from| from.tick.is_some());
    let _ = tell.send(format!("{kind}, {}", if on_a_tick { "on a tick" } else { "out of turn" }));
}

/// Goes on until the next tick cancels it.
#[job(queue = "imports", cancel_grace = "5s")]
async fn import(_: (), ctx: Context, tell: Tell) -> Result<(), Failure> {
    ctx.cancelled().await;
    if let Some(reason) = ctx.cancel_reason() {
        let _ = tell.send(format!("an import was {reason}"));
    }
    Err(Failure::retry("told to stop"))
}

/// Every night, also when clocks change.
async fn nightly(client: &Client) -> anyhow::Result<()> {
    let cron = Cron::parse("30 2 * * *")?.in_zone("Europe/Berlin".parse()?);
    let start: DateTime<Utc> = "2027-03-27T00:00:00Z".parse()?;
    let made = client.schedule("nightly", cron, report, "nightly report".to_owned());
    for tick in made.start(start).await?.next_ticks(3) {
        println!("nightly: {}", tick.format("%Y-%m-%d %H:%M UTC"));
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let (sender, mut told) = mpsc::unbounded_channel::<String>();
    let worker = Worker::builder(&client).handler(report).handler(import).state(sender).build()?;
    let (handle, mut say) = (worker.handle(), async || told.recv().await.unwrap_or_default());
    let working = tokio::spawn(worker.run());

    nightly(&client).await?;
    let schedules = client.queue("reports")?.schedules();
    schedules.pause("nightly").await?;
    schedules.run_now("nightly").await?;
    println!("{}", say().await);

    let often = client.schedule("often", Every::new(100.millis()), report, "status".to_owned());
    often.catch_up(CatchUp::Within(1.hours())).limit(3).await?;
    for _ in 0..3 {
        println!("{}", say().await);
    }
    for schedule in schedules.list().await? {
        let state = if schedule.paused { "paused" } else { "over" };
        println!("{}: {} jobs, {state}", schedule.id, schedule.fired);
    }

    let latest = client.schedule("latest", Every::new(300.millis()), import, ());
    latest.overlap(Overlap::Cancel).await?;
    println!("{}", say().await);
    client.queue("imports")?.schedules().remove("latest").await?;
    handle.stop(0.seconds());
    working.await??;
    Ok(())
}
