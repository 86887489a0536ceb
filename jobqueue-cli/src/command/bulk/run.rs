//! Something that is being done to many jobs: a bar for people, and what became of it.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use jobqueue::{QueueName, find::BulkReport, types::CancellationToken};
use serde_json::json;

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
    verb: &'static str,
}

impl Run {
    pub(super) fn new(
        out: Output,
        stop: CancellationToken,
        total: u64,
        verb: &'static str,
    ) -> Self {
        let bar = ProgressBar::new(total);
        let style = "{bar:20} {human_pos}/{human_len}  {per_sec}  {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("█▌░"));
        }
        bar.set_message("Ctrl-C stops cleanly");
        Self { stop, out, bar, verb }
    }

    /// How far it is.
    pub(super) fn show(&self, so_far: &BulkReport) {
        self.bar.set_position(so_far.done + so_far.refused);
        if so_far.refused > 0 {
            let skipped = so_far.refused;
            self.bar.set_message(format!("skipped {skipped}  Ctrl-C stops cleanly"));
        }
    }

    /// What became of it.
    pub(super) fn end(
        &self,
        queue: &QueueName,
        answer: jobqueue::Result<BulkReport>,
    ) -> Result<Exit> {
        self.bar.finish_and_clear();
        let report = answer?;
        let was_cut_off = self.stop.is_cancelled();
        if self.out.json {
            let refusals = report.refusals.iter();
            let refusals: Vec<_> =
                refusals.map(|(id, why)| json!({"id": id, "why": why.to_string()})).collect();
            self.out.json(&json!({
                "queue": queue,
                "action": self.verb,
                "looked_at": report.looked_at,
                "done": report.done,
                "refused": report.refused,
                "refusals": refusals,
                "unreadable": report.unreadable,
                "cut_off": was_cut_off,
            }))?;
        } else {
            self.tell(&report, was_cut_off)?;
        }
        Ok(match report.refused {
            _ if was_cut_off => Exit::CutOff,
            0 => Exit::Done,
            _ => Exit::Partly,
        })
    }

    fn tell(&self, report: &BulkReport, was_cut_off: bool) -> Result<()> {
        let done = match self.verb {
            "retry" => "run again",
            "cancel" => "cancelled",
            "remove" => "removed",
            _ => "go back to their queues",
        };
        let skipped = match report.refused {
            0 => String::new(),
            count => format!(", {} skipped", grouped(count)),
        };
        let stopped = if was_cut_off { "; stopped before the end" } else { "" };
        self.out.say(format_args!("{} {done}{skipped}{stopped}", grouped(report.done)))?;
        for (_, why) in report.refusals.iter().take(TOLD) {
            self.out.remark(why);
        }
        Ok(())
    }
}
