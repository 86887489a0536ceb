//! A trace goes with a job's headers, from hop to hop.

use std::sync::{Arc, Mutex};

use jobqueue::{
    Client, Context, Failure, JobHandle, State, job, testing::TestContext, trace::TraceContext,
};
use jobqueue_tests::{names, shared, wait};

use super::spans::Spans;
use crate::support::{Running, client, worker};

const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Where handlers leave the contexts of their runs.
type Seen = Arc<Mutex<Vec<Option<TraceContext>>>>;

#[job(queue = "trips")]
async fn first(_: (), client: State<Client>) -> Result<(), Failure> {
    client.add(second, ()).await.map_err(Failure::retry)?;
    Ok(())
}

#[job(queue = "trips")]
async fn second(_: (), ctx: Context, seen: State<Seen>) {
    seen.lock().expect("not poisoned").push(ctx.trace().cloned());
}

/// Adds four times: by itself, with another trace, from a task of its own, and with its own trace
/// from there.
#[job(queue = "trips")]
async fn branch(
    _: (),
    ctx: Context,
    client: State<Client>,
) -> Result<Vec<Option<String>>, Failure> {
    let other = "00-11111111111111111111111111111111-2222222222222222-00";
    let (mine, spawned) = (ctx.trace().map(ToString::to_string), client.0.clone());
    let alone = client.add(leaf, ()).await;
    let explicit = client.add(leaf, ()).header("traceparent", other).await;
    let task = tokio::spawn(async move {
        let lost = spawned.add(leaf, ()).await?;
        let given = spawned.add(leaf, ()).header("traceparent", mine.unwrap_or_default()).await?;
        Ok::<_, jobqueue::Error>((lost, given))
    });
    let (lost, given) = task.await.map_err(Failure::retry)?.map_err(Failure::retry)?;
    let mut headers = Vec::new();
    for handle in [alone.map_err(Failure::retry)?, explicit.map_err(Failure::retry)?, lost, given] {
        headers.push(header(&client, &handle, "traceparent").await);
    }
    Ok(headers)
}

#[job(queue = "elsewhere")]
async fn leaf(_: ()) {}

#[expect(clippy::needless_pass_by_value, reason = "an extractor is an argument by value")]
#[job(queue = "trips", blocking)]
fn block(_: (), client: State<Client>) -> Result<Option<String>, Failure> {
    let add = async {
        let handle = client.add(leaf, ()).await.map_err(Failure::retry)?;
        Ok(header(&client, &handle, "traceparent").await)
    };
    tokio::runtime::Handle::current().block_on(add)
}

#[job(queue = "trips", attempts = 1, dead_letter = "trips-dlq")]
async fn fail(_: ()) -> Result<(), Failure> {
    Err(Failure::retry("no"))
}

/// A header of a job that was added.
async fn header<T>(client: &Client, job: &JobHandle<T>, name: &str) -> Option<String> {
    let queue = client.queue("elsewhere").expect("a good name");
    let info = queue.job(job.id()).info().await.expect("nobody runs it");
    info.record.options.headers.get(name).cloned()
}

#[test]
fn a_context_for_tests_has_a_place_in_its_trace() {
    let context = TestContext::new().header("traceparent", SENT).build();
    let trace = context.trace().expect("the header can be read");
    assert_eq!(trace.parent_span_id(), Some(sent().span_id()));
    assert_eq!(TestContext::new().build().trace(), None);
}

fn sent() -> TraceContext {
    SENT.parse().expect("a good context")
}

#[tokio::test]
async fn each_run_is_a_child_of_what_its_job_was_sent_with() {
    let spans = Spans::default();
    // For this thread alone, which is the one that the whole test runs on.
    let _guard = tracing::subscriber::set_default(spans.clone());
    let (client, seen) = (client().await, Seen::default());
    let builder = worker(&client).handler(first).handler(second);
    let running = Running::start(builder.state(client.clone()).state(seen.clone()));
    let add = client.add(first, ()).header("traceparent", SENT).header("tracestate", "a=1,b=2");
    add.await.expect("added");
    wait::at_once("both runs", async || !seen.lock().expect("not poisoned").is_empty()).await;
    running.stop().await;

    let (one, two) = (spans.one("first"), spans.one("second"));
    let sent = sent();
    assert_eq!(one["trace_id"], sent.trace_id().to_string());
    assert_eq!(one["parent_span_id"], sent.span_id().to_string());
    assert_ne!(one["span_id"], one["parent_span_id"]);
    assert_eq!(two["trace_id"], one["trace_id"]);
    assert_eq!(two["parent_span_id"], one["span_id"], "the second is a child of the first");
    let seen = seen.lock().expect("not poisoned").clone();
    let [Some(trace)] = &seen[..] else { panic!("one run with a trace: {seen:?}") };
    assert_eq!(trace.span_id().to_string(), two["span_id"]);
    assert_eq!((trace.is_sampled(), trace.state()), (true, Some("a=1,b=2")));
}

#[tokio::test]
async fn messages_published_by_a_run_carry_its_trace() {
    #[job(queue = "trips")]
    async fn publish(_: (), client: State<Client>) -> Result<(), Failure> {
        client.publish("news", "trip.begun", ()).await.map_err(Failure::retry)?;
        Ok(())
    }
    let client = client().await;
    client.topic("news").expect("a good name").bind("readers", "#").await.expect("bound");
    let running = Running::start(worker(&client).handler(publish).state(client.clone()));
    client.add(publish, ()).header("traceparent", SENT).await.expect("added");
    let readers = client.queue("readers").expect("a good name");
    let arrived = async || readers.counts().await.expect("counted").waiting == 1;
    wait::at_once("the message", arrived).await;
    running.stop().await;
    let job = readers.jobs(jobqueue::JobState::Waiting).page(0, 1).await.expect("read").remove(0);
    let trace = job.record.options.headers.get("traceparent").expect("it has a place in a trace");
    assert!(trace.contains(&sent().trace_id().to_string()), "{trace}");
    assert_ne!(trace, SENT, "it is the run's child");
}

#[tokio::test]
async fn a_run_without_a_trace_has_none() {
    let spans = Spans::default();
    let _guard = tracing::subscriber::set_default(spans.clone());
    let (client, seen) = (client().await, Seen::default());
    let builder = worker(&client).handler(first).handler(second);
    let running = Running::start(builder.state(client.clone()).state(seen.clone()));
    client.add(first, ()).await.expect("added");
    client.add(first, ()).header("traceparent", "broken").await.expect("added");
    wait::at_once("both runs", async || seen.lock().expect("not poisoned").len() == 2).await;
    running.stop().await;
    assert_eq!(*seen.lock().expect("not poisoned"), [None, None]);
    assert!(spans.of("first").iter().all(|span| !span.contains_key("trace_id")));
}

#[tokio::test]
async fn an_explicit_trace_wins_and_a_spawned_task_has_none() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(branch).state(client.clone()));
    let job = client.add(branch, ()).header("traceparent", SENT).await.expect("added");
    let headers = job.result().await.expect("it runs");
    running.stop().await;
    let [Some(alone), Some(explicit), None, Some(given)] = &headers[..] else {
        panic!("four jobs, the third without a trace: {headers:?}")
    };
    assert_eq!(explicit, "00-11111111111111111111111111111111-2222222222222222-00");
    assert_eq!(alone, given, "both are children of the run");
    assert!(alone.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && alone != SENT, "{alone}");
}

#[tokio::test]
async fn a_blocking_handler_hands_its_trace_on_too() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(block).state(client.clone()));
    let job = client.add(block, ()).header("traceparent", SENT).await.expect("added");
    let handed_on = job.result().await.expect("it runs").expect("there is a trace");
    running.stop().await;
    assert!(handed_on.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{handed_on}");
}

#[tokio::test]
async fn a_client_asks_for_the_current_trace() {
    let builder = Client::builder(shared::url()).prefix(names::queue("t"));
    let traced = builder.trace(|| Some(sent().with_state("a=1"))).connect().await;
    let client = traced.expect("the server is there");
    let job = client.add(leaf, ()).await.expect("added");
    assert_eq!(header(&client, &job, "traceparent").await.as_deref(), Some(SENT));
    assert_eq!(header(&client, &job, "tracestate").await.as_deref(), Some("a=1"));
    let elsewhere = client.queue("elsewhere").expect("a good name");
    let own = TraceContext::root(false).to_string();
    let jobs = elsewhere.add_all("x", [1, 2]).header("traceparent", own.clone()).await;
    for job in jobs.expect("added") {
        assert_eq!(header(&client, &job, "traceparent").await.as_ref(), Some(&own));
        assert_eq!(header(&client, &job, "tracestate").await, None);
    }
}

#[tokio::test]
async fn a_worker_is_shown_the_spans_of_traced_runs() {
    let client = client().await;
    let shown = Arc::new(Mutex::new(Vec::new()));
    let (seen, hook) = (Seen::default(), shown.clone());
    let builder = worker(&client).handler(second).state(seen.clone()).on_span(move |_, trace| {
        hook.lock().expect("not poisoned").push(Some(trace.clone()));
    });
    let running = Running::start(builder);
    client.add(second, ()).await.expect("added");
    client.add(second, ()).header("traceparent", SENT).await.expect("added");
    wait::at_once("both runs", async || seen.lock().expect("not poisoned").len() == 2).await;
    running.stop().await;
    let (seen, shown) = (seen.lock().expect("not poisoned"), shown.lock().expect("not poisoned"));
    let traced: Vec<_> = seen.iter().filter(|trace| trace.is_some()).cloned().collect();
    assert_eq!(*shown, traced);
    assert_eq!(shown.len(), 1);
}

#[tokio::test]
async fn a_hook_that_panics_costs_no_run() {
    let client = client().await;
    let seen = Seen::default();
    let builder = worker(&client).handler(second).state(seen.clone());
    let running = Running::start(builder.on_span(|_, _| panic!("on purpose")));
    let job = client.add(second, ()).header("traceparent", SENT).await.expect("added");
    job.result().await.expect("it runs");
    running.stop().await;
    assert_eq!(seen.lock().expect("not poisoned").len(), 1);
}

#[tokio::test]
async fn a_dead_letter_stays_in_the_trace() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(fail));
    client.add(fail, ()).header("traceparent", SENT).await.expect("added");
    let dead = client.dead_letters("trips-dlq").expect("a good name");
    dead.wait_for(1).await.expect("it arrives");
    running.stop().await;
    let jobs = dead.queue().jobs(jobqueue::JobState::Waiting).page(0, 10).await.expect("read");
    let [letter] = &jobs[..] else { panic!("one dead letter: {jobs:?}") };
    assert_eq!(letter.record.options.headers["traceparent"], SENT);
}
