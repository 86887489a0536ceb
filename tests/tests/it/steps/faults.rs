//! Steps while scripts are forgotten, Redis dies and workers die, on one server and on three masters:
//! what was recorded is what later runs get, and all ends.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};

use jobqueue::{Client, Context, DurationExt as _, Failure, Flow, JobHandle, JobState, State, job};
use jobqueue_tests::{
    cluster::RedisCluster,
    server::RedisServer,
    wait::{eventually, eventually_within},
};

use super::Effects;
use crate::support::{Running, client_of, worker};

/// What the runs of each job got from a step.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<HashMap<String, HashSet<u32>>>>);

impl Kept {
    fn note(&self, name: &str, value: u32) {
        let mut all = self.0.lock().expect("no panic");
        all.entry(name.to_owned()).or_default().insert(value);
    }

    /// Steps whose result wasn't the same each time.
    fn broken(&self) -> Vec<String> {
        let all = self.0.lock().expect("no panic");
        let differ = all.iter().filter(|(_, values)| values.len() > 1);
        differ.map(|(name, values)| format!("{name}: {values:?}")).collect()
    }
}

#[job(queue = "fan-orders")]
async fn pack(order: u32) -> u32 {
    order
}

#[job(queue = "fan-mails", attempts = 1, steps)]
async fn order(
    number: u32,
    ctx: Context,
    effects: State<Effects>,
    kept: State<Kept>,
) -> Result<u32, Failure> {
    let part = async |name: &str| -> Result<u32, Failure> {
        let of_order = format!("{name} {number}");
        let step = ctx.step(name, async || Ok::<_, Failure>(effects.happen(&of_order)));
        let value = step.await?;
        kept.note(&of_order, value);
        Ok(value)
    };
    part("charge").await?;
    let flow = Flow::unnamed();
    let parcels = flow.all(pack, [number, number + 1]);
    let parcels: Vec<u32> = ctx.spawn_children("parcels", flow, parcels).await?;
    part("label").await?;
    let sent: u32 = ctx.wait_for("sent", 60.seconds()).await?;
    part("mail").await?;
    Ok(parcels.iter().sum::<u32>() + sent)
}

const JOBS: u32 = 20;

fn orders(client: &Client, effects: &Effects, kept: &Kept) -> Running {
    let builder = worker(client).lease(1.seconds()).max_stalls(1_000).handler(pack).handler(order);
    Running::start(builder.state(effects.clone()).state(kept.clone()))
}

/// Adds jobs, sends each its signal, and breaks something in between, again and again.
async fn disturbed(client: &Client, mut breaks: impl AsyncFnMut(u32)) -> Vec<JobHandle<u32>> {
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        jobs.push(client.add(order, number).await.expect("added"));
        if number % 4 == 1 {
            breaks(number).await;
        }
    }
    for (number, job) in jobs.iter().enumerate() {
        job.signal("sent", &1_000_u32).await.expect("sent");
        if number % 4 == 3 {
            breaks(u32::try_from(number).expect("few")).await;
        }
    }
    jobs
}

async fn all_complete(jobs: &[JobHandle<u32>]) {
    for (number, job) in jobs.iter().enumerate() {
        eventually_within(90.seconds(), "it to complete", async || {
            let state = job.state().await.expect("asked");
            assert_ne!(state, Some(JobState::Failed), "{:?}", job.info().await);
            state == Some(JobState::Completed)
        })
        .await;
        let expected = 2 * u32::try_from(number).expect("few") + 1 + 1_000;
        assert_eq!(job.result().await.expect("it completed"), expected);
    }
}

fn forget_scripts(server: &RedisServer) {
    redis::cmd("SCRIPT").arg("FLUSH").query::<()>(&mut server.connection()).expect("forgotten");
}

/// Nothing dies, so each effect happens once.
fn once_each(effects: &Effects) {
    for number in 0..JOBS {
        for name in ["charge", "label", "mail"] {
            assert_eq!(effects.of(&format!("{name} {number}")), 1, "{name} {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_are_forgotten() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let (effects, kept) = (Effects::default(), Kept::default());
    let running = orders(&client, &effects, &kept);
    let jobs = disturbed(&client, async |_| forget_scripts(&server)).await;
    all_complete(&jobs).await;
    once_each(&effects);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_and_workers_stop() {
    let mut server = RedisServer::builder().append_only().start();
    let client = client_of(&server.url()).await;
    let (effects, kept) = (Effects::default(), Kept::default());
    let _other = orders(&client, &effects, &kept);
    let mut running = Some(orders(&client, &effects, &kept));
    let jobs = disturbed(&client, async |_| {
        server.kill();
        server.restart();
        // What it has under way is cut off, and goes back.
        if let Some(old) = running.take() {
            old.stop_within(std::time::Duration::ZERO).await;
        }
        running = Some(orders(&client, &effects, &kept));
    })
    .await;
    all_complete(&jobs).await;
    assert_eq!(kept.broken(), [""; 0]);
    for number in 0..JOBS {
        for name in ["charge", "label", "mail"] {
            assert!(effects.of(&format!("{name} {number}")) >= 1, "{name} {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_and_its_children_are_on_two_masters() {
    let cluster = RedisCluster::start();
    let client = client_of(&cluster.node(0).url()).await;
    let (effects, kept) = (Effects::default(), Kept::default());
    let running = orders(&client, &effects, &kept);
    let jobs = disturbed(&client, async |_| {
        for at in 0..3 {
            forget_scripts(cluster.node(at));
        }
    })
    .await;
    all_complete(&jobs).await;
    once_each(&effects);
    let node = |queue: &str| cluster.master(cluster.slot(queue), 0).expect("a master");
    assert_ne!(node("fan-orders"), node("fan-mails"));
    let queue = client.queue("fan-mails").expect("a name");
    eventually("nothing to wait", async || {
        let counts = queue.counts().await.expect("read");
        counts.waiting_children + counts.delayed + counts.effects == 0
    })
    .await;
    running.stop().await;
}
