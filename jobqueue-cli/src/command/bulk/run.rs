//! Something that is being done to many jobs: a bar for people, and what became of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use jobqueue::{QueueName, find::BulkReport, types::CancellationToken};
use serde::Serialize;

use super::verb::Verb;
use crate::{
    exit::Exit,
    output::{Output, grouped},
};

/// How many refusals are told to people.
const TOLD: usize = 10;

/// Something that is being done.
pub(super) struct Run {
    pub(super) stop: CancellationToken,
    out: Output,
    bar: ProgressBar,
    whole: Mutex<Whole>,
}

/// What became of the jobs of all queues.
#[derive(Clone, Debug, Serialize)]
struct Whole {
    action: Verb,
    queues: Vec<QueueName>,
    looked_at: u64,
    done: u64,
    refused: u64,
    refusals: Vec<Refusal>,
    unreadable: u64,
    cut_off: bool,
}

impl Whole {
    fn of(action: Verb) -> Self {
        Self {
            action,
            queues: Vec::new(),
            looked_at: 0,
            done: 0,
            refused: 0,
            refusals: Vec::new(),
            unreadable: 0,
            cut_off: false,
        }
    }

    /// Why some were refused, and how often.
    fn reasons(&self) -> Vec<(&str, usize)> {
        let mut reasons: Vec<(&str, usize)> = Vec::new();
        for Refusal { why, .. } in &self.refusals {
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, count)) => *count += 1,
                None => reasons.push((why, 1)),
            }
        }
        reasons
    }
}

#[derive(Clone, Debug, Serialize)]
struct Refusal {
    queue: QueueName,
    id: jobqueue::JobId,
    why: String,
}

impl Run {
    pub(super) fn new(out: Output, stop: CancellationToken, total: u64, action: Verb) -> Self {
        let bar = ProgressBar::new(total);
        let style = "{bar:20} {human_pos}/{human_len}  {per_sec}  {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("█▌░"));
        }
        bar.set_message("Ctrl-C stops cleanly");
        Self { stop, out, bar, whole: Mutex::new(Whole::of(action)) }
    }

    fn whole(&self) -> MutexGuard<'_, Whole> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To how many jobs of the queues before it was done, or couldn't be.
    pub(super) fn so_far(&self) -> u64 {
        let whole = self.whole();
        whole.done + whole.refused
    }

    /// How far it is in the queue that it is at.
    pub(super) fn show(&self, report: &BulkReport) {
        self.bar.set_position(self.so_far() + report.done + report.refused);
        let skipped = self.whole().refused + report.refused;
        if skipped > 0 {
            self.bar.set_message(format!("skipped {skipped}  Ctrl-C stops cleanly"));
        }
    }

    /// What became of the jobs of a queue.
    pub(super) fn add(
        &self,
        queue: &QueueName,
        answer: jobqueue::Result<BulkReport>,
    ) -> Result<()> {
        let report = answer.inspect_err(|_| self.bar.finish_and_clear())?;
        let mut whole = self.whole();
        whole.queues.push(queue.clone());
        whole.looked_at += report.looked_at;
        whole.done += report.done;
        whole.refused += report.refused;
        whole.unreadable += report.unreadable;
        let refusals = report.refusals.into_iter();
        whole.refusals.extend(refusals.map(|(id, why)| Refusal {
            queue: queue.clone(),
            id,
            why: why.to_string(),
        }));
        Ok(())
    }

    /// What became of all.
    pub(super) fn end(&self) -> Result<Exit> {
        self.bar.finish_and_clear();
        let mut whole = self.whole().clone();
        whole.cut_off = self.stop.is_cancelled();
        if self.out.json {
            self.out.json(&whole)?;
        } else {
            self.tell(&whole)?;
        }
        Ok(match (whole.done, whole.refused) {
            _ if whole.cut_off => Exit::CutOff,
            (_, 0) => Exit::Done,
            (0, _) => Exit::Refused,
            _ => Exit::Partly,
        })
    }

    fn tell(&self, whole: &Whole) -> Result<()> {
        let done = whole.action.done();
        let skipped = match whole.refused {
            0 => String::new(),
            count => format!(", {} skipped", grouped(count)),
        };
        let stopped = if whole.cut_off { "; stopped before the end" } else { "" };
        self.out.say(format_args!("{} {done}{skipped}{stopped}", grouped(whole.done)))?;
        for (why, count) in whole.reasons().iter().take(TOLD) {
            match count {
                1 => self.out.remark(why),
                _ => self.out.remark(format_args!("{count} times: {why}")),
            }
        }
        Ok(())
    }
}
