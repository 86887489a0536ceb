//! What earlier runs of a job have recorded.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    error::Result,
    job::{JobFailure, JobId, LATEST},
    policy::whole_millis,
    settle::ServerClock,
    store::{QueueStore, job::Steps},
    value_error::Corrupt,
};

/// What a part of a handler is, as its field begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Step,
    Sleep,
    Wait,
    Each,
    /// What is done when the job fails for good.
    Compensation,
}

impl Part {
    const ALL: [(Self, char, &'static str); 5] = [
        (Self::Step, 's', "step"),
        (Self::Sleep, 'z', "sleep"),
        (Self::Wait, 'w', "wait for the signal"),
        (Self::Each, 'e', "loop"),
        (Self::Compensation, 'c', "compensation"),
    ];

    pub(super) fn letter(self) -> char {
        Self::ALL.iter().find(|(part, ..)| *part == self).map_or('s', |(_, letter, _)| *letter)
    }

    /// As people call it.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(part, ..)| *part == self).map_or("step", |(.., word)| *word)
    }

    pub(crate) fn of(field: &str) -> Option<Self> {
        let letter = field.chars().next()?;
        Self::ALL.iter().find(|(_, it, _)| *it == letter).map(|(part, ..)| *part)
    }
}

/// Where a part stands in its handler: it is found by all of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) part: Part,
    pub(crate) name: String,
    /// Which of this part and name it is, from 1.
    pub(crate) nth: u32,
    /// Which of all parts, from 0.
    pub(crate) place: u32,
}

impl Spot {
    /// Its field.
    pub(crate) fn field(&self) -> String {
        format!("{}{}\n{}", self.part.letter(), self.name, self.nth)
    }

    /// The field of its failed attempts.
    pub(crate) fn failures(&self) -> String {
        format!("f{}", self.field())
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.field()))
    }
}

/// A field as people read it: `step "charge"`.
pub(crate) fn describe(field: &str) -> String {
    let part = Part::of(field).unwrap_or(Part::Step);
    let (name, nth) = field.get(1..).and_then(|it| it.split_once('\n')).unwrap_or((field, "1"));
    let mut text = part.word().to_owned();
    if !name.is_empty() {
        text.push_str(&format!(" {name:?}"));
    }
    if nth != "1" {
        text.push_str(&format!(" (number {nth} of this name)"));
    }
    text
}

/// What is recorded of a part.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) place: u32,
    /// When, in ms since the epoch.
    at: u64,
    pub(crate) value: Bytes,
}

/// The field of the failure that has ended the job, while its compensations run.
pub(crate) const FINAL: &str = "x";

/// What earlier runs of a job have recorded.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: HashMap<String, Entry>,
    places: HashMap<u32, String>,
    /// When parts were recorded to which this run hasn't come yet, and their places.
    ahead: Mutex<BTreeSet<(u64, u32)>>,
    /// Waits until then are over, whatever the time is.
    over: u64,
    clock: ServerClock,
}

impl Journal {
    pub(crate) async fn load(store: &QueueStore, id: &JobId) -> Result<Self> {
        let (mut entries, mut places, mut over) = (HashMap::new(), HashMap::new(), 0);
        let mut ahead = BTreeSet::new();
        let mut behind = String::new();
        loop {
            let steps = Steps { id, behind: &behind };
            let portion = store.call_retrying(&steps).await?;
            for (field, value) in portion.fields {
                behind.clone_from(&field);
                match field.as_bytes().first() {
                    Some(b'!') => over = number(&value)?,
                    Some(b'#' | b'@' | b'?' | b'Q' | b'q') => {}
                    _ => {
                        let entry = read(&value)?;
                        if let Some(part) = Part::of(&field) {
                            places.insert(entry.place, field.clone());
                            // What undoes them isn't come to before the end.
                            if part != Part::Compensation {
                                ahead.insert((entry.at, entry.place));
                            }
                        }
                        entries.insert(field, entry);
                    }
                }
            }
            if !portion.more {
                let (ahead, clock) = (Mutex::new(ahead), ServerClock::new(portion.now));
                return Ok(Self { entries, places, ahead, over, clock });
            }
        }
    }

    /// What is recorded under a field.
    pub(crate) fn get(&self, field: &str) -> Option<&Entry> {
        self.entries.get(field)
    }

    /// The run comes to what is recorded. Answers whether this is the first that is still ahead: then it
    /// is that no more.
    pub(crate) fn come_to(&self, entry: &Entry) -> bool {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let own = (entry.at, entry.place);
        let is_first = ahead.first().is_none_or(|first| *first >= own);
        if is_first {
            ahead.remove(&own);
        }
        is_first
    }

    /// The run has come to what is recorded, though not to all that was recorded before.
    pub(crate) fn pass_over(&self, entry: &Entry) {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.retain(|other| *other > (entry.at, entry.place));
    }

    /// The field that is recorded at a place.
    pub(crate) fn at(&self, place: u32) -> Option<&str> {
        self.places.get(&place).map(String::as_str)
    }

    /// Whether nothing is recorded.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The failure that has ended the job.
    pub(crate) fn failure(&self) -> Result<Option<JobFailure>, Corrupt> {
        self.entries.get(FINAL).map(|entry| JobFailure::decode(&entry.value)).transpose()
    }

    /// Whether a time has come, in ms since the epoch by the server's clock; or an operator has said
    /// that it is to count as that.
    pub(crate) fn is_over(&self, until: u64) -> bool {
        until <= self.over || self.has_come(until)
    }

    /// Whether a time has come, whatever an operator has said of others.
    pub(crate) fn has_come(&self, until: u64) -> bool {
        until <= self.clock.now_ms()
    }

    /// So long from now, in ms since the epoch.
    pub(crate) fn after(&self, time: Duration) -> u64 {
        self.clock.now_ms().saturating_add(whole_millis(time)).min(LATEST)
    }

    /// A time by this process's clock. If that can't express it, it is far away.
    pub(crate) fn instant(&self, ms: u64) -> Instant {
        self.clock.instant_of_ms(ms)
    }
}

/// `<place> <ms> <value>`
fn read(value: &Bytes) -> Result<Entry, Corrupt> {
    let odd = || Corrupt::new("a recorded step", "its place and time can't be read");
    let mut parts = value.splitn(3, |byte| *byte == b' ');
    let mut next = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (place, at) = (next().ok_or_else(odd)?, next().ok_or_else(odd)?);
    let from = place.len() + at.len() + 2;
    let (place, at) = (place.parse().map_err(|_| odd())?, at.parse().map_err(|_| odd())?);
    if from > value.len() {
        return Err(odd());
    }
    Ok(Entry { place, at, value: value.slice(from..) })
}

/// A number in text.
pub(crate) fn number(value: &[u8]) -> Result<u64, Corrupt> {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Corrupt::new("a recorded step", "a number can't be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_or_refused() {
        let entry = read(&Bytes::from_static(b"3 17 a b")).expect("one");
        assert_eq!((entry.place, &entry.value[..]), (3, &b"a b"[..]));
        assert_eq!(read(&Bytes::from_static(b"3 17 ")).expect("one").value.len(), 0);
        for odd in ["", "3", "3 17", "x 17 v", "3 x v", "-1 2 v"] {
            assert!(read(&Bytes::from_static(odd.as_bytes())).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn fields_are_described() {
        let spot = |part, name: &str, nth| Spot { part, name: name.to_owned(), nth, place: 0 };
        for (spot, text) in [
            (spot(Part::Step, "charge", 1), "step \"charge\""),
            (spot(Part::Sleep, "", 2), "sleep (number 2 of this name)"),
            (spot(Part::Wait, "sent", 1), "wait for the signal \"sent\""),
        ] {
            assert_eq!(spot.to_string(), text);
        }
    }
}
