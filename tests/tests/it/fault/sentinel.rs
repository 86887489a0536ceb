//! A master that sentinels replace.

use std::time::Duration;

use jobqueue::{Client, Error, error::Refused};
use jobqueue_tests::{
    account::{Account, Order, Shift},
    process::Process,
    sentinel::Sentinels,
    wait::eventually,
};

use super::{acknowledged, assert_kept, progress, settle};

/// A producer whose adds count when the replica has them, and two workers.
fn load(account: &Account, url: &str) -> ([Process; 1], [Process; 2]) {
    let time = Duration::from_millis(5);
    let order = Order { time, pause: time * 4, mixed: true, replicated: true, ..Order::default() };
    let shift = Shift { lease: Duration::from_secs(5), ..Shift::default() };
    ([account.producer(url, order)], [(); 2].map(|()| account.worker(url, shift)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_is_killed_and_work_goes_on_at_the_new_one() {
    let mut service = Sentinels::start();
    let url = service.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url);
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
async fn a_failover_is_ordered_while_the_master_is_well() {
    let service = Sentinels::start();
    let url = service.url();
    let account = Account::open(&url).await;
    let queue = account.queue(&url).await;
    let (mut producers, mut workers) = load(&account, &url);
    progress(&queue, 50).await;
    service.fail_over();
    eventually("the replica to be promoted", async || service.is_master(1)).await;
    // The old master takes writes until it is told; no replica confirms them.
    service.await_replica(0);
    progress(&queue, 50).await;
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&service.servers[1].url()).await;
    assert_kept(&proof, &acknowledged(&account));
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_of_the_master_and_of_the_sentinels() {
    let service = Sentinels::start_guarded("s3cret", "t0p");
    let url = service.url_as(":s3cret@", "?sentinel_password=t0p");
    let client = Client::connect(&url).await.expect("both are right");
    client.queue("guarded").expect("a name").add("job", &1).await.expect("added");
    for (login, query) in
        [(":s3cret@", "?sentinel_password=wr0ng"), (":wr0ng@", "?sentinel_password=t0p")]
    {
        let refused = Client::connect(&service.url_as(login, query)).await;
        let error = refused.expect_err("one is wrong");
        assert!(matches!(error, Error::Refused(Refused::Permission { .. })), "{error:?}");
        let secrets = ["wr0ng", "s3cret", "t0p"];
        assert!(secrets.iter().all(|it| !format!("{error:?} {error}").contains(it)), "{error}");
    }
}
