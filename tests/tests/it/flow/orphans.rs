//! Children whose job ends, sleeps on or begins anew.

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, Flow, JobHandle, JobState, Queue, State,
    error::Refused,
    event::{Event, EventId, EventKind},
    find::JobFilter,
    flow::FlowState,
    job,
};
use jobqueue_tests::{
    shared,
    wait::{at_once, eventually},
};

use super::parts::{Board, leaf, leaves, texts};
use crate::support::{Count, Running, client, client_and_base, raw, worker};

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
        counts.waiting + counts.active == 2 && waits(&job).await
    };
    eventually("its children", there).await;
    job
}

async fn waits(job: &JobHandle<usize>) -> bool {
    job.state().await.expect("a state") == Some(JobState::WaitingChildren)
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
    eventually("a child to run", async || board.count() == 2 && waits(&job).await).await;
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
    assert!(waits(&job).await, "the end of the old ones is none of its own");
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
    assert!(waits(&job).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_children_is_a_state_of_its_own_wherever_states_are_told() {
    let (client, runs, board) = (client().await, Count::default(), Board::default());
    let queue = client.queue("parents").expect("a name");
    let _parents = parents(&client, &runs);
    let parent = waiting(&client, "shown").await;
    // One that stands in `delayed` for another reason.
    let later = client.add(self::parent, "later".to_owned()).delay(1.hours()).await;
    let later = later.expect("added");

    let counts = queue.counts().await.expect("read");
    assert_eq!((counts.delayed, counts.waiting_children), (1, 1));
    assert_eq!(queue.stats().await.expect("read").counts.waiting_children, 1);
    assert_eq!(counts.of(JobState::WaitingChildren), 1);
    let info = parent.info().await.expect("known");
    assert_eq!((info.state, info.due_at), (JobState::WaitingChildren, None));
    for (state, job) in [(JobState::WaitingChildren, &parent), (JobState::Delayed, &later)] {
        for newest in [false, true] {
            let jobs = queue.jobs(state);
            let jobs = if newest { jobs.newest_first() } else { jobs };
            assert_eq!(jobs.ids(0, 9).await.expect("read"), [job.id().clone()], "{state}");
        }
        let mut found = queue.find(JobFilter::new().state(state));
        let first = found.next().await.expect("one").expect("read");
        assert_eq!((&first.id, first.state), (job.id(), state));
        assert!(found.next().await.is_none(), "{state}");
    }
    let is_it = |event: &Event| {
        event.kind == EventKind::WaitingChildren && event.jobs.contains(parent.id())
    };
    let mut events = queue.events_after(&EventId::beginning());
    while !is_it(&events.next().await.expect("more").expect("read")) {}

    let _leaves = leaves(&client, &board);
    parent.result().await.expect("it completes");
    assert_eq!(queue.counts().await.expect("read").waiting_children, 0);
    let filter = JobFilter::new().state(JobState::WaitingChildren);
    assert!(queue.find(filter).next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_the_wait_for_children_ends_the_state() {
    let (client, base) = client_and_base("parents").await;
    let runs = Count::default();
    let queue = client.queue("parents").expect("a name");
    let _parents = parents(&client, &runs);
    let is_none = async || {
        let mut connection = raw(shared::url()).await;
        let key = format!("{base}waiting-children");
        let there: bool =
            redis::cmd("EXISTS").arg(key).query_async(&mut connection).await.expect("asked");
        !there && queue.counts().await.expect("read").waiting_children == 0
    };
    let late =
        client.add(parent, "late".to_owned()).deadline_in(300.millis()).await.expect("added");
    eventually("its end", async || late.state().await.expect("read") == Some(JobState::Failed))
        .await;
    assert!(is_none().await, "a deadline");
    let waiting_for = JobFilter::new().state(JobState::WaitingChildren);
    waiting(&client, "cancelled").await;
    let report = queue.find(waiting_for.clone()).cancel().await.expect("cancelled");
    assert_eq!(report.done, 1, "{report:?}");
    assert!(is_none().await, "a cancellation");
    waiting(&client, "removed").await;
    let report = queue.find(waiting_for).remove().await.expect("removed");
    assert_eq!(report.done, 1, "{report:?}");
    assert!(is_none().await, "a removal");
    waiting(&client, "obliterated").await;
    queue.obliterate().force().await.expect("removed");
    assert!(is_none().await, "an obliteration");
}
