//! What matters of the queue at the cursor.

use jobqueue::types::Utc;
use ratatui::text::Line;

use super::{PANE, ink, left, rule};
use crate::{
    command::job_lines::{runs_for, worker},
    output::{Hue, cut, one_line, span},
    top::{model::Model, snapshot::FailureKind},
};

/// How many kinds of failures are shown.
const KINDS: usize = 3;

pub(super) fn lines(model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![rule(model, width)];
    let pane = model.snapshot.as_ref().and_then(|snapshot| snapshot.pane.as_ref());
    let pane = pane.filter(|pane| Some(&pane.queue) == model.selected.as_ref());
    if let Some(pane) = pane {
        let note = model.at_cursor().map(|view| view.note().1).unwrap_or_default();
        let kinds = match pane.failures.len() {
            0 => "no failed job is kept".to_owned(),
            1 => "1 kind".to_owned(),
            kinds => format!("{kinds} kinds"),
        };
        let title = format!(" {} · newest failures · {kinds}   {note}", pane.queue);
        lines.push(Line::from(ink(model, Hue::Bold, cut(&title, width))));
        let now = model.snapshot.as_ref().map_or_else(Utc::now, |snapshot| snapshot.at);
        let failures = pane.failures.iter().take(KINDS);
        lines.extend(failures.map(|kind| Line::from(failure(kind, now, width))));
        lines.resize(PANE - 1, Line::default());
        let running: Vec<String> = pane
            .running
            .iter()
            .take(2)
            .map(|job| format!("{} {} on {}", job.record.name, runs_for(job), worker(job)))
            .collect();
        let running = match running.as_slice() {
            [] => " nothing runs".to_owned(),
            jobs => format!(" running longest: {}", jobs.join(" · ")),
        };
        lines.push(Line::from(cut(&one_line_padded(&running), width)));
    }
    lines.resize(PANE, Line::default());
    lines
}

fn one_line_padded(text: &str) -> String {
    format!(" {}", one_line(text))
}

fn failure(kind: &FailureKind, now: jobqueue::types::DateTime<Utc>, width: usize) -> String {
    let last = (now - kind.last).to_std().unwrap_or_default();
    let end = format!("  last {:>6} ago  {}", span(last), left(&kind.job, 10));
    let begin = format!("{:>5}×  {} ", kind.count, left(kind.reason, 11));
    let room = width.saturating_sub(begin.chars().count() + end.chars().count());
    format!("{begin}{}{end}", left(&kind.message, room))
}
