//! The accounting of flows: trees, graphs, batches and large flows, while those that start them and
//! those that run their nodes are killed, scripts are forgotten, and Redis dies.

use jobqueue_tests::{
    account::{
        Account,
        flows::{QUEUES, faults::Faults, proof::FlowProof},
    },
    cluster::RedisCluster,
    report::{Played, Report},
    server::RedisServer,
};

/// How often something dies, in each of them.
const ROUNDS: usize = 60;

const ASKED: &str = "each node one acknowledged end, each callback once, nothing left behind";

fn say(report: &mut Report, what: &str, proof: &FlowProof) {
    let FlowProof { flows, nodes, followed, half, wrong } = proof;
    let figure = format!(
        "{flows} flows, {nodes} nodes completed, {followed} callbacks, {half} staged in part, {} wrong {:?}",
        wrong.len(),
        wrong.iter().take(3).collect::<Vec<_>>(),
    );
    report.check(what, figure, ASKED, wrong.is_empty() && *flows > ROUNDS && *nodes > *flows);
}

pub(crate) async fn play(report: &mut Report) -> Played {
    one_server(report).await;
    server_that_dies(report).await;
    cluster(report).await;
    Ok(())
}

async fn one_server(report: &mut Report) {
    let server = RedisServer::start();
    let account = Account::open(&server.url()).await;
    let faults = Faults { account: &account, url: &server.url(), rounds: ROUNDS };
    faults.kill_and_forget(&[&server]).await;
    let proof = faults.end(|_| server.connection()).await;
    say(report, "starters and workers are killed, scripts are forgotten", &proof);
}

async fn server_that_dies(report: &mut Report) {
    let mut server = RedisServer::builder().append_only().start();
    let url = server.url();
    let account = Account::open(&url).await;
    let faults = Faults { account: &account, url: &url, rounds: ROUNDS / 2 };
    faults.kill_redis(&mut server).await;
    let proof = faults.end(|_| server.connection()).await;
    say(report, "Redis is killed too", &proof);
}

async fn cluster(report: &mut Report) {
    let cluster = RedisCluster::start();
    let url = cluster.node(0).url();
    let account = Account::open(&url).await;
    let faults = Faults { account: &account, url: &url, rounds: ROUNDS };
    faults.kill_and_forget(&[cluster.node(0), cluster.node(1), cluster.node(2)]).await;
    let node = |queue: &str| cluster.master(cluster.slot(queue), 0).unwrap_or_default();
    let mut masters = QUEUES.map(node);
    let proof = faults.end(|queue| cluster.node(node(queue)).connection()).await;
    say(report, "the nodes of each flow on all masters of a cluster", &proof);
    masters.sort_unstable();
    report.check("masters that have nodes", format!("{masters:?}"), "three", masters == [0, 1, 2]);
}
