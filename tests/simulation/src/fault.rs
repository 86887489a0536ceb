//! What breaks.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    executor,
    judge::{Finding, Wrong},
    plan::Fault,
    stage::{Stage, WorkerActor, lock},
    worker,
};

/// Begins a fault.
pub(crate) fn begin(stage: &Stage, fault: Fault) {
    stage.say(|| format!("*** {fault:?}"));
    let (own, breaks) = (stage.clone(), stage.breaks());
    executor::detach_in(&stage.world, async move {
        strike(&own, fault).await;
        drop(breaks);
    });
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn worker_at(stage: &Stage, index: usize) -> (usize, WorkerActor) {
    let workers = lock(&stage.workers);
    let index = index % workers.len();
    (index, workers[index].clone())
}

async fn strike(stage: &Stage, fault: Fault) {
    match fault {
        Fault::Piece(way, after, hit) => stage.network.hit(way, after, hit),
        Fault::CutAll => stage.network.cut_all(),
        Fault::Unreachable(time) => {
            stage.network.go_down(ms(time));
            sleep(ms(time)).await;
        }
        Fault::ForgetScripts => drop(stage.ask(&["SCRIPT", "FLUSH"])),
        Fault::Restart => {
            stage.network.cut_all();
            stage.ask(&["SCRIPT", "FLUSH"]);
        }
        Fault::Failover(time) => {
            let (copy, from) = (stage.server.engine().copy(), stage.book.now());
            sleep(ms(time)).await;
            stage.network.cut_all();
            stage.server.engine().take_over(copy);
            lock(&stage.lost).push((from, stage.book.now()));
        }
        Fault::CutLog(time, left) => {
            let (since, from) = (stage.server.logged(), stage.book.now());
            sleep(ms(time)).await;
            stage.network.cut_all();
            match stage.server.restart(since, left) {
                Ok(true) => lock(&stage.lost).push((from, stage.book.now())),
                Ok(false) => {}
                Err(what) => {
                    lock(&stage.broken).push(Finding { wrong: Wrong::Unsound, what });
                }
            }
        }
        Fault::JumpServer(by) => stage.server.engine().clock().jump(by),
        Fault::JumpWorker(index, by) => worker_at(stage, index).1.actor.process.jump(by),
        Fault::JumpProducer(index, by) => stage.producer(index).process.jump(by),
        Fault::KillProducer(index) => stage.replace_producer(index).kill(),
        Fault::KillWorker(index, time) => {
            let (index, worker) = worker_at(stage, index);
            // Another fault is at it already.
            if !worker.actor.process.is_alive() {
                return;
            }
            worker.actor.process.kill();
            sleep(ms(time)).await;
            worker::replace(stage, index);
        }
        Fault::FreezeWorker(index, time) => {
            let process = worker_at(stage, index).1.actor.process;
            process.freeze();
            sleep(ms(time)).await;
            process.thaw();
        }
        Fault::StopWorker(index, time) => stop(stage, index, ms(time)).await,
    }
}

/// A worker ends politely, or is killed some time later, as supervisors do it.
async fn stop(stage: &Stage, index: usize, drain: Duration) {
    let (index, worker) = worker_at(stage, index);
    let handle = lock(&worker.handle).clone();
    let Some(handle) = handle.filter(|_| worker.actor.process.is_alive()) else { return };
    handle.stop(drain);
    sleep(drain + Duration::from_secs(1)).await;
    // Unless it was killed and replaced meanwhile.
    if worker.actor.process.is_alive() {
        worker.actor.process.kill();
        worker::replace(stage, index);
    }
}
