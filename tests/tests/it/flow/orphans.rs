//! Children whose job ends, sleeps on or begins anew.

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, Flow, JobHandle, JobState, Queue, State,
    error::Refused, flow::FlowState, job,
};
use jobqueue_tests::wait::{at_once, eventually};

use super::parts::{Board, leaf, leaves, texts};
use crate::support::{Count, Running, client, worker};

#[job(queue = "parents", attempts = 1, steps)]
async fn parent(what: String, ctx: Context, runs: State<Count>) -> Result<usize, Failure> {
    let run = runs.up();
    // Kept for no time at all, but for its job.
    let flow = Flow::unnamed().keep(1.millis()).keep_failed(1.millis());
    let all = flow.all(leaf, texts([&what, "other"]));
    let ends = ctx.spawn_children("leaves", flow, all).await?;
    if what == "sleep" {
        ctx.sleep(1.seconds()).await?;
    }
    Ok(ends.len() + 10 * run)
}

fn parents(client: &Client, runs: &Count) -> Running {
    Running::start(worker(client).handler(parent).state(runs.clone()))
}

async fn waiting(client: &Client, what: &str) -> JobHandle<usize> {
    let job = client.add(parent, what.to_owned()).await.expect("added");
    let leaves = leaves_of(client);
    let there = async || {
        let counts = leaves.counts().await.expect("read");
        counts.waiting + counts.active == 2 && delayed(&job).await
    };
    eventually("its children", there).await;
    job
}

async fn delayed(job: &JobHandle<usize>) -> bool {
    job.state().await.expect("a state") == Some(JobState::Delayed)
}

fn leaves_of(client: &Client) -> Queue {
    client.queue("leaves").expect("a name")
}

async fn cancelled(client: &Client) -> u64 {
    leaves_of(client).counts().await.expect("read").total_cancelled
}

#[tokio::test(flavor = "multi_thread")]
async fn children_are_cancelled_with_their_job() {
    let (client, runs) = (client().await, Count::default());
    let _parents = parents(&client, &runs);
    let job = waiting(&client, "cancelled").await;
    job.cancel().await.expect("cancelled");
    at_once("the end of its children", async || cancelled(&client).await == 2).await;
    let job = waiting(&client, "removed").await;
    job.remove().await.expect("removed");
    eventually("the end of its children", async || cancelled(&client).await == 4).await;
    let queue = client.queue("parents").expect("a name");
    let job = waiting(&client, "drained").await;
    queue.drain().with_delayed().await.expect("drained");
    eventually("the end of its children", async || cancelled(&client).await == 6).await;
    assert_eq!(job.state().await.expect("asked"), None);
    assert_eq!(runs.get(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn children_that_run_are_told() {
    let (client, runs, board) = (client().await, Count::default(), Board::default());
    let _workers = (parents(&client, &runs), leaves(&client, &board));
    let job = client.add(parent, "stay".to_owned()).await.expect("added");
    eventually("a child to run", async || board.count() == 2 && delayed(&job).await).await;
    job.cancel().await.expect("cancelled");
    eventually("its end", async || board.count() == 3).await;
    eventually("a cancelled child", async || cancelled(&client).await == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_stand_for_as_long_as_their_job() {
    let (client, runs, board) = (client().await, Count::default(), Board::default());
    let _workers = (parents(&client, &runs), leaves(&client, &board));
    let job = client.add(parent, "sleep".to_owned()).await.expect("added");
    let result = job.result().await.expect("it completes");
    // A run for the sleep, and one for the children unless they were very fast.
    assert!(result == 12 || result == 22, "{result}");
    assert_eq!(board.take(), ["other", "sleep"], "each ran once");
    // They go when it goes.
    let queue = client.queue("parents").expect("a name");
    let flows = async || {
        let mut flows = queue.flows();
        let mut found = Vec::new();
        while let Some(flow) = flows.next().await {
            found.push(flow.expect("read").id);
        }
        found
    };
    assert_eq!(flows().await.len(), 1);
    let found =
        queue.flow(flows().await[0].clone()).await.expect("asked").expect("found by its id");
    assert_eq!(found.info().await.expect("known").summary.state, FlowState::Completed);
    job.remove().await.expect("removed");
    eventually("the flow to go", async || flows().await.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_begins_anew_waits_for_new_children() {
    let (client, runs, board) = (client().await, Count::default(), Board::default());
    let parents = parents(&client, &runs);
    let job = waiting(&client, "first").await;
    job.cancel().await.expect("cancelled");
    job.retry().anew().await.expect("it runs again");
    let leaves_queue = leaves_of(&client);
    let new = async || {
        let counts = leaves_queue.counts().await.expect("read");
        counts.waiting == 2 && counts.total_cancelled == 2
    };
    eventually("new children, and the end of the old ones", new).await;
    assert!(delayed(&job).await, "the end of the old ones is none of its own");
    let _leaves = leaves(&client, &board);
    assert_eq!(job.result().await.expect("it completes"), 22);
    assert_eq!((board.take(), runs.get()), (vec!["first".to_owned(), "other".to_owned()], 3));
    parents.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_for_its_children_stays_where_it_is() {
    let (client, runs) = (client().await, Count::default());
    let _parents = parents(&client, &runs);
    let job = waiting(&client, "stays").await;
    let is_refused = |error: Error| {
        let refused = matches!(
            error,
            Error::Refused(Refused::WrongState { state: JobState::WaitingChildren, .. })
        );
        assert!(refused, "{error:?}");
    };
    is_refused(job.promote().await.expect_err("refused"));
    is_refused(job.set_delay(1.seconds()).await.expect_err("refused"));
    let elsewhere = client.queue("elsewhere").expect("a name");
    let queue = client.queue("parents").expect("a name");
    let report = queue.find(Default::default()).move_to(&elsewhere).await.expect("asked");
    assert_eq!(report.done, 0, "{report:?}");
    assert!(delayed(&job).await);
}
