//! Who works.

use jobqueue::manage::WorkerInfo;
use ratatui::text::{Line, Span};

use super::{Size, ink, left, window};
use crate::{
    command::workers::{place, running, slots, state},
    output::{Hue, span},
    top::model::Model,
};

pub(super) fn lines(model: &Model, size: Size) -> Vec<Line<'static>> {
    let titles = format!(
        " {}  {}  {}    SLOTS    SEEN  RUNNING",
        left("PROCESS", 18),
        left("QUEUE", 12),
        left("STATE", 8)
    );
    let mut lines = vec![Line::from(ink(model, Hue::Dim, titles))];
    let Some(snapshot) = &model.snapshot else { return lines };
    let workers = &snapshot.workers;
    if workers.is_empty() {
        lines.push(Line::from(" No worker. Jobs wait until one starts."));
    }
    let view = window(
        workers.len(),
        model.row.min(workers.len().saturating_sub(1)),
        size.height.saturating_sub(1),
    );
    let first = view.start;
    for (at, worker) in workers[view].iter().enumerate() {
        lines.push(row(model, worker, first + at == model.row, size.width));
    }
    lines
}

fn row(model: &Model, worker: &WorkerInfo, is_selected: bool, width: usize) -> Line<'static> {
    let now = model.snapshot.as_ref().map(|snapshot| snapshot.at).unwrap_or_default();
    let seen = worker.last_seen.map(|seen| span((now - seen).to_std().unwrap_or_default()));
    let (hue, state) = state(worker);
    let cursor = if is_selected { "▸" } else { " " };
    let begin =
        format!("{cursor}{}  {}  ", left(&place(worker), 18), left(worker.queue.as_str(), 12));
    let middle = format!("  {:>7}  {:>6}  ", slots(worker), seen.unwrap_or_default());
    let taken = begin.chars().count() + 8 + middle.chars().count();
    let running = left(&running(worker), width.saturating_sub(taken));
    Line::from(vec![
        Span::raw(begin),
        ink(model, hue, left(state, 8)),
        Span::raw(middle),
        Span::raw(running),
    ])
}
