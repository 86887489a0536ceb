//! Schedules, cancelling, unique keys and snoozes on a cluster: all of each happens in a queue's own
//! slot.

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobState, State, Unique, job,
    schedule::{CatchUp, Every, Overlap},
    unique::Added,
};
use jobqueue_tests::{cluster::RedisCluster, names, wait::eventually};

use crate::support::{Count, Running, worker};

#[job(queue = "ticks", snoozes = 2)]
async fn tick(_: (), ctx: Context, runs: State<Count>) -> Result<(), Failure> {
    if ctx.snoozes() == 0 {
        return Err(Failure::snooze(1.millis(), "not yet"));
    }
    runs.up();
    Ok(())
}

#[job(queue = "long")]
async fn long(_: (), ctx: Context) -> Result<(), Failure> {
    ctx.cancelled().await;
    Err(Failure::retry("told to stop"))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_happens_in_a_queues_own_slot() {
    let cluster = RedisCluster::start();
    let builder = Client::builder(&cluster.node(0).url()).prefix(names::queue("t"));
    let client = builder.connect().await.expect("the cluster is there");
    let runs = Count::default();
    let running = Running::start(worker(&client).handler(tick).handler(long).state(runs.clone()));

    let schedule = client.schedule("often", Every::new(200.millis()), tick, ());
    schedule.catch_up(CatchUp::Within(1.hours())).limit(3).await.expect("made");
    eventually("all ticks have run", async || runs.get() == 3).await;

    let latest = client.schedule("latest", Every::new(300.millis()), long, ());
    latest.overlap(Overlap::Cancel).await.expect("made");
    let queue = client.queue("long").expect("a name");
    eventually("two are cancelled", async || queue.counts().await.expect("counts").cancelled >= 2)
        .await;
    queue.schedules().remove("latest").await.expect("removed");

    let key = || Unique::by("k").keep_last();
    let first = client.add(long, ()).unique(key()).await.expect("added");
    eventually("it runs", async || first.state().await.expect("a state") == Some(JobState::Active))
        .await;
    let next = client.add(long, ()).unique(key()).await.expect("added");
    assert_eq!(next.added(), &Added::After(first.id().clone()));
    first.cancel().await.expect("told");
    eventually("the next one runs", async || {
        next.state().await.expect("a state") == Some(JobState::Active)
    })
    .await;
    queue.schedules().run_now("latest").await.expect_err("it was removed");
    next.cancel().await.expect("told");
    running.stop().await;
}
