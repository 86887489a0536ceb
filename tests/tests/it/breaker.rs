//! Circuit breakers: handlers that fail all the time are left alone, and probed.

use jobqueue::{
    Context, Failure, JobState, State, WorkerHandle, job,
    telemetry::{WorkerEvent, WorkerEvents},
};
use jobqueue_tests::wait::eventually;

use crate::support::{Count, Running, client, next_now, worker};

/// Well once it is raised.
type Health = State<Count>;

async fn opened(events: &mut WorkerEvents) -> String {
    loop {
        if let WorkerEvent::BreakerOpened { name, .. } = events.next().await.expect("it is told") {
            return name.to_string();
        }
    }
}

fn listen(handle: &WorkerHandle) -> WorkerEvents {
    handle.events()
}

#[job(
    queue = "gateway",
    attempts = 100,
    backoff = fixed("1ms"),
    breaker = after(3, pause = "300ms")
)]
async fn call(_: (), ctx: Context, health: Health) -> Result<u32, Failure> {
    if health.get() == 0 {
        return Err(Failure::retry("the gateway is down"));
    }
    Ok(ctx.attempt())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_opens_probes_and_closes() {
    let (client, health) = (client().await, Count::default());
    let running = Running::start(worker(&client).handler(call).state(health.clone()));
    let mut events = listen(&running.handle);
    let job = client.add(call, ()).await.expect("added");
    assert_eq!(opened(&mut events).await, "call");
    assert_eq!(opened(&mut events).await, "call", "the probe fails, too");
    health.up();
    let attempt = job.result().await.expect("it completes");
    assert!(attempt >= 5, "three failures, a probe that fails and one that doesn't: {attempt}");
    let mut closed = false;
    while let Some(event) = next_now(&mut events).await {
        closed |= matches!(event, WorkerEvent::BreakerClosed { .. });
    }
    assert!(closed);
    let more = client.add_all(call, [(); 20]).await.expect("added");
    for job in more {
        assert_eq!(job.result().await.expect("it completes"), 1);
    }
    running.stop().await;
}

#[job(queue = "gateway", attempts = 9, breaker = after(1, pause = "1h"))]
async fn down(_: ()) -> Result<(), Failure> {
    Err(Failure::retry("the gateway is down"))
}

#[job(queue = "gateway")]
async fn other(_: ()) {}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_other_handlers_go_on_and_its_own_go_back() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(down).handler(other));
    let mut events = listen(&running.handle);
    client.add(down, ()).await.expect("added");
    opened(&mut events).await;
    let jobs = client.add_all(down, [(); 3]).await.expect("added");
    let well = client.add(other, ()).await.expect("added");
    well.result().await.expect("it completes");
    for job in &jobs {
        let info = eventually("it is put off", async || {
            Some(job.info().await.expect("there")).filter(|info| info.state == JobState::Delayed)
        });
        assert_eq!(info.await.attempts_made, 0);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_with_no_other_handler_is_not_fetched_from() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(down));
    let first = client.add(down, ()).await.expect("added");
    eventually("the failure is settled", async || {
        let info = first.info().await.expect("there");
        (info.state == JobState::Delayed).then_some(())
    })
    .await;
    let mut events = listen(&running.handle);
    let jobs = client.add_all(down, [(); 3]).await.expect("added");
    running.stop().await;
    for job in &jobs {
        assert_eq!(job.info().await.expect("there").state, JobState::Waiting);
    }
    while let Some(event) = next_now(&mut events).await {
        assert!(!matches!(event, WorkerEvent::Released { .. }), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_request_itself_do_not_open_it() {
    #[job(queue = "gateway", breaker = after(2, pause = "1h"))]
    async fn picky(_: ()) -> Result<(), Failure> {
        Err(Failure::from_http(422, None, "no such article"))
    }
    let client = client().await;
    let running = Running::start(worker(&client).handler(picky));
    for job in client.add_all(picky, [(); 10]).await.expect("added") {
        job.result().await.expect_err("it fails at once");
    }
    running.stop().await;
}
