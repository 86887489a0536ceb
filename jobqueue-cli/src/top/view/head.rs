//! The lines at the top: where, how fast, what needs a look.

use jobqueue::manage::WorkerState;
use ratatui::text::Line;

use super::{ink, rule, spark};
use crate::{
    command::queues::QueueView,
    output::{Hue, counted, cut, grouped, rate, span},
    top::{model::Model, snapshot::Snapshot},
};

/// How wide the picture of what waits is.
const SPARK: usize = 20;

/// How wide it is said whether all is live.
const STATE: usize = 10;

/// How many findings are told.
const FINDINGS: usize = 3;

pub(super) fn lines(model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut lines = vec![title(model, width)];
    match &model.snapshot {
        Some(snapshot) => lines.extend([
            rates(snapshot, width),
            work(model, snapshot, width),
            findings(model, snapshot, width),
        ]),
        None => lines.extend([Line::from(" looking …"), Line::default(), Line::default()]),
    }
    lines.push(rule(model, width));
    lines
}

fn title(model: &Model, width: usize) -> Line<'static> {
    let (hue, state) = match (&model.problem, model.frozen) {
        (Some(_), _) => (Hue::Bad, "✕ cut off"),
        (None, true) => (Hue::Odd, "‖ frozen"),
        (None, false) => (Hue::Good, "● live"),
    };
    let clock = model.snapshot.as_ref().map(|it| it.at.format("%H:%M:%SZ").to_string());
    let left = format!(
        " jobqueue top   {}  by {}  {}  ",
        model.server,
        model.sort.word(),
        span(model.every)
    );
    let right = clock.unwrap_or_default();
    let room = width.saturating_sub(right.len() + STATE);
    let left = super::left_as_set(&left, room);
    let state_text = format!("{state:<STATE$}");
    Line::from(vec![ink(model, Hue::Bold, left), ink(model, hue, state_text), right.into()])
}

fn rates(snapshot: &Snapshot, width: usize) -> Line<'static> {
    let sum = |of: fn(&QueueView) -> f64| rate(snapshot.queues.iter().map(of).sum());
    let lag = snapshot.queues.iter().filter_map(QueueView::lag).max().unwrap_or_default();
    let cpu = snapshot.cpu.map(|share| format!("   redis {:.0}% cpu", share * 100.0));
    let text = format!(
        " in {}/s  done {}/s  failed {}/s  retried {}/s   lag {}{}",
        sum(|view| view.rates.map_or(0.0, |rates| rates.added)),
        sum(|view| view.rates.map_or(0.0, |rates| rates.completed)),
        sum(|view| view.rates.map_or(0.0, |rates| rates.failed)),
        sum(|view| view.rates.map_or(0.0, |rates| rates.retried)),
        span(lag),
        cpu.unwrap_or_default()
    );
    Line::from(cut(&text, width))
}

fn work(model: &Model, snapshot: &Snapshot, width: usize) -> Line<'static> {
    let ready: u64 = snapshot.queues.iter().map(QueueView::ready).sum();
    let alive: Vec<_> = snapshot.workers.iter().filter(|worker| worker.alive).collect();
    // One worker may serve many queues.
    let mut workers: Vec<_> =
        alive.iter().map(|it| it.instance.as_deref().unwrap_or(it.id.as_str())).collect();
    workers.sort_unstable();
    workers.dedup();
    let draining = alive.iter().filter(|it| it.state == Some(WorkerState::Draining)).count();
    let draining = if draining > 0 { format!(" ({draining} draining)") } else { String::new() };
    let slots: u64 = alive.iter().filter_map(|worker| worker.slots).sum();
    let busy: u64 = alive.iter().map(|worker| worker.held).sum();
    let values: Vec<f64> = model.ready.iter().copied().collect();
    let text = format!(
        " ready {} {}  workers {}{draining}   slots {}/{} busy",
        spark::line(&values, SPARK),
        grouped(ready),
        workers.len(),
        grouped(busy),
        grouped(slots)
    );
    Line::from(cut(&text, width))
}

fn findings(model: &Model, snapshot: &Snapshot, width: usize) -> Line<'static> {
    if let Some(problem) = &model.problem {
        return Line::from(ink(model, Hue::Bad, cut(&format!("✕{problem}"), width)));
    }
    let mut found = Vec::new();
    for view in snapshot.queues.iter().filter(|view| view.lacks_workers()) {
        let lag = span(view.glance.lag());
        found.push(format!("{} no worker, {lag} behind", view.entry.name));
    }
    for view in snapshot.queues.iter().filter(|view| view.entry.is_dead_letter()) {
        if view.ready() > 0 {
            found.push(format!("{} has {}", view.entry.name, counted(view.ready(), "dead letter")));
        }
    }
    for view in &snapshot.queues {
        if let Some(time) = view.glance.throttled_for {
            found.push(format!("{} throttled for {}", view.entry.name, span(time)));
        }
    }
    if found.is_empty() {
        return Line::from(ink(model, Hue::Dim, " nothing needs a look"));
    }
    let more = found.len().saturating_sub(FINDINGS);
    found.truncate(FINDINGS);
    let more = if more > 0 { format!(" · {more} more") } else { String::new() };
    let text = format!("!needs a look: {}{more}", found.join(" · "));
    Line::from(ink(model, Hue::Bad, cut(&text, width)))
}
