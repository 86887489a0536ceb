//! Firing what is due: one call says what that is, and one what becomes of it.

use std::{collections::HashSet, time::Duration};

use chrono::DateTime;

use crate::{
    error::Result,
    job::{
        CancelMark, CancelReason, FlowKey, JobId, Record, ScheduleId, ScheduleRule, Unique,
        WorkerId,
    },
    policy::{
        schedule::{Overlap, Step, plan},
        whole_millis,
    },
    store::{
        MAX_BATCH, QueueStore, chunks,
        flow::Expire,
        job::{Due, NewJob},
        schedule::{DueSchedule, Fire, Look, Tick, Ticked},
    },
    value_error::Corrupt,
};

/// What a look at the schedules has found.
#[derive(Debug)]
pub(crate) struct Pass {
    /// The server's clock at its end, in ms since the epoch.
    pub(crate) now: i64,
    /// For how long another worker looks after the ticks, if one does.
    pub(crate) held: Option<Duration>,
    /// The first tick after now.
    pub(crate) later: Option<i64>,
    /// If ticks are held back, until a job is over or the queue has room: the time until the next
    /// tick of their schedules, the shortest.
    waits: Option<Duration>,
    /// Whether flows have ended, and their jobs in other queues are to hear of it from the outbox.
    pub(crate) has_effects: bool,
    /// Schedules that are due and that this program can't read.
    pub(crate) unread: Vec<(ScheduleId, Corrupt)>,
}

/// How soon to look again, at the soonest and at the latest, while ticks are held back.
const SHORTEST: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_secs(1);

impl Pass {
    /// When to look again for ticks that are held back: twice in a period, so that those of a short
    /// one don't fall behind.
    pub(crate) fn look_again(&self) -> Option<Duration> {
        self.waits.map(|period| (period / 2).clamp(SHORTEST, SOON))
    }
}

/// How many ticks of one schedule one call may carry.
const STEPS: usize = 500;

/// How many times a pass looks at most: what is due then comes in the next one.
const ROUNDS: usize = 1_000;

/// Fires all that is due, unless another worker looks after it. It can be repeated at any time: a
/// tick that has been fired isn't its schedule's any more.
pub(crate) async fn fire_due(store: &QueueStore, name: &WorkerId) -> Result<Pass> {
    let (mut unread, mut stay): (Vec<(ScheduleId, Corrupt)>, usize) = (Vec::new(), 0);
    let (mut round, mut waits, mut has_effects) = (0, None, false);
    loop {
        round += 1;
        let offset = unread.len() + stay;
        let looked = store.call(&Look { name, offset, count: MAX_BATCH }).await?;
        let (now, held, later) = (looked.now, looked.held, looked.later);
        if held.is_some() || looked.due.is_empty() || round == ROUNDS {
            // After so many rounds, at once again.
            let later = if round == ROUNDS { Some(now) } else { later };
            return Ok(Pass { now, held, later, waits, has_effects, unread });
        }
        let mut ticks = Vec::new();
        for due in looked.due {
            if let Some(flow) = due.id.flow() {
                expire(store, &flow).await?;
                has_effects = true;
                continue;
            }
            match ticks_of(&due, now) {
                Ok(steps) => ticks.extend(steps),
                Err(corrupt) => unread.push((due.id, corrupt)),
            }
        }
        let mut held_back = HashSet::new();
        for ticks in chunks(&ticks, Tick::size) {
            let fired = store.call(&Fire { name, ticks }).await?;
            let stands = |ended: &Ticked| matches!(ended, Ticked::Held | Ticked::Full);
            for (tick, _) in ticks.iter().zip(fired).filter(|(_, ended)| stands(ended)) {
                waits = Some(waits.unwrap_or(Duration::MAX).min(period(tick)));
                held_back.insert(tick.schedule.clone());
            }
        }
        stay += held_back.len();
    }
}

/// Ends a flow whose deadline has passed: it stands among the ticks.
async fn expire(store: &QueueStore, key: &FlowKey) -> Result<()> {
    let late =
        CancelReason { by: None, reason: Some("the deadline of its flow has passed".to_owned()) };
    let mark = CancelMark { reason: late, ..CancelMark::default() }.encode();
    store.call(&Expire { key, mark: &mark }).await.map(drop)
}

/// From a tick to the next one.
fn period(tick: &Tick) -> Duration {
    let Some((this, Some(next))) = tick.moves else { return Duration::MAX };
    Duration::from_millis(u64::try_from(next.saturating_sub(this)).unwrap_or(0))
}

/// What becomes of a schedule that is due.
fn ticks_of(due: &DueSchedule, now: i64) -> Result<Vec<Tick>, Corrupt> {
    let Some(rule) = &due.rule else {
        // Somebody has deleted its rule by hand: the tick goes, too.
        let moves = Some((due.tick, None));
        let schedule = due.id.clone();
        return Ok(vec![Tick { schedule, moves, limit: None, overlap: Overlap::Allow, job: None }]);
    };
    let rule = ScheduleRule::decode(rule)?;
    let (overlap, limit) = (rule.ticks.overlap(), rule.limit);
    let over = limit.is_some_and(|limit| due.fired.count >= limit);
    let steps = plan(&rule.ticks, due.tick, now, STEPS);
    let tick = |step: Step| Tick {
        schedule: due.id.clone(),
        moves: Some((step.this, step.next.filter(|_| !over))),
        limit,
        overlap,
        job: step.fires.filter(|_| !over).map(|tick| job_of(&rule, &due.id, tick, now)),
    };
    Ok(steps.into_iter().map(tick).collect())
}

/// The job that has this record.
pub(super) fn new_job(id: JobId, record: &Record, due: Due) -> NewJob {
    let Record { name, options, .. } = record;
    NewJob {
        id,
        priority: options.priority,
        due,
        unique: options.unique.as_ref().map(|unique| unique.claim(name)),
        ttl: record.time_to_live(),
        tags: options.tag_lines(),
        chosen_id: true,
        record: record.encode(),
    }
}

/// The job of a tick. A debounce's delay counts from now, unless jitter delays the job.
fn job_of(rule: &ScheduleRule, id: &ScheduleId, tick: i64, now: i64) -> NewJob {
    let job = id.job_at(tick);
    let mut due = tick.saturating_add(rule.delay_of(&job));
    let delay = rule.job.options.unique.as_ref().and_then(Unique::first_delay);
    if let Some(delay) = delay.filter(|_| due <= now) {
        due = now.saturating_add_unsigned(whole_millis(delay));
    }
    let time = DateTime::from_timestamp_millis;
    let record = rule.record(id, time(tick), time(due), time(now).unwrap_or_default());
    new_job(job, &record, if due > now { Due::At(due) } else { Due::Now })
}
