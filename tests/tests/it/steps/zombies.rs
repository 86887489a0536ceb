//! A run whose worker has lost its lease without hearing of it: its job is another's by now.

use std::sync::Arc;

use jobqueue::{Client, Context, DurationExt as _, Failure, JobState, State, job};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::eventually,
};
use tokio::sync::Semaphore;

use super::Effects;
use crate::support::{Count, Running, worker};

#[job(queue = "orders", attempts = 1, steps)]
async fn order(
    _: (),
    ctx: Context,
    effects: State<Effects>,
    begun: State<Count>,
    gate: State<Arc<Semaphore>>,
) -> Result<(), Failure> {
    ctx.step("charge", async || Ok::<_, Failure>(effects.happen("charge"))).await?;
    begun.up();
    let _ = gate.acquire().await;
    ctx.step("ship", async || Ok::<_, Failure>(effects.happen("ship"))).await?;
    Ok(())
}

/// A gate of this many places.
fn gate(places: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(places))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_lost_its_job_unheard_begins_no_step() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let near = Client::connect(&server.url()).await.expect("the server is there");
    let far = Client::connect(&server.url_through(&proxy)).await.expect("the server is there");
    let (effects, begun, closed) = (Effects::default(), Count::default(), gate(0));
    let order_worker = |client: &Client, gate: Arc<Semaphore>| {
        let builder = worker(client).lease(1.seconds()).max_stalls(10).handler(order);
        Running::start(builder.state(effects.clone()).state(begun.clone()).state(gate))
    };
    let _cut_off = order_worker(&far, closed.clone());
    let job = near.add(order, ()).await.expect("added");
    eventually("its run", async || begun.get() == 1).await;
    proxy.set(Mode::BlackHole);
    // Another has it as soon as its lease is over, and does all of it.
    let _other = order_worker(&near, gate(1));
    let end = async || job.state().await.expect("a state") == Some(JobState::Completed);
    eventually("its end elsewhere", end).await;
    assert_eq!(effects.of("ship"), 1);
    // The first goes on, and can't know: it asks before it ships, and hears only now.
    closed.add_permits(1);
    proxy.set(Mode::Forward);
    let heard = async || near.queue("orders").expect("a name").workers().await.expect("read").len();
    eventually("it to be back", async || heard().await == 2).await;
    assert_eq!(effects.of("ship"), 1, "it is shipped once");
    assert_eq!(effects.of("charge"), 1);
}
