//! Schedules: made before anything breaks, and removed when nothing breaks any more.

use std::time::Duration;

use jobqueue::{
    Client, Result,
    schedule::{Every, Overlap},
};
use tokio::time::{Instant, sleep};

use crate::{
    book::Note,
    jobs::{self, Task},
    judge::{Finding, Wrong},
    plan::Kind,
    play::let_go_on,
    stage::Stage,
};

/// The tokens of their jobs, which are in no plan.
const FIRST: u32 = 2_000_000;

/// By how much a tick may be overdue when nothing breaks, in ms: one that is held back looks every
/// two seconds.
pub(crate) const OVERDUE: i64 = 4_000;

/// How long it may take until none is.
const LIMIT: Duration = Duration::from_secs(60);

/// The id of a schedule.
pub(crate) fn id(index: usize) -> String {
    format!("schedule-{index}")
}

/// Makes all of them.
pub(crate) async fn make_all(stage: &Stage, client: &Client) -> Result<()> {
    for (index, schedule) in stage.plan.schedules.iter().enumerate() {
        let token = FIRST + u32::try_from(index).unwrap_or_default();
        stage.book.note(Note::Intent { token });
        let task = Task::new(token, schedule.act, schedule.takes);
        let every = Every::new(Duration::from_millis(schedule.every));
        let made = client.schedule(id(index), every, jobs::tick, task);
        let made = made.catch_up(schedule.catch_up).overlap(schedule.overlap).await?;
        let first = made.next.map_or(0, |next| next.timestamp_millis());
        stage.book.note(Note::Scheduled { schedule: index, first });
    }
    Ok(())
}

/// Removes all of them once none is overdue.
pub(crate) async fn remove_all(stage: &Stage, client: &Client) -> Result<Option<Finding>> {
    if stage.plan.schedules.is_empty() {
        return Ok(None);
    }
    let schedules = client.queue(Kind::Tick.queue())?.schedules();
    let (limit, mut finding) = (Instant::now() + LIMIT, None);
    loop {
        let_go_on(stage, client).await?;
        let now = i64::try_from(stage.now()).unwrap_or(i64::MAX);
        let late = schedules.list().await?.into_iter().find(|schedule| {
            let overdue = |next: i64| next < now - OVERDUE;
            (0..).map(id).zip(&stage.plan.schedules).any(|(id, plan)| {
                // One whose ticks stand in line may never make up for those that were missed.
                schedule.id.as_str() == id && plan.overlap != Overlap::Queue
            }) && schedule.next.is_none_or(|next| overdue(next.timestamp_millis()))
        });
        let Some(late) = late else { break };
        if Instant::now() > limit {
            let what = format!("{} was due at {:?}, and it is {now}", late.id, late.next);
            finding = Some(Finding { wrong: Wrong::Late, what });
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    for index in 0..stage.plan.schedules.len() {
        schedules.remove(id(index)).await?;
        stage.book.note(Note::Unscheduled { schedule: index, at: stage.now() });
    }
    Ok(finding)
}
