//! Probes: when nothing is wrong any more, a job that may start starts at once. A worker that sleeps
//! past it would find it when it looks by itself, seconds later.

use std::time::Duration;

use jobqueue::{Client, Error, JobId, error::Refused};
use tokio::time::sleep;

use crate::{
    book::Note,
    jobs::{self, Task},
    judge::{Finding, Wrong},
    plan::{Act, Kind, Plan},
    stage::Stage,
};

/// By when a job has started that may start. Workers look by themselves after five seconds.
const SOON: Duration = Duration::from_secs(1);

/// The tokens of probes, which are in no plan.
const FIRST: u32 = 1_000_000;

/// How many there are.
const PROBES: u32 = 6;

/// What a probe is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Probe {
    Plain,
    RunsAgain,
    FailsOnce,
    Delayed,
    Promoted,
    Paced,
    Once,
    /// It takes longer than a lease.
    Long,
}

/// Those for which there are handlers.
fn probes(plan: &Plan) -> Vec<Probe> {
    let mut probes = Vec::new();
    for kind in plan.kinds() {
        match kind {
            Kind::Work => probes.extend([
                Probe::Plain,
                Probe::RunsAgain,
                Probe::FailsOnce,
                Probe::Delayed,
                Probe::Promoted,
            ]),
            Kind::Paced => probes.push(Probe::Paced),
            Kind::Once => probes.push(Probe::Once),
            _ => {}
        }
    }
    probes
}

/// A job, and when it may start: by the run's time, the how-manieth run.
struct Expected {
    token: u32,
    ready: Duration,
    run: usize,
}

/// Adds probes, and answers which were late.
pub(crate) async fn send(stage: &Stage, client: &Client) -> jobqueue::Result<Vec<Finding>> {
    let mut rng = fastrand::Rng::with_seed(stage.plan.seed ^ 0x9_0b3);
    let mut expected = Vec::new();
    let lease = stage.plan.workers.iter().map(|worker| worker.lease).max().unwrap_or(1_000);
    let kinds = probes(&stage.plan);
    for number in 0..if kinds.is_empty() { 0 } else { PROBES } {
        // Each alone, so that there is room for it.
        sleep(Duration::from_millis(rng.u64(1..1_200))).await;
        let token = FIRST + number;
        stage.book.note(Note::Intent { token });
        let last = number + 1 == PROBES && kinds.contains(&Probe::Plain);
        let kind = if last { Probe::Long } else { kinds[rng.usize(..kinds.len())] };
        send_one(stage, client, (kind, token, lease), &mut rng, &mut expected).await?;
    }
    sleep(SOON).await;
    let notes = stage.book.notes();
    let mut findings = Vec::new();
    for Expected { token, ready, run } in expected {
        let mut starts = notes.iter().filter_map(|(at, note)| match note {
            Note::Start { token: of, .. } if *of == token => Some(*at),
            _ => None,
        });
        let start = starts.nth(run);
        if start.is_none_or(|at| at > ready + SOON) {
            let what = format!("run {run} of probe {token} could start at {ready:?}: {start:?}");
            findings.push(Finding { wrong: Wrong::Late, what });
        }
    }
    Ok(findings)
}

async fn send_one(
    stage: &Stage,
    client: &Client,
    (kind, token, lease): (Probe, u32, u64),
    rng: &mut fastrand::Rng,
    expected: &mut Vec<Expected>,
) -> jobqueue::Result<()> {
    let act = if kind == Probe::FailsOnce { Act::FailOnce } else { Act::Succeed };
    let takes = if kind == Probe::Long { lease * 3 / 2 } else { 0 };
    let task = Task::new(token, act, takes);
    let mut delay = Duration::ZERO;
    let id: JobId = match kind {
        Probe::Delayed => {
            delay = Duration::from_millis(rng.u64(1..7_000));
            client.add(jobs::work, task).delay(delay).await?.id().clone()
        }
        Probe::Paced => client.add(jobs::paced, task).await?.id().clone(),
        Probe::Once => client.add(jobs::once, task).await?.id().clone(),
        Probe::Promoted => {
            let job = client.add(jobs::work, task).delay(Duration::from_secs(60)).await?;
            job.promote().await?;
            job.id().clone()
        }
        _ => client.add(jobs::work, task).await?.id().clone(),
    };
    let ready = stage.book.now() + delay;
    stage.book.note(Note::Added { token, id: id.to_string(), existed: false, replaced: false });
    expected.push(Expected { token, ready, run: 0 });
    sleep(delay + Duration::from_millis(300 + takes)).await;
    match kind {
        Probe::FailsOnce => {
            expected.push(Expected { token, ready: ready + Duration::from_millis(200), run: 1 });
        }
        Probe::RunsAgain => {
            // Ended by now, it runs again. If it hasn't, it is late, which is found by its first run.
            match client.queue("work")?.job(id).retry().await {
                Ok(_) => expected.push(Expected { token, ready: stage.book.now(), run: 1 }),
                Err(Error::Refused(Refused::WrongState { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        _ => {}
    }
    Ok(())
}
