//! Flows, while those that start them and those that run their nodes and relay are killed, scripts are
//! forgotten, and Redis dies: the accounting of `jobqueue_tests::account::flows`.

use jobqueue_tests::{
    account::{Account, flows::faults::Faults},
    cluster::RedisCluster,
    server::RedisServer,
};

#[tokio::test(flavor = "multi_thread")]
async fn starters_and_workers_are_killed_and_scripts_are_forgotten() {
    let server = RedisServer::start();
    let account = Account::open(&server.url()).await;
    let faults = Faults { account: &account, url: &server.url(), rounds: 8 };
    faults.kill_and_forget(&[&server]).await;
    faults.end(|_| server.connection()).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed_too() {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let account = Account::open(&url).await;
    let faults = Faults { account: &account, url: &url, rounds: 4 };
    faults.kill_redis(&mut server).await;
    faults.end(|_| server.connection()).await.assert();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_of_a_flow_are_on_three_masters() {
    let cluster = RedisCluster::start();
    let url = cluster.node(0).url();
    let account = Account::open(&url).await;
    let faults = Faults { account: &account, url: &url, rounds: 6 };
    faults.kill_and_forget(&[cluster.node(0), cluster.node(1), cluster.node(2)]).await;
    let node = |queue: &str| cluster.master(cluster.slot(queue), 0).expect("a master");
    let masters = jobqueue_tests::account::flows::QUEUES.map(node);
    assert!(masters[0] != masters[1] && masters[1] != masters[2] && masters[0] != masters[2]);
    faults.end(|queue| cluster.node(node(queue)).connection()).await.assert();
}
