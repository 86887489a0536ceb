//! The faults, and how each is made and mended.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::sleep;

use super::round::{LEASE, Round};
use crate::{
    process::{Process, Signal},
    proxy::Mode,
};

/// Something that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    KillWorker,
    KillAllWorkers,
    KillProducer,
    KillNodeWorker,
    KillStarter,
    FreezeWorker,
    FreezeNodeWorker,
    TerminateWorker,
    TerminateNodeWorker,
    RestartRedis,
    FreezeRedis,
    FlushScripts,
    KillClients,
    Cut,
    CutReplies,
    Delay,
    BlackHole,
    HalfClose,
}

const ALL: [Fault; 18] = [
    Fault::KillWorker,
    Fault::KillAllWorkers,
    Fault::KillProducer,
    Fault::KillNodeWorker,
    Fault::KillStarter,
    Fault::FreezeWorker,
    Fault::FreezeNodeWorker,
    Fault::TerminateWorker,
    Fault::TerminateNodeWorker,
    Fault::RestartRedis,
    Fault::FreezeRedis,
    Fault::FlushScripts,
    Fault::KillClients,
    Fault::Cut,
    Fault::CutReplies,
    Fault::Delay,
    Fault::BlackHole,
    Fault::HalfClose,
];

impl Fault {
    pub(super) fn any(rng: &mut Rng) -> Self {
        ALL[rng.usize(..ALL.len())]
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KillWorker => "worker killed",
            Self::KillAllWorkers => "all workers killed",
            Self::KillProducer => "producer killed",
            Self::KillNodeWorker => "worker of flows killed",
            Self::KillStarter => "starter of flows killed",
            Self::FreezeWorker => "worker frozen",
            Self::FreezeNodeWorker => "worker of flows frozen",
            Self::TerminateWorker => "worker ended",
            Self::TerminateNodeWorker => "worker of flows ended",
            Self::RestartRedis => "redis killed",
            Self::FreezeRedis => "redis frozen",
            Self::FlushScripts => "scripts flushed",
            Self::KillClients => "clients killed",
            Self::Cut => "connections cut",
            Self::CutReplies => "replies cut",
            Self::Delay => "delay",
            Self::BlackHole => "black hole",
            Self::HalfClose => "half close",
        }
    }

    /// Makes it, waits for as long as it takes, and mends it.
    pub(super) async fn strike(self, round: &mut Round, rng: &mut Rng) {
        let moment = Duration::from_millis(rng.u64(50..1_500));
        match self {
            Self::KillWorker => round.replace_worker(rng, Signal::KILL).await,
            Self::TerminateWorker => round.replace_worker(rng, Signal::TERM).await,
            Self::KillAllWorkers => round.replace_all_workers().await,
            Self::KillProducer => round.replace_producer(rng).await,
            Self::KillNodeWorker => round.flows.replace_worker(rng, Signal::KILL).await,
            Self::TerminateNodeWorker => round.flows.replace_worker(rng, Signal::TERM).await,
            Self::KillStarter => round.flows.replace_starter().await,
            Self::FreezeWorker => freeze(&mut round.workers, LEASE + moment, rng).await,
            Self::FreezeNodeWorker => freeze(&mut round.flows.workers, LEASE + moment, rng).await,
            Self::RestartRedis => {
                round.server.kill();
                sleep(moment / 2).await;
                round.server.restart();
            }
            Self::FreezeRedis => {
                round.server.stop_process();
                sleep(moment).await;
                round.server.cont();
            }
            Self::FlushScripts => round.tell(redis::cmd("SCRIPT").arg("FLUSH")),
            Self::KillClients => {
                for _ in 0..5 {
                    round.tell(redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal"));
                    sleep(Duration::from_millis(100)).await;
                }
            }
            Self::Cut => round.proxy.drop_connections(),
            Self::CutReplies => {
                for _ in 0..5 {
                    round.proxy.set(Mode::CutReplies(rng.usize(..300)));
                    sleep(moment / 5).await;
                }
                round.proxy.set(Mode::Forward);
            }
            Self::Delay => round.through(Mode::Delay(moment / 5), moment).await,
            Self::BlackHole => round.through(Mode::BlackHole, moment * 3).await,
            Self::HalfClose => round.through(Mode::HalfClose, moment).await,
        }
    }
}

/// Stops one of these processes for so long.
async fn freeze(workers: &mut [Process], time: Duration, rng: &mut Rng) {
    let frozen = rng.usize(..workers.len());
    workers[frozen].signal(Signal::STOP);
    sleep(time).await;
    workers[frozen].signal(Signal::CONT);
}
