//! One round: a server, a proxy, accounts, processes; load and faults, and the proof.

use std::time::{Duration, Instant};

use fastrand::Rng;
use jobqueue::{Queue, Rate, manage::Groups};
use tokio::time::{sleep, timeout};

use super::{fault::Fault, flows::Flows, report::Report};
use crate::{
    account::{Account, Order, Proof, Shift, proof::Wrong},
    process::{Process, Signal},
    proxy::{Mode, Proxy},
    server::RedisServer,
};

/// The workers' lease.
pub(super) const LEASE: Duration = Duration::from_secs(1);

/// How long all jobs may take to end when all is mended.
const PATIENCE: Duration = Duration::from_secs(90);

/// How many jobs may wait; more are refused.
const QUEUE_LENGTH: u64 = 2_000;

const WORKERS: usize = 4;
const PRODUCERS: usize = 2;

/// All that is in play. Fields that are processes end with it.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) workers: Vec<Process>,
    producers: Vec<Process>,
    pub(super) flows: Flows,
    pub(super) proxy: Proxy,
    account: Account,
    pub(super) server: RedisServer,
}

/// Some of the groups that producers name.
async fn limit_groups(groups: &Groups) -> jobqueue::Result<()> {
    groups.set_limits("group 0").max_active(2).await?;
    groups.set_limits("group 1").rate(Rate::new(100, Duration::from_secs(1)).burst(5)).await
}

impl Round {
    pub(super) async fn start(rng: &mut Rng) -> Self {
        let server = RedisServer::builder().append_only().start();
        let proxy = Proxy::start(server.address());
        let account = Account::open(&server.url()).await;
        // The queue's length is bounded, so that a long round can finish.
        let limits = account.queue(&server.url()).await.set_limits().max_length(QUEUE_LENGTH);
        limits.await.expect("limits can be set");
        limit_groups(&account.queue(&server.url()).await.groups())
            .await
            .expect("limits can be set");
        let flows = Flows::start(server.url(), server.url_through(&proxy)).await;
        let mut round = Self { workers: vec![], producers: vec![], flows, proxy, account, server };
        round.workers = (0..WORKERS).map(|at| round.worker(at)).collect();
        round.producers = (0..PRODUCERS).map(|at| round.producer(at, rng)).collect();
        round
    }

    /// Load and faults for so long; then all is mended, all jobs end, and the proof is made.
    pub(super) async fn run(mut self, time: Duration, rng: &mut Rng, report: &mut Report) -> Proof {
        let began = Instant::now();
        let queue = self.account.queue(&self.server.url()).await;
        while began.elapsed() < time {
            sleep(Duration::from_millis(rng.u64(100..1_500))).await;
            let fault = Fault::any(rng);
            let struck = Instant::now();
            fault.strike(&mut self, rng).await;
            report.fault(fault.name(), struck.elapsed());
            if report.is_due() {
                report.line(counts(&queue).await);
            }
        }
        for producer in &mut self.producers {
            producer.signal(Signal::TERM);
        }
        for producer in &mut self.producers {
            producer.exit().await;
        }
        self.flows.start_no_more().await;
        let url = self.server.url();
        // If it isn't settled, the proof lists the jobs that are left.
        self.account.is_settled(&url, WORKERS as u64, PATIENCE).await;
        for worker in &mut self.workers {
            worker.signal(Signal::TERM);
        }
        for worker in &mut self.workers {
            worker.exit().await;
        }
        report.line(counts(&queue).await);
        let mut proof = self.account.prove(&url).await;
        let flows = self.flows.end(&self.server, PATIENCE).await;
        report.flows(&flows);
        if !flows.wrong.is_empty() {
            proof.wrong.entry(Wrong::Unsound).or_default().extend(flows.wrong);
        }
        proof
    }

    /// Every second worker is behind the proxy, and so is every second producer.
    fn url(&self, at: usize) -> String {
        if at.is_multiple_of(2) { self.server.url_through(&self.proxy) } else { self.server.url() }
    }

    fn worker(&self, at: usize) -> Process {
        let shift = Shift { lease: LEASE, prefetch: at % 2 * 4, ..Shift::default() };
        self.account.worker(&self.url(at), shift)
    }

    fn producer(&self, at: usize, rng: &mut Rng) -> Process {
        let (bulk, pause) = if at.is_multiple_of(2) { (1, 80) } else { (rng.usize(2..150), 500) };
        let time = Duration::from_millis(rng.u64(5..25));
        let pause = Duration::from_millis(pause);
        let order = Order { bulk, pause, time, mixed: true, ..Order::default() };
        self.account.producer(&self.url(at), order)
    }

    pub(super) async fn replace_worker(&mut self, rng: &mut Rng, signal: Signal) {
        let at = rng.usize(..WORKERS);
        self.workers[at].signal(signal);
        self.workers[at].exit().await;
        self.workers[at] = self.worker(at);
    }

    pub(super) async fn replace_all_workers(&mut self) {
        for worker in &mut self.workers {
            worker.signal(Signal::KILL);
        }
        for at in 0..WORKERS {
            self.workers[at].exit().await;
            self.workers[at] = self.worker(at);
        }
    }

    pub(super) async fn replace_producer(&mut self, rng: &mut Rng) {
        let at = rng.usize(..PRODUCERS);
        self.producers[at].signal(Signal::KILL);
        self.producers[at].exit().await;
        self.producers[at] = self.producer(at, rng);
    }

    /// Tells the server something. That it doesn't answer is not the question here.
    pub(super) fn tell(&self, command: &redis::Cmd) {
        let _ = command.query::<redis::Value>(&mut self.server.connection());
    }

    pub(super) async fn through(&self, mode: Mode, time: Duration) {
        self.proxy.set(mode);
        sleep(time).await;
        self.proxy.set(Mode::Forward);
    }
}

async fn counts(queue: &Queue) -> Option<jobqueue::stats::QueueCounts> {
    timeout(Duration::from_secs(5), queue.counts()).await.ok()?.ok()
}
