//! What the runs of a job have recorded.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::job_handle::JobHandle;
use crate::{error::Result, store::job, value_error::Corrupt};

/// What the runs of a job have recorded, and what it waits for; see [`JobHandle::steps`].
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct JobSteps {
    /// The parts of its handler that are recorded, in their order.
    pub parts: Vec<JobStep>,
    /// What it waited for when a run was last suspended. It still does if it is delayed until then.
    pub waits: Option<StepsWait>,
    /// Whether it has failed for good, and what it has done is being undone, or was.
    pub undone: bool,
}

/// A recorded part of a handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct JobStep {
    /// `step`, `sleep`, `wait`, `each` or `compensation`; `failures` for those of a step that has
    /// not succeeded yet.
    pub kind: &'static str,
    /// Its name; empty for a sleep.
    pub name: String,
    /// Which of this kind and name it is, from 1.
    pub nth: u32,
    /// Which of all parts, from 0.
    pub position: u32,
    /// When it was recorded last.
    pub recorded_at: DateTime<Utc>,
    /// How many bytes are recorded of it.
    pub bytes: usize,
}

/// What a suspended job waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StepsWait {
    /// Until when.
    pub until: DateTime<Utc>,
    /// The signals of which any ends it sooner.
    pub signals: Vec<String>,
}

const KINDS: [(u8, &str); 6] = [
    (b's', "step"),
    (b'z', "sleep"),
    (b'w', "wait"),
    (b'e', "each"),
    (b'c', "compensation"),
    (b'f', "failures"),
];

impl<T> JobHandle<T> {
    /// What the job's runs have [recorded](crate::Context::step), and what it waits for. Nothing if it
    /// has been removed, or its handler has no steps.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn steps(&self) -> Result<JobSteps> {
        let (mut steps, mut behind) = (JobSteps::default(), String::new());
        loop {
            let call = job::Steps { id: self.id(), behind: &behind };
            let portion = self.queue().store().call_retrying(&call).await?;
            for (field, value) in portion.fields {
                steps.take(&field, &value)?;
                behind = field;
            }
            if !portion.more {
                steps.parts.sort_by_key(|part| part.position);
                return Ok(steps);
            }
        }
    }
}

impl JobSteps {
    fn take(&mut self, field: &str, value: &Bytes) -> Result<(), Corrupt> {
        let (letter, rest) = field.as_bytes().split_first().unwrap_or((&b' ', b""));
        match letter {
            b'@' => self.waits = Some(read_wait(value)?),
            b'x' => self.undone = true,
            _ => {
                let Some((_, kind)) = KINDS.iter().find(|(it, _)| it == letter) else {
                    return Ok(());
                };
                // Behind the letter of failures stands the step's own.
                let rest = if *letter == b'f' { rest.get(1..).unwrap_or_default() } else { rest };
                self.parts.extend(read_part(kind, rest, value));
            }
        }
        Ok(())
    }
}

fn read_part(kind: &'static str, name: &[u8], value: &Bytes) -> Option<JobStep> {
    let name = std::str::from_utf8(name).ok()?;
    let (name, nth) = name.split_once('\n')?;
    let mut words = value.splitn(3, |byte| *byte == b' ');
    let mut number = || std::str::from_utf8(words.next()?).ok()?.parse::<i64>().ok();
    let (position, at) = (u32::try_from(number()?).ok()?, number()?);
    Some(JobStep {
        kind,
        name: name.to_owned(),
        nth: nth.parse().ok()?,
        position,
        recorded_at: DateTime::from_timestamp_millis(at)?,
        bytes: words.next().map_or(0, <[u8]>::len),
    })
}

fn read_wait(value: &Bytes) -> Result<StepsWait, Corrupt> {
    let odd = || Corrupt::new("what a job waits for", "it can't be read");
    let text = std::str::from_utf8(value).map_err(|_| odd())?;
    let (until, signals) = text.split_once(' ').unwrap_or((text, ""));
    let until = until.parse().ok().and_then(DateTime::from_timestamp_millis).ok_or_else(odd)?;
    let signals = signals.split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Ok(StepsWait { until, signals })
}
