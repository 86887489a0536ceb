//! A cluster of three masters and three replicas: slots that move, masters that die.

use std::{collections::HashSet, time::Duration};

use jobqueue::{
    Client, Context, Failure, JobId,
    handler::{Definition, Handler, Job},
};
use jobqueue_tests::{
    account::{Account, Order, QUEUE, Shift, note::Note},
    cluster::RedisCluster,
    process::Process,
    wait::eventually,
};
use redis::cmd;

use super::{acknowledged, assert_kept, progress, settle};
use crate::support::{Running, client_of, worker};

/// Queues on slots of all masters.
const QUEUES: [&str; 8] =
    ["orders", "mails", "images", "reports", "refunds", "exports", "imports", "audits"];

#[derive(Clone, Copy)]
struct Spread<const N: usize>;

impl<const N: usize> Job for Spread<N> {
    type Payload = u32;
    type Output = String;
    const DEFINITION: Definition = Definition::new(QUEUES[N], "spread");
}

impl<const N: usize> Handler for Spread<N> {
    async fn call(payload: u32, ctx: Context) -> Result<String, Failure> {
        let line = format!("{} {payload}", ctx.queue().expect("a job has a queue"));
        ctx.log(line.clone()).await.map_err(|error| Failure::retry(error.to_string()))?;
        Ok(line)
    }
}

fn serve(client: &Client) -> Running {
    Running::start(
        worker(client)
            .handler(Spread::<0>)
            .handler(Spread::<1>)
            .handler(Spread::<2>)
            .handler(Spread::<3>)
            .handler(Spread::<4>)
            .handler(Spread::<5>)
            .handler(Spread::<6>)
            .handler(Spread::<7>),
    )
}

/// One job in each queue goes there and back.
async fn all_work(client: &Client) {
    for name in QUEUES {
        let queue = client.queue(name).expect("a name");
        let job = queue.add("spread", &7).await.expect("added");
        assert_eq!(job.result().await.expect("run"), format!("{name} 7"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_spread_over_all_masters() {
    let cluster = RedisCluster::start();
    let masters: HashSet<_> =
        QUEUES.iter().map(|queue| cluster.master(cluster.slot(queue), 0)).collect();
    assert_eq!(masters.len(), 3, "queues on all masters");
    // Any node leads to all of them, a replica too.
    for seed in [0, 4] {
        let client = client_of(&cluster.node(seed).url()).await;
        let running = serve(&client);
        all_work(&client).await;
        running.stop().await;
        for name in QUEUES {
            let stats = client.queue(name).expect("a name").stats().await.expect("read");
            assert_eq!((stats.counts.total_completed, stats.run.count()), (1, 1), "{name}");
        }
    }
    let url = format!("{}/1", cluster.node(0).url());
    let error = Client::connect(&url).await.expect_err("no such database").to_string();
    assert!(error.contains("database 0"), "{error}");
}

fn load(account: &Account, url: &str, replicated: bool) -> ([Process; 2], [Process; 2]) {
    let time = Duration::from_millis(5);
    let single = Order { time, pause: time * 4, mixed: true, replicated, ..Order::default() };
    let bulk = Order { bulk: 20, pause: Duration::from_millis(200), ..single };
    let shift = Shift { lease: Duration::from_secs(5), ..Shift::default() };
    let producers = [single, bulk].map(|order| account.producer(url, order));
    (producers, [(); 2].map(|()| account.worker(url, shift)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_is_moved_under_load() {
    let cluster = RedisCluster::start();
    let slot = cluster.slot(QUEUE);
    let from = cluster.master(slot, 0).expect("a master");
    let to = (from + 1) % 3;
    // Known to the third, which has never to do with the slot.
    let url = cluster.node((from + 2) % 3).url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url, false);
    progress(&queue, 50).await;

    cluster.begin_move(slot, from, to);
    cluster.move_keys(slot, from, to);
    let asked = async || cluster.errors(from, "ASK") > 0;
    eventually("somebody to be told to ask", asked).await;
    let moved = cluster.errors(from, "MOVED");
    let answered = async || cluster.errors(to, "TRYAGAIN") > 0;
    eventually("somebody to ask", answered).await;
    // Commands with one key are redirected by ASK.
    let sample = acknowledged_id(&account);
    queue.job(&sample).logs(0).await.expect("the new node is asked");
    cluster.end_move(slot, from, to);

    progress(&queue, 50).await;
    assert!(cluster.errors(from, "MOVED") > moved, "somebody was told that it has moved");
    settle(&account, &url, &mut producers, &mut workers).await;
    // The ledger reads the keys where they are.
    account.prove(&cluster.node(to).url()).await.assert();
}

fn acknowledged_id(account: &Account) -> JobId {
    let id = |note| match note {
        Note::Added { id, .. } => Some(id),
        _ => None,
    };
    let found = account.notes().into_iter().find_map(id).expect("an add");
    found.parse().expect("an id")
}

/// Kills the master of the account's queue under load, and waits until all goes on at its replica.
async fn fail_over(replicated: bool) {
    let mut cluster = RedisCluster::start();
    let slot = cluster.slot(QUEUE);
    let old = cluster.master(slot, 0).expect("a master");
    let (new, other) = (old + 3, (old + 1) % 3);
    let url = cluster.node(other).url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url, replicated);
    progress(&queue, 100).await;

    // No job that was acknowledged before the replica had caught up may be lost.
    let kept = acknowledged(&account);
    let mut wait = cmd("WAIT");
    wait.arg(1).arg(5_000);
    let confirmed: u32 = wait.query(&mut cluster.node(old).connection()).expect("it waits");
    assert_eq!(confirmed, 1, "the replica follows");
    progress(&queue, 20).await;
    cluster.kill(old);
    let promoted = async || cluster.master(slot, other) == Some(new);
    eventually("the replica to be promoted", promoted).await;
    progress(&queue, 20).await;

    cluster.restart(old);
    cluster.await_replica(old);
    let before = acknowledged(&account).len();
    let again = async || acknowledged(&account).len() > before + 20;
    eventually("adds to be acknowledged again", again).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    // With a replica's word for each add, all that was ever acknowledged.
    let kept = if replicated { acknowledged(&account) } else { kept };
    let proof = account.prove(&cluster.node(new).url()).await;
    assert_kept(&proof, &kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_is_killed_and_jobs_confirmed_by_a_replica_are_kept() {
    fail_over(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_is_killed_and_only_jobs_that_its_replica_lacked_are_lost() {
    fail_over(false).await;
}
