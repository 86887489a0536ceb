//! Flows of a round: on the same server and through the same faults, with an account of their own.

use std::time::{Duration, Instant};

use fastrand::Rng;
use jobqueue::Client;
use tokio::time::sleep;

use crate::{
    account::{
        Account,
        flows::{QUEUES, proof},
    },
    process::{Process, Signal},
    server::RedisServer,
};

const WORKERS: usize = 2;

/// Who starts flows and who runs their nodes. Fields that are processes end with it.
#[derive(Debug)]
pub(super) struct Flows {
    pub(super) workers: Vec<Process>,
    starter: Process,
    account: Account,
    /// Where the workers and the starter reach the server.
    urls: [String; 2],
}

impl Flows {
    /// One worker reaches the server as it is, and the other, like the starter, through the proxy.
    pub(super) async fn start(direct: String, through: String) -> Self {
        let account = Account::open(&direct).await;
        let urls = [through, direct];
        let workers = urls.each_ref().map(|url| account.node_worker(url));
        Self { workers: workers.into(), starter: account.starter(&urls[0]), account, urls }
    }

    pub(super) async fn replace_worker(&mut self, rng: &mut Rng, signal: Signal) {
        let at = rng.usize(..WORKERS);
        self.workers[at].signal(signal);
        self.workers[at].exit().await;
        self.workers[at] = self.account.node_worker(&self.urls[at]);
    }

    pub(super) async fn replace_starter(&mut self) {
        self.starter.signal(Signal::KILL);
        self.starter.exit().await;
        self.starter = self.account.starter(&self.urls[0]);
    }

    pub(super) async fn start_no_more(&mut self) {
        self.starter.signal(Signal::TERM);
        self.starter.exit().await;
    }

    /// Waits until all has ended, but not for longer than `patience`, and proves what it can.
    pub(super) async fn end(
        mut self,
        server: &RedisServer,
        patience: Duration,
    ) -> proof::FlowProof {
        let client = self.account.client(&server.url()).await;
        let until = Instant::now() + patience;
        let mut left = self.left(&client, server).await;
        while !left.is_empty() && Instant::now() < until {
            sleep(Duration::from_millis(50)).await;
            left = self.left(&client, server).await;
        }
        for worker in &mut self.workers {
            worker.signal(Signal::TERM);
            worker.exit().await;
        }
        let mut proof = proof::prove(&self.account, &client, |_| server.connection()).await;
        if !left.is_empty() {
            proof.wrong.push(format!("after {patience:?} there is work left in {left:?}"));
        }
        proof
    }

    /// The queues that have something to do, or a flow that hasn't ended.
    async fn left(&self, client: &Client, server: &RedisServer) -> Vec<&'static str> {
        let mut left = Vec::new();
        for queue in QUEUES {
            if self.account.has_flows_or_jobs(client, queue, &mut server.connection()).await {
                left.push(queue);
            }
        }
        left
    }
}
