//! A master that sentinels replace.

use std::time::Duration;

use jobqueue_tests::{
    account::{Account, Order, Shift},
    sentinel::Sentinels,
    wait::eventually,
};

use super::{acknowledged, assert_kept, progress, settle};

#[tokio::test(flavor = "multi_thread")]
async fn a_master_is_killed_and_work_goes_on_at_the_new_one() {
    let mut service = Sentinels::start();
    let url = service.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let time = Duration::from_millis(5);
    let order = Order { time, pause: time * 4, mixed: true, replicated: true, ..Order::default() };
    let shift = Shift { lease: Duration::from_secs(5), ..Shift::default() };
    let mut producers = [account.producer(&url, order)];
    let mut workers = [(); 2].map(|()| account.worker(&url, shift));
    progress(&queue, 100).await;

    service.servers[0].kill();
    eventually("the replica to be promoted", async || service.is_master(1)).await;
    progress(&queue, 20).await;
    service.servers[0].restart();
    // The sentinels make it a replica.
    service.await_replica(0);
    let before = acknowledged(&account).len();
    let again = async || acknowledged(&account).len() > before + 20;
    eventually("adds to be acknowledged again", again).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&service.servers[1].url()).await;
    assert_kept(&proof, &acknowledged(&account));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_is_made_a_replica_while_all_connections_stay_open() {
    let service = Sentinels::start();
    let url = service.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let time = Duration::from_millis(5);
    let order = Order { time, pause: time * 4, ..Order::default() };
    let mut producers = [account.producer(&url, order)];
    let mut workers = [account.worker(&url, Shift::default())];
    progress(&queue, 50).await;
    // By hand, so that nobody cuts the connections: writes are refused by the server that was the master.
    let mut connection = service.servers[0].connection();
    let failover = redis::cmd("FAILOVER");
    failover.query::<()>(&mut connection).expect("it begins");
    eventually("the replica to be promoted", async || service.is_master(1)).await;
    progress(&queue, 50).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    // FAILOVER holds writes back until the replica has all: nothing at all is lost.
    let proof = account.prove(&service.servers[1].url()).await;
    assert_kept(&proof, &acknowledged(&account));
}
