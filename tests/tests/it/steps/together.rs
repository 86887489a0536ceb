//! Waits beside each other, and runs whose connections break.

use std::time::Duration;

use jobqueue::{Client, Context, DurationExt as _, Failure, Flow, JobState, State, job};
use jobqueue_tests::{proxy::Proxy, server::RedisServer, wait::eventually};

use super::{Effects, is};
use crate::support::{Running, client, worker};

#[job(queue = "orders", attempts = 1, steps)]
async fn either(_: (), ctx: Context) -> Result<String, Failure> {
    tokio::select! {
        biased;
        slept = ctx.sleep(30.seconds()) => slept.map(|()| "slept".to_owned()).map_err(Failure::from),
        word = ctx.wait_for::<String>("word", 30.seconds()) => Ok(word?),
    }
}

#[job(queue = "orders", attempts = 1, steps)]
async fn one_of_three(_: (), ctx: Context) -> Result<String, Failure> {
    let wait = |name| ctx.wait_for::<String>(name, 60.seconds());
    Ok(tokio::select! {
        biased;
        a = wait("a") => a?,
        b = wait("b") => b?,
        c = wait("c") => c?,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_any_of_the_waits() {
    let client = client().await;
    let builder = worker(&client).concurrency(16).handler(either).handler(one_of_three);
    let running = Running::start(builder);
    let mut jobs = Vec::new();
    for n in 0..40_usize {
        let job = match n % 2 {
            0 => client.add(either, ()).await.expect("added"),
            _ => client.add(one_of_three, ()).await.expect("added"),
        };
        let name = if n % 2 == 0 { "word" } else { ["a", "b", "c"][n % 3] };
        // Half of them come before the job waits, or while it begins to.
        if n % 4 < 2 {
            is(&job, JobState::Delayed).await;
        }
        job.signal(name, name).await.expect("sent");
        jobs.push((job, name));
    }
    for (job, name) in jobs {
        let end = tokio::time::timeout(10.seconds(), job.result()).await.expect("it isn't asleep");
        assert_eq!(end.expect("it completes"), name);
    }
    running.stop().await;
}

#[job(queue = "cells")]
async fn square(n: u64) -> u64 {
    n * n
}

#[job(queue = "orders", attempts = 1, steps)]
async fn children_and_a_sleep(_: (), ctx: Context) -> Result<u64, Failure> {
    let flow = Flow::unnamed();
    let child = flow.node(square, 3);
    let children = async { ctx.spawn_children("cells", flow, child).await };
    let slept = async { ctx.sleep(20.seconds()).await };
    tokio::select! {
        biased;
        square = children => Ok(square?),
        slept = slept => {
            slept?;
            Err(Failure::permanent("too late"))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn children_start_though_the_job_waits_for_something_else_as_well() {
    let client = client().await;
    let builder = worker(&client).handler(square).handler(children_and_a_sleep);
    let running = Running::start(builder);
    let job = client.add(children_and_a_sleep, ()).await.expect("added");
    let end = tokio::time::timeout(10.seconds(), job.result()).await.expect("its child wakes it");
    assert_eq!(end.expect("it completes"), 9);
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn in_three_parts(n: u32, ctx: Context, effects: State<Effects>) -> Result<u32, Failure> {
    let name = format!("order {n}");
    ctx.step("charge", async || Ok::<_, Failure>(effects.happen(&name))).await?;
    let sent: u32 = ctx.wait_for("sent", 60.seconds()).await?;
    ctx.step("mail", async || Ok::<_, Failure>(sent)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connections_cost_no_attempt() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let near = Client::connect(&server.url()).await.expect("connected");
    let far = Client::connect(&server.url_through(&proxy)).await.expect("connected");
    let effects = Effects::default();
    let builder = worker(&far).concurrency(20).handler(in_three_parts).state(effects.clone());
    let running = Running::start(builder);
    let mut jobs = Vec::new();
    for n in 0..60_u32 {
        jobs.push(near.add(in_three_parts, n).await.expect("added"));
        if n % 10 == 5 {
            proxy.drop_connections();
        }
    }
    for (n, job) in jobs.iter().enumerate() {
        job.signal("sent", &7_u32).await.expect("sent");
        if n % 10 == 5 {
            proxy.drop_connections();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    for job in &jobs {
        eventually("it to complete", async || {
            let state = job.state().await.expect("asked");
            assert_ne!(
                state,
                Some(JobState::Failed),
                "{:?}",
                job.info().await.expect("known").errors
            );
            state == Some(JobState::Completed)
        })
        .await;
    }
    running.stop().await;
}
