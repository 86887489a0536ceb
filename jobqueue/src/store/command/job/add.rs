//! Put a batch of jobs into the queue.

use std::{iter::once, time::Duration};

use redis::Value;

use crate::{
    job::{JobId, KeyClaim, Priority, QueueName, Record},
    policy::Overflow,
    store::{
        command::{Args, Command, Numbered},
        ids,
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/job/add.lua`
pub(crate) struct Add<'a> {
    pub(crate) jobs: &'a [NewJob],
    /// Whether some of them may be there already, by another call.
    pub(crate) look: bool,
    pub(crate) call: Numbered<'a>,
}

/// One job to add.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    pub(crate) id: JobId,
    pub(crate) record: Vec<u8>,
    pub(crate) priority: Priority,
    pub(crate) due: Due,
    pub(crate) unique: Option<KeyClaim>,
    /// The longest wait, from the time it is due; else the queue's default.
    pub(crate) ttl: Option<Duration>,
    /// By which it is found, a line each.
    pub(crate) tags: Option<String>,
    /// Chosen by the caller, so it may be there already.
    pub(crate) chosen_id: bool,
}

/// When a job is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    In(Duration),
    /// Milliseconds since the epoch.
    At(i64),
}

/// The latest time, which is still exact in a score: the year 10889.
const LATEST_MS: u64 = 1 << 48;

/// The score in `delayed` of a job that runs after another of its unique key: see
/// `lua/lib/unique.lua`. No due time is as late.
pub(crate) const PARKED: &str = "281474976710657";

impl Due {
    /// As the scripts read it.
    pub(crate) fn to_arg(self) -> String {
        match self {
            Self::Now => String::new(),
            Self::In(delay) => format!("+{}", millis(delay).min(LATEST_MS)),
            Self::At(ms) => u64::try_from(ms).unwrap_or(0).min(LATEST_MS).to_string(),
        }
    }
}

impl NewJob {
    /// About its bytes in the call.
    pub(crate) fn size(&self) -> usize {
        let tags = self.tags.as_ref().map_or(0, String::len);
        self.record.len() + self.id.as_str().len() + tags + 64
    }

    fn is_special(&self) -> bool {
        self.priority != Priority::default() || self.due != Due::Now || self.unique.is_some()
    }
}

/// The index of each job that was not simply added, and what happened instead.
pub(crate) type Duplicates = Vec<(usize, Instead)>;

/// What happened instead of simply adding a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// This job was there already.
    Duplicate(JobId),
    /// This job waited, and became the one to add.
    Replaced(JobId),
    /// So did this one, and its delay began anew.
    Extended(JobId),
    /// It was added, and runs after this job.
    After(JobId),
    /// It went to the dead-letter queue, since its own was full.
    Overflowed,
}

/// What a job's id says of an add.
type Meaning = fn(JobId) -> Instead;

impl Instead {
    /// What happened by its letter of `lua/lib/dedup.lua`.
    pub(crate) fn of_letter(letter: &str) -> Option<Meaning> {
        let letters: [(&str, Meaning); 4] = [
            ("", Self::Duplicate),
            ("r", Self::Replaced),
            ("e", Self::Extended),
            ("n", Self::After),
        ];
        letters.into_iter().find_map(|(own, instead)| (own == letter).then_some(instead))
    }
}

/// The answer to an add.
#[derive(Debug)]
pub(crate) enum Added {
    /// All were added but these.
    All(Duplicates),
    /// They don't fit, and none was added.
    Full(Full),
}

/// The answer of a full queue.
#[derive(Debug)]
pub(crate) struct Full {
    pub(crate) overflow: Overflow,
    pub(crate) room: u64,
    pub(crate) cap: u64,
    pub(crate) dead_letter: Option<QueueName>,
}

impl Command for Add<'_> {
    const SCRIPT: &'static Script = script!(
        "job" / add,
        first plain_add, [
            clock,
            layout,
            numbered,
            rank,
            order,
            events,
            wake,
            size,
            lanes,
            deadline,
            tries,
            unique,
            key,
            group_of, keys_of,
            groups,
            reprioritize,
            due,
            unfinished,
            tags,
            dedup,
            add
        ]
    );
    const KEYS: &'static [Key] = &[
        Key::Jobs,
        Key::Waiting,
        Key::Delayed,
        Key::Priority,
        Key::Uniques,
        Key::Meta,
        Key::Events,
        Key::Wake,
    ];
    const ACTION: &'static str = "add jobs";
    const LISTS: &'static [Listed] = &[Listed::Queue];
    const AWAITS_LISTING: bool = true;
    type Reply = Added;

    fn more_keys(&self, keys: &Keys) -> Vec<String> {
        let uniques = self.jobs.iter().filter_map(|job| job.unique.as_ref());
        let uniques = uniques.map(|unique| keys.unique(&unique.key));
        once(keys.producer(self.call.sender)).chain(uniques).collect()
    }

    fn write(&self, _keys: &Keys, args: &mut Args<'_>) {
        let look = self.look || self.jobs.iter().any(|job| job.chosen_id);
        let grouped = self.jobs.iter().any(|job| Record::names_group_or_keys(&job.record));
        args.push(u8::from(look) + 2 * u8::from(grouped));
        self.call.write(args);
        args.push(self.jobs.len());
        for job in self.jobs {
            args.push(job.id.as_str()).push(job.record.as_slice());
        }
        args.push(self.jobs.iter().filter(|job| job.is_special()).count());
        // Behind the producer's own.
        let mut next_key = Self::KEYS.len() + 1;
        for (index, job) in self.jobs.iter().enumerate().filter(|(_, job)| job.is_special()) {
            args.push(index + 1).push(job.priority.get()).push(job.due.to_arg());
            match &job.unique {
                Some(KeyClaim { key, rule }) => {
                    next_key += 1;
                    args.push(next_key).push(rule.as_str()).push(key.as_str());
                }
                None => {
                    args.push(0).push(0).push("");
                }
            }
        }
        // One id alone can't be shortened.
        let more = self.jobs.iter().any(|job| job.ttl.is_some() || job.tags.is_some());
        if self.jobs.len() > 1 || more {
            args.push(ids::write(self.jobs.iter().map(|job| job.id.as_str())));
        }
        for (index, job) in self.jobs.iter().enumerate() {
            if let Some(ttl) = job.ttl {
                args.push(index + 1).push(millis(ttl).max(1));
            }
            if let Some(tags) = &job.tags {
                args.push(index + 1).push(format!("#{tags}"));
            }
        }
    }

    fn size(&self) -> (usize, usize) {
        (12 + 2 * self.jobs.len(), 160 + self.jobs.iter().map(NewJob::size).sum::<usize>())
    }

    fn read(&self, reply: Value) -> Result<Added, Corrupt> {
        let items = reply::array(reply, Self::ACTION)?;
        let (pairs, _) = items.as_chunks::<2>();
        let mut duplicates = Duplicates::with_capacity(pairs.len());
        for [index, id] in pairs {
            let text = reply::text(id, Self::ACTION)?;
            let (index, instead) = read_index(index)?;
            if index == 0 {
                return read_full(text).map(Added::Full);
            }
            let index = usize::try_from(index - 1).ok().filter(|index| *index < self.jobs.len());
            let index = index.ok_or_else(|| Corrupt::new(Self::ACTION, "an index out of range"))?;
            duplicates.push((index, instead(JobId::from_store(text))));
        }
        Ok(Added::All(duplicates))
    }
}

/// An index, with a letter behind it if the job there wasn't just left out; and what an id in the
/// answer then is.
fn read_index(value: &Value) -> Result<(u64, Meaning), Corrupt> {
    if matches!(value, Value::Int(_)) {
        return Ok((reply::count(value, Add::ACTION)?, Instead::Duplicate));
    }
    let text = reply::text(value, Add::ACTION)?;
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let found = digits.parse().ok().zip(Instead::of_letter(&text[digits.len()..]));
    found.ok_or_else(|| Corrupt::new(Add::ACTION, "an index with an unknown letter"))
}

/// Overflow, room, limit, and the dead-letter queue if there is one.
fn read_full(text: &str) -> Result<Full, Corrupt> {
    let mut words = text.split(' ');
    let mut number = || words.next().and_then(|word| word.parse().ok());
    let corrupt = || Corrupt::new(Add::ACTION, "a full queue that doesn't say how full");
    let overflow = text.split(' ').next().map(Overflow::from_word).unwrap_or_default();
    let _word: Option<u64> = number();
    let (room, cap) = (number().ok_or_else(corrupt)?, number().ok_or_else(corrupt)?);
    let dead_letter = words.next().and_then(|name| name.parse().ok());
    Ok(Full { overflow, room, cap, dead_letter })
}
