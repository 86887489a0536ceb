//! A schedule as it stands in Redis: MessagePack, opaque to all scripts.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    codec::reader,
    id::{FNV_START, JobId, fnv},
    record::Record,
    scheduled::{ScheduleId, Scheduled},
};
use crate::{
    policy::{
        schedule::{CatchUp, LATEST_MS, Overlap, TickRule, Timing, TimingParts},
        whole_millis,
    },
    value_error::Corrupt,
};

/// When a schedule is due, and the job that it adds then.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScheduleRule {
    pub(crate) ticks: TickRule,
    /// After how many jobs it ends.
    pub(crate) limit: Option<u64>,
    /// By how much at most a job is delayed at random.
    pub(crate) jitter: Duration,
    /// The job, without what a tick says.
    pub(crate) job: Record,
}

/// The version of what is written; a reader leaves newer ones to others.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(rename = "v")]
    version: u32,
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    every: Option<u64>,
    #[serde(rename = "c", skip_serializing_if = "Option::is_none", default)]
    cron: Option<(String, String)>,
    #[serde(rename = "o", skip_serializing_if = "is_zero", default)]
    offset: i64,
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    start: Option<i64>,
    #[serde(rename = "u", skip_serializing_if = "Option::is_none", default)]
    end: Option<i64>,
    #[serde(rename = "l", skip_serializing_if = "Option::is_none", default)]
    limit: Option<u64>,
    #[serde(rename = "j", skip_serializing_if = "is_zero", default)]
    jitter: i64,
    /// Nothing for once, -1 for never, else the window in ms.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none", default)]
    catch_up: Option<i64>,
    #[serde(rename = "p", skip_serializing_if = "Option::is_none", default)]
    overlap: Option<char>,
    /// The delay of the debounce, which a job's record doesn't keep.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none", default)]
    debounce: Option<i64>,
    #[serde(rename = "r", with = "job_bytes")]
    job: std::borrow::Cow<'a, [u8]>,
}

/// The job's record, as bytes and not as a list of numbers.
mod job_bytes {
    use std::borrow::Cow;

    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ptr_arg, reason = "serde calls it with the field")]
    pub(super) fn serialize<S: Serializer>(
        bytes: &Cow<'_, [u8]>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Cow<'static, [u8]>, D::Error> {
        bytes::Bytes::deserialize(deserializer).map(|bytes| Cow::Owned(bytes.to_vec()))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

fn whole(duration: Duration) -> i64 {
    i64::try_from(whole_millis(duration)).unwrap_or(LATEST_MS).min(LATEST_MS)
}

impl ScheduleRule {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { ticks, limit, jitter, job } = self;
        let (every, cron) = match ticks.timing.to_parts() {
            TimingParts::Every { ms } => (Some(ms), None),
            TimingParts::Cron { pattern, zone } => (None, Some((pattern, zone))),
        };
        let wire = Wire {
            version: VERSION,
            every,
            cron,
            offset: ticks.offset,
            start: ticks.start,
            end: ticks.end,
            limit: *limit,
            jitter: whole(*jitter),
            catch_up: match ticks.catch_up {
                CatchUp::Once => None,
                CatchUp::Skip => Some(-1),
                CatchUp::Within(window) => Some(whole(window)),
            },
            overlap: ticks.overlap.map(overlap_letter),
            debounce: job.options.unique.as_ref().and_then(|unique| unique.delay).map(whole),
            job: job.encode().into(),
        };
        // Writing to memory can't fail.
        rmp_serde::to_vec_named(&wire).unwrap_or_default()
    }

    /// Reads what was written, perhaps by another version: what can't be carried out to the letter
    /// is an error.
    pub(crate) fn decode(bytes: &Bytes) -> Result<Self, Corrupt> {
        const WHAT: &str = "a schedule's rule";
        let wire = Wire::deserialize(&mut reader(bytes));
        let wire = wire.map_err(|error| Corrupt::new(WHAT, error))?;
        let newer = |what: &str| Corrupt::new(WHAT, format!("{what} of a newer version"));
        if wire.version != VERSION {
            return Err(newer("it is"));
        }
        let parts = match (wire.every, wire.cron) {
            (Some(ms), None) => TimingParts::Every { ms },
            (None, Some((pattern, zone))) => TimingParts::Cron { pattern, zone },
            _ => return Err(newer("its timing is")),
        };
        let timing = Timing::from_parts(&parts).map_err(|error| Corrupt::new(WHAT, error))?;
        let overlap = wire.overlap.map(|letter| overlap(letter).ok_or_else(|| newer("overlap")));
        let ms = |ms: i64| Duration::from_millis(ms.unsigned_abs());
        let mut job = Record::decode(&Bytes::from(wire.job.into_owned()))?;
        if let Some(unique) = &mut job.options.unique {
            unique.delay = wire.debounce.map(ms);
        }
        Ok(Self {
            ticks: TickRule {
                timing,
                offset: wire.offset,
                start: wire.start,
                end: wire.end,
                catch_up: match wire.catch_up {
                    None => CatchUp::Once,
                    Some(..0) => CatchUp::Skip,
                    Some(window) => CatchUp::Within(ms(window)),
                },
                overlap: overlap.transpose()?,
            },
            limit: wire.limit,
            jitter: ms(wire.jitter),
            job,
        })
    }

    /// By how much the job of a tick is delayed, in ms: the same whoever reckons it.
    pub(crate) fn delay_of(&self, id: &JobId) -> i64 {
        // The last step of the hash alone would leave neighbours close to each other.
        let hash = fnv(fnv(FNV_START, id.as_str().as_bytes()), b"jitter");
        let range = whole_millis(self.jitter).max(1);
        i64::try_from((hash ^ (hash >> 32)) % range).unwrap_or(0)
    }

    /// The record of a job that is added now.
    pub(crate) fn record(
        &self,
        id: &ScheduleId,
        tick: Option<DateTime<Utc>>,
        due: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Record {
        let mut record = self.job.clone();
        record.created_at = now;
        record.options.due_at = due.filter(|due| *due > now);
        record.options.schedule = Some(Scheduled::new(id.clone(), tick));
        record
    }
}

fn overlap_letter(overlap: Overlap) -> char {
    match overlap {
        Overlap::Allow => 'a',
        Overlap::Skip => 's',
        Overlap::Queue => 'l',
        Overlap::Cancel => 'c',
    }
}

fn overlap(letter: char) -> Option<Overlap> {
    [Overlap::Allow, Overlap::Skip, Overlap::Queue, Overlap::Cancel]
        .into_iter()
        .find(|overlap| overlap_letter(*overlap) == letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::{job::Codec, policy::schedule::Every};

    fn rule(catch_up: CatchUp, overlap: Option<Overlap>) -> ScheduleRule {
        ScheduleRule {
            ticks: TickRule {
                timing: Every::new(Duration::from_secs(60)).into(),
                offset: 7,
                start: Some(1),
                end: Some(1 << 40),
                catch_up,
                overlap,
            },
            limit: Some(9),
            jitter: Duration::from_millis(1_500),
            job: Record {
                name: "nightly".parse().expect("a good name"),
                codec: Codec::Json,
                payload: Bytes::from_static(b"{}"),
                created_at: DateTime::UNIX_EPOCH,
                options: Default::default(),
            },
        }
    }

    #[test]
    fn rules_survive_the_wire() {
        for catch_up in [CatchUp::Once, CatchUp::Skip, CatchUp::Within(Duration::from_secs(60))] {
            for overlap in [
                None,
                Some(Overlap::Allow),
                Some(Overlap::Skip),
                Some(Overlap::Queue),
                Some(Overlap::Cancel),
            ] {
                let rule = rule(catch_up, overlap);
                let bytes = Bytes::from(rule.encode());
                assert_eq!(ScheduleRule::decode(&bytes), Ok(rule));
            }
        }
    }

    #[test]
    #[cfg(feature = "schedules")]
    fn patterns_survive_the_wire() {
        use crate::policy::schedule::Cron;

        let zone = "Australia/Lord_Howe".parse().expect("a zone");
        let cron = Cron::parse("30 2 * * *").expect("a pattern").in_zone(zone);
        let mut rule = rule(CatchUp::Once, None);
        rule.ticks.timing = cron.into();
        assert_eq!(ScheduleRule::decode(&Bytes::from(rule.encode())), Ok(rule));
    }

    #[test]
    fn what_cannot_be_carried_out_is_an_error() {
        let bytes = rule(CatchUp::Once, None).encode();
        for cut in 0..bytes.len() {
            assert!(ScheduleRule::decode(&Bytes::copy_from_slice(&bytes[..cut])).is_err());
        }
        let mut newer = bytes.clone();
        let at = bytes.windows(2).position(|pair| pair == b"v\x01").expect("a version");
        newer[at + 1] = 2;
        assert!(ScheduleRule::decode(&Bytes::from(newer)).is_err());
    }

    #[test]
    fn jitter_is_spread_and_always_the_same() {
        let (rule, id) = (rule(CatchUp::Once, None), "nightly".parse::<ScheduleId>());
        let id = id.expect("a good id");
        let delay = |tick: i64| rule.delay_of(&id.job_at(tick * 60_000));
        let delays: Vec<i64> = (0..300).map(delay).collect();
        assert!(delays.iter().all(|delay| (0..1_500).contains(delay)));
        let late = delays.iter().filter(|delay| **delay >= 750).count();
        assert!((100..200).contains(&late), "{late} of 300 in the later half");
        assert_eq!(delays, (0..300).map(delay).collect::<Vec<_>>());
    }
}
