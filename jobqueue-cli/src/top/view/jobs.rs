//! The jobs of a queue.

use jobqueue::{JobInfo, JobState, QueueName};
use ratatui::text::{Line, Span};

use super::{Size, ink, left, window};
use crate::{
    command::job_lines::{detail, tries},
    output::{Hue, glyph, grouped, span},
    top::model::Model,
};

pub(super) fn lines(
    model: &Model,
    (queue, state): (&QueueName, JobState),
    size: Size,
) -> Vec<Line<'static>> {
    let mut lines = vec![tabs(model, queue, state)];
    let titles = format!(" {}  {}  TRIES    SINCE  DETAIL", left("ID", 26), left("NAME", 12));
    lines.push(Line::from(ink(model, Hue::Dim, titles)));
    let Some(jobs) = model.jobs() else {
        lines.push(Line::from(" looking …"));
        return lines;
    };
    if jobs.is_empty() {
        lines.push(Line::from(format!(" No {state} job.")));
    }
    let room = size.height.saturating_sub(lines.len());
    let view = window(jobs.len(), model.row.min(jobs.len().saturating_sub(1)), room);
    let first = view.start;
    for (at, job) in jobs[view].iter().enumerate() {
        lines.push(row(model, job, first + at == model.row, size.width));
    }
    lines
}

fn tabs(model: &Model, queue: &QueueName, state: JobState) -> Line<'static> {
    let jobs = model.snapshot.as_ref().and_then(|snapshot| snapshot.jobs.as_ref());
    let jobs = jobs.filter(|jobs| jobs.queue == *queue);
    let mut spans = vec![ink(model, Hue::Bold, format!(" {queue}  "))];
    for (at, tab) in JobState::ALL.into_iter().enumerate() {
        let count = jobs.map_or(0, |jobs| jobs.counts.of(tab));
        let text = format!("{} {} {}", at + 1, glyph(tab), grouped(count));
        let text = if tab == state { format!("[{text} {tab}] ") } else { format!("{text}  ") };
        spans.push(ink(model, Hue::of(tab), text));
    }
    Line::from(spans)
}

fn row(model: &Model, job: &JobInfo, is_selected: bool, width: usize) -> Line<'static> {
    let now = model.snapshot.as_ref().map(|snapshot| snapshot.at).unwrap_or_default();
    let since = job.finished_at.or(job.started_at).unwrap_or(job.record.created_at);
    let since = span((now - since).to_std().unwrap_or_default());
    let cursor = if is_selected { "▸" } else { " " };
    let begin = format!(
        "{cursor}{}  {}  {:>5}  {since:>7}  ",
        left(job.id.as_str(), 26),
        left(job.record.name.as_str(), 12),
        tries(job)
    );
    let room = width.saturating_sub(begin.chars().count());
    Line::from(vec![Span::raw(begin), ink(model, Hue::of(job.state), left(&detail(job), room))])
}
