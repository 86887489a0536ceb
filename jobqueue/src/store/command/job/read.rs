//! Read all data of some jobs, at one moment.

use chrono::{DateTime, Utc};
use redis::Value;

use super::PARKED;
use crate::{
    job::{CancelMark, JobFailure, JobId, JobInfo, JobState, LastRun, Outcome, Record, WorkerId},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/job/read.lua`
pub(crate) struct Read<'a> {
    pub(crate) ids: &'a [JobId],
}

const WHAT: &str = "a job";

impl Command for Read<'_> {
    const SCRIPT: &'static Script = script!("job" / read, [key, state, read]);
    const KEYS: &'static [Key] = &[
        Key::Waiting,
        Key::Delayed,
        Key::Completed,
        Key::Failed,
        Key::Workers,
        Key::Jobs,
        Key::Attempts,
        Key::Stalls,
        Key::Priority,
        Key::Progress,
        Key::Outcomes,
    ];
    const ACTION: &'static str = "read jobs";
    /// Of the first jobs, as many as go into one answer; of one at least.
    type Reply = Vec<Option<JobInfo>>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base());
        for id in self.ids {
            args.push(id.as_str());
        }
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let items = reply::array(reply, WHAT)?;
        if items.len() > self.ids.len() || items.is_empty() != self.ids.is_empty() {
            return Err(Corrupt::new(WHAT, "an answer for other ids than asked for"));
        }
        let read = |(id, item): (&JobId, Value)| match reply::optional(&item) {
            None => Ok(None),
            Some(_) => read_job(id, item).map(Some),
        };
        self.ids.iter().zip(items).map(read).collect()
    }
}

fn read_job(id: &JobId, item: Value) -> Result<JobInfo, Corrupt> {
    let [
        state,
        place,
        held,
        record,
        attempts,
        stalls,
        priority,
        progress,
        outcome,
        errors,
        mark,
        misses,
    ] = reply::tuple(item, WHAT)?;
    let mark = reply::optional_bytes(mark, WHAT)?;
    let mark = mark.as_ref().map(CancelMark::decode).transpose()?;
    let state: JobState =
        reply::text(&state, WHAT)?.parse().map_err(|error| Corrupt::new("a job's state", error))?;
    let place = reply::text(&place, WHAT)?;
    let outcome = reply::optional_bytes(outcome, WHAT)?;
    let last_run = outcome.as_ref().and_then(|outcome| LastRun::read(outcome));
    let outcome = outcome.as_ref().map(Outcome::decode).transpose()?;
    // The column counts attempts after which the job was retried.
    let last = match &outcome {
        Some(Outcome::Failed(failure) | Outcome::DeadLettered { failure, .. })
            if failure.reason.is_of_a_run() =>
        {
            failure.attempt
        }
        _ => 0,
    };
    let errors = reply::array(errors, WHAT)?
        .into_iter()
        .map(|error| JobFailure::decode(&reply::bytes(error, WHAT)?))
        .collect::<Result<_, _>>()?;
    // What is no count is none, as for a worker that fetches the job.
    let tries = reply::tries(&attempts, WHAT).unwrap_or_default();
    Ok(JobInfo {
        id: id.clone(),
        state,
        record: Record::decode(&reply::bytes(record, WHAT)?)?,
        attempts_made: tries.attempts.max(last),
        snoozes: tries.snoozes,
        stalls: reply::stalls(&stalls, WHAT).unwrap_or_default(),
        misses: reply::sparse(&misses, WHAT).unwrap_or_default(),
        priority: match reply::optional(&priority) {
            None => 0,
            Some(value) => i16::try_from(reply::int(value, WHAT)?)
                .map_err(|_| Corrupt::new(WHAT, "a priority out of range"))?,
        },
        due_at: (state == JobState::Delayed && place != PARKED).then(|| time(place)).transpose()?,
        finished_at: state.is_final().then(|| time(place)).transpose()?,
        started_at: match reply::optional(&held) {
            None => None,
            Some(held) => Some(started(reply::text(held, WHAT)?)?),
        },
        worker: (state == JobState::Active).then(|| WorkerId::from_store(place)),
        progress: reply::optional_bytes(progress, WHAT)?,
        cancel_requested: mark.map(|mark| mark.reason),
        outcome,
        last_run,
        errors,
    })
}

/// `<rank>:<started ms>`, and of a job that is out by hand `:<receive>`
fn started(held: &str) -> Result<DateTime<Utc>, Corrupt> {
    let ms = held.split(':').nth(1).ok_or_else(|| Corrupt::new("a run", held))?;
    time(ms)
}

/// Milliseconds since the epoch, as a score: a float in text.
fn time(score: &str) -> Result<DateTime<Utc>, Corrupt> {
    let ms: f64 = score.parse().map_err(|_| Corrupt::new("a time", score))?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast of a float saturates")]
    DateTime::from_timestamp_millis(ms as i64).ok_or_else(|| Corrupt::new("a time", score))
}
