//! What happens to a job that was fetched, before it runs: its record is read, and it runs, fails,
//! or goes back to a worker that knows it.

use std::{num::NonZeroI64, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::{
    defaults::JobDefaults, lifetime::Lifetime, run_outcome::RunOutcome, run_policy::RunPolicy,
    server_clock::ServerClock,
};
use crate::job::{Counts, JobName, Record, ReplyAddress, RunRules, Transition};

/// A job as it was fetched.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    /// As it stands in Redis; none if somebody removed it there.
    pub(crate) record: Option<&'a Bytes>,
    pub(crate) history: History,
    /// As of the answer that handed it out.
    pub(crate) clock: Option<ServerClock>,
}

/// What a job has gone through before it was fetched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct History {
    /// Attempts that ended in an error.
    pub(crate) attempts: u32,
    pub(crate) snoozes: u32,
    /// How often its workers died or lost their lease.
    pub(crate) stalls: u32,
    /// How often a worker without a handler for it has fetched it.
    pub(crate) misses: u32,
    /// Whether it has waited longer than its time to live.
    pub(crate) expired: bool,
    /// Since when it is due in ms since the epoch, if otherwise than its record says.
    pub(crate) due: Option<NonZeroI64>,
}

impl History {
    /// When the job became due: as it was added, put off, or run again.
    pub(crate) fn due_at(&self, record: &Record) -> DateTime<Utc> {
        let due = self.due.and_then(|ms| DateTime::from_timestamp_millis(ms.get()));
        let due = due.or(record.options.due_at);
        due.unwrap_or(record.created_at)
    }

    /// Whether the job is fetched for the first time.
    pub(crate) fn is_first(&self) -> bool {
        self.attempts == 0 && self.snoozes == 0 && self.stalls == 0 && self.misses == 0
    }
}

/// How often a job may be handed out before it fails for good.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HandoutLimit {
    /// By workers: its workers may die or lose their lease this often.
    Stalls(u32),
    /// By receivers: failed attempts and expired visibility timeouts together.
    Receives(Option<u32>),
}

impl HandoutLimit {
    /// How the job fails, if it was handed out too often.
    fn exceeded_by(self, history: &History) -> Option<RunOutcome> {
        let History { attempts: failed, stalls, .. } = *history;
        match self {
            Self::Stalls(most) => (stalls > most).then_some(RunOutcome::Stalled(stalls)),
            Self::Receives(most) => most
                .filter(|most| failed.saturating_add(stalls) >= *most)
                .map(|_| RunOutcome::Received { failed, stalls }),
        }
    }
}

/// The handler of a job's name, as far as intake needs to know it.
#[derive(Debug)]
pub(crate) struct Known<H> {
    pub(crate) handler: H,
    /// The name that records of this handler share; parsed from the record if there is none.
    pub(crate) name: Option<JobName>,
    pub(crate) rules: RunRules,
    /// The newest version of payloads that the handler reads.
    pub(crate) newest: u32,
}

/// What becomes of a job that was fetched.
#[derive(Debug)]
pub(crate) enum Intake<H> {
    Run {
        record: Record,
        policy: RunPolicy,
        handler: H,
    },
    /// It fails without a run.
    Reject(Rejection<H>),
    /// It goes back, for a worker that knows its name and version.
    Return {
        record: Record,
        delay: Duration,
        end: Transition,
    },
}

/// Why a job fails without a run, and what its decision needs.
#[derive(Debug)]
pub(crate) struct Rejection<H> {
    pub(crate) outcome: RunOutcome,
    pub(crate) policy: RunPolicy,
    /// None if its record can't be read.
    pub(crate) name: Option<JobName>,
    pub(crate) reply_to: Option<ReplyAddress>,
    /// Its handler, which may name a dead-letter queue.
    pub(crate) handler: Option<H>,
}

/// Reads a job's record and decides whether it runs. `find` finds the handler of a name.
pub(crate) fn intake<H>(
    job: &Candidate<'_>,
    limit: HandoutLimit,
    defaults: &JobDefaults,
    find: impl FnOnce(&str) -> Option<Known<H>>,
) -> Intake<H> {
    let (record, known) = match read(job.record, find) {
        Ok(read) => read,
        Err(outcome) => {
            let policy = RunPolicy::unknown(job.history.attempts, defaults);
            return Intake::Reject(Rejection {
                outcome,
                policy,
                name: None,
                reply_to: None,
                handler: None,
            });
        }
    };
    let rules = known.as_ref().map_or(&RunRules::DEFAULT, |known| &known.rules);
    let mut policy = RunPolicy::new(job.history.attempts, &record.options, rules, defaults);
    (policy.snoozed, policy.misses) = (job.history.snoozes, job.history.misses);
    policy.due = job.history.due;
    let due = job.history.due_at(&record);
    let lifetime = |clock| Lifetime::of(&record.options, due, rules, clock);
    policy.lifetime = job.clock.map(lifetime).unwrap_or_default();
    let most_stalls = if let HandoutLimit::Stalls(most) = limit { Some(most) } else { None };
    let most_stalls = most_stalls.filter(|_| rules.steps);
    let (handler, newest) = known.map(|known| (known.handler, known.newest)).unzip();
    // Its deadline is its time to live, too, if it has none of its own.
    let by_deadline = record.options.deadline.is_some() && record.options.ttl.is_none();
    let outcome = if policy.lifetime.is_over(Instant::now()) || (job.history.expired && by_deadline)
    {
        RunOutcome::Deadline { ran: false }
    } else if job.history.expired {
        RunOutcome::Expired
    } else if let Some(outcome) = limit.exceeded_by(&job.history) {
        outcome
    } else {
        match handler {
            Some(handler) if newest >= Some(record.version()) => {
                return Intake::Run { record, policy, handler };
            }
            _ if job.history.misses < defaults.unknown_limit => {
                let (delay, misses) = (defaults.unknown_delay, job.history.misses + 1);
                let end = Transition::Released { delay, counts: Counts::Miss(misses) };
                return Intake::Return { record, delay, end };
            }
            handler => {
                let outcome = RunOutcome::unknown(&record, newest);
                return Intake::Reject(rejection(outcome, policy, record, handler));
            }
        }
    };
    match (handler, most_stalls.and_then(|most| outcome.doom(most))) {
        (Some(handler), Some(doom)) if newest >= Some(record.version()) => {
            policy.doom = Some(doom);
            Intake::Run { record, policy, handler }
        }
        (handler, _) => Intake::Reject(rejection(outcome, policy, record, handler)),
    }
}

fn rejection<H>(
    outcome: RunOutcome,
    policy: RunPolicy,
    record: Record,
    handler: Option<H>,
) -> Rejection<H> {
    let (name, reply_to) = (Some(record.name), record.options.reply_to);
    Rejection { outcome, policy, name, reply_to, handler }
}

/// The record, and the handler of its name.
fn read<H>(
    record: Option<&Bytes>,
    find: impl FnOnce(&str) -> Option<Known<H>>,
) -> Result<(Record, Option<Known<H>>), RunOutcome> {
    let Some(bytes) = record else {
        let problem = "its record is missing: somebody removed it from redis";
        return Err(RunOutcome::Corrupt(problem.to_owned()));
    };
    let mut known = None;
    let name = |name: &str| {
        known = find(name);
        known.as_mut().and_then(|known| known.name.take())
    };
    match Record::decode_named(bytes, name) {
        Ok(record) => Ok((record, known)),
        Err(corrupt) => Err(RunOutcome::Corrupt(corrupt.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    use crate::job::{Codec, JobOptions};

    const NEVER: History =
        History { attempts: 0, snoozes: 0, stalls: 0, misses: 0, expired: false, due: None };

    fn record(version: Option<u32>) -> Bytes {
        let record = Record {
            name: "ship".parse().expect("a good name"),
            codec: Codec::Json,
            payload: Bytes::new(),
            created_at: DateTime::UNIX_EPOCH,
            options: JobOptions { version, ..JobOptions::default() },
        };
        Bytes::from(record.encode())
    }

    /// In a word: `run`, `return`, or how the job fails.
    fn word(history: History, limit: HandoutLimit, version: u32, newest: Option<u32>) -> String {
        let record = record(Some(version));
        let job = Candidate { record: Some(&record), history, clock: None };
        let known = newest.map(|newest| Known {
            handler: (),
            name: None,
            rules: RunRules::DEFAULT,
            newest,
        });
        match intake(&job, limit, &JobDefaults::DEFAULT, |_| known) {
            Intake::Run { .. } => "run".to_owned(),
            Intake::Return { end: Transition::Released { counts, .. }, .. } => {
                format!("return {counts:?}")
            }
            Intake::Return { .. } => "another transition".to_owned(),
            Intake::Reject(Rejection { outcome, .. }) => format!("{outcome:?}"),
        }
    }

    #[test]
    fn a_worker_runs_what_it_knows_and_returns_the_rest_for_a_while() {
        let limit = HandoutLimit::Stalls(2);
        for (history, version, newest, expected) in [
            (NEVER, 1, Some(1), "run"),
            (NEVER, 1, Some(3), "run"),
            (History { attempts: 9, stalls: 2, ..NEVER }, 1, Some(1), "run"),
            (History { stalls: 3, ..NEVER }, 1, Some(1), "Stalled(3)"),
            (History { stalls: 3, ..NEVER }, 1, None, "Stalled(3)"),
            (History { expired: true, stalls: 3, ..NEVER }, 1, Some(1), "Expired"),
            (History { expired: true, ..NEVER }, 1, None, "Expired"),
            (NEVER, 1, None, "return Miss(1)"),
            (History { misses: 29, ..NEVER }, 2, Some(1), "return Miss(30)"),
            (History { misses: 30, ..NEVER }, 1, None, "UnknownName(\"ship\")"),
        ] {
            assert_eq!(word(history, limit, version, newest), expected, "{history:?}");
        }
        let newer = word(History { misses: 30, ..NEVER }, limit, 2, Some(1));
        assert_eq!(newer, "NewerVersion { name: \"ship\", version: 2, known: 1 }");
    }

    const TOO_OFTEN: &str = "Received { failed: 2, stalls: 1 }";

    #[test]
    fn a_receiver_hands_a_job_out_until_its_receives_are_used_up() {
        let out = |history, most| word(history, HandoutLimit::Receives(most), 7, Some(u32::MAX));
        let history = History { attempts: 2, stalls: 1, ..NEVER };
        for (most, expected) in
            [(None, "run"), (Some(4), "run"), (Some(3), TOO_OFTEN), (Some(1), TOO_OFTEN)]
        {
            assert_eq!(out(history, most), expected, "{most:?}");
        }
        assert_eq!(out(History { expired: true, ..NEVER }, None), "Expired");
    }

    #[test]
    fn a_record_that_cannot_be_read_fails_its_job() {
        let garbage = Bytes::from_static(b"\xff");
        for record in [None, Some(&garbage)] {
            let job = Candidate { record, history: NEVER, clock: None };
            let find = |_: &str| None::<Known<()>>;
            let found = intake(&job, HandoutLimit::Stalls(2), &JobDefaults::DEFAULT, find);
            let Intake::Reject(Rejection { outcome, .. }) = found else { panic!("{found:?}") };
            assert!(matches!(outcome, RunOutcome::Corrupt(_)), "{outcome:?}");
        }
    }
}
