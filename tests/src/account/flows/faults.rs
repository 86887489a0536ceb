//! What happens to those that start flows, run nodes and relay.

use std::time::Duration;

use redis::{Connection, cmd};

use super::{
    super::{Account, note::Note},
    QUEUES,
    proof::{FlowProof, prove},
};
use crate::{
    process::{Process, Signal},
    server::RedisServer,
    wait::{eventually, eventually_within},
};

/// How long all may take to end once all is well.
const PATIENCE: Duration = Duration::from_secs(90);

/// An account of flows, and for how many rounds it is disturbed.
#[derive(Clone, Copy, Debug)]
pub struct Faults<'a> {
    /// The account.
    pub account: &'a Account,
    /// Its server.
    pub url: &'a str,
    /// How often something dies.
    pub rounds: usize,
}

async fn kill(mut process: Process) {
    process.signal(Signal::KILL);
    process.exit().await;
}

impl Faults<'_> {
    fn counted(&self, is_one: fn(&Note) -> bool) -> usize {
        self.account.notes().iter().filter(|note| is_one(note)).count()
    }

    fn started(&self) -> usize {
        self.counted(|note| matches!(note, Note::Added { .. }))
    }

    /// Waits until some more nodes have run.
    async fn progress(&self, nodes: usize) {
        let ran = || self.counted(|note| matches!(note, Note::Effect { .. }));
        let enough = ran() + nodes;
        eventually_within(PATIENCE, "nodes to run", async || ran() >= enough).await;
    }

    /// Kills at random a starter, which may be half-way through staging, or a worker, which may be
    /// relaying; and lets servers forget their scripts.
    pub async fn kill_and_forget(&self, servers: &[&RedisServer]) {
        for round in 0..self.rounds {
            let starter = self.account.starter(self.url);
            let workers = [0, 1].map(|_| self.account.node_worker(self.url));
            let enough = self.started() + fastrand::usize(5..30);
            eventually_within(PATIENCE, "flows to start", async || self.started() >= enough).await;
            let [first, second] = workers;
            kill(first).await;
            self.progress(fastrand::usize(1..100)).await;
            for server in servers.iter().filter(|_| round % 2 == 0) {
                let flush = cmd("SCRIPT").arg("FLUSH").query::<()>(&mut server.connection());
                flush.expect("scripts are forgotten");
            }
            // One of both goes on for a moment alone.
            if fastrand::bool() {
                kill(starter).await;
                // All that was started may have ended before so many have run.
                let some = self.progress(fastrand::usize(1..100));
                let _ = tokio::time::timeout(Duration::from_secs(2), some).await;
                kill(second).await;
            } else {
                kill(second).await;
                let enough = self.started() + fastrand::usize(1..6);
                eventually("more flows", async || self.started() >= enough).await;
                kill(starter).await;
            }
        }
    }

    /// Kills the server again and again, and now and then a process.
    ///
    /// It must keep all that it has acknowledged.
    pub async fn kill_redis(&self, server: &mut RedisServer) {
        for _ in 0..self.rounds {
            let starter = self.account.starter(self.url);
            let workers = [0, 1].map(|_| self.account.node_worker(self.url));
            self.progress(fastrand::usize(100..300)).await;
            server.kill();
            let [first, second] = workers;
            if fastrand::bool() {
                kill(first).await;
            }
            server.restart();
            self.progress(fastrand::usize(50..150)).await;
            kill(starter).await;
            kill(second).await;
        }
    }

    /// Lets workers bring all to its end, and proves it.
    ///
    /// # Panics
    /// Something never ends.
    pub async fn end(&self, connection: impl Fn(&str) -> Connection) -> FlowProof {
        let client = self.account.client(self.url).await;
        let mut workers = [0, 1].map(|_| self.account.node_worker(self.url));
        let settled = async || self.is_settled(&client, &connection).await;
        eventually_within(PATIENCE, "all flows to end", settled).await;
        for worker in &mut workers {
            worker.signal(Signal::TERM);
            assert!(worker.exit().await.success(), "{worker}");
        }
        prove(self.account, &client, connection).await
    }

    async fn is_settled(
        &self,
        client: &jobqueue::Client,
        connection: &impl Fn(&str) -> Connection,
    ) -> bool {
        for queue in QUEUES {
            if self.account.has_flows_or_jobs(client, queue, &mut connection(queue)).await {
                return false;
            }
        }
        true
    }
}

impl Account {
    /// Whether a queue has flows that haven't ended, jobs that haven't, or something to send.
    ///
    /// # Panics
    /// The server can't be reached.
    pub async fn has_flows_or_jobs(
        &self,
        client: &jobqueue::Client,
        queue: &str,
        connection: &mut Connection,
    ) -> bool {
        let counts = client.queue(queue).expect("a good name").counts().await.expect("counted");
        let flowing = format!("{}flowing", self.base_of(queue));
        let flows: bool = cmd("EXISTS").arg(flowing).query(connection).expect("a number");
        let waiting = counts.waiting + counts.delayed + counts.waiting_children;
        flows || waiting + counts.active + counts.effects > 0
    }
}

impl FlowProof {
    /// Demands that all is as it should be.
    ///
    /// # Panics
    /// It isn't.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.wrong.is_empty() && self.flows > 0 && self.nodes > 0, "{self:#?}");
    }
}
