//! The lines at the bottom: the last action, and the keys.

use jobqueue::audit::AuditAnswer;
use ratatui::text::Line;

use super::{ink, left_as_set, rule};
use crate::{
    output::{Hue, cut, grouped},
    top::{
        act::Act,
        model::{Model, Over, Screen},
    },
};

pub(super) fn lines(model: &Model, width: usize) -> Vec<Line<'static>> {
    let (first, second) = match &model.screen {
        Screen::Queues => (
            " ↑↓/jk move  ⏎ open  / find  p pause  r retry failed  d dead letters",
            " w workers  s sort  a all  space freeze  ? help  q quit",
        ),
        Screen::Jobs(..) => (
            " ↑↓/jk move  ⏎ open  / find  1-7 state  p pause  r retry failed",
            " esc back  space freeze  ? help  q quit",
        ),
        Screen::Job(..) => (" ↑↓/jk scroll  r retry  C cancel", " esc back  ? help  q quit"),
        Screen::Workers => (" ↑↓/jk move", " esc back  space freeze  ? help  q quit"),
    };
    let read_only = if model.read_only { "read-only: yes" } else { "read-only: no" };
    let room = width.saturating_sub(read_only.len() + 1);
    let second = format!("{}{read_only}", left_as_set(second, room));
    vec![
        rule(model, width),
        told(model, width),
        Line::from(ink(model, Hue::Dim, cut(first, width))),
        Line::from(ink(model, Hue::Dim, cut(&second, width))),
    ]
}

/// What is asked, typed, or was done last.
pub(super) fn told(model: &Model, width: usize) -> Line<'static> {
    if let Over::Sure(act) = &model.over {
        let text = format!(" {} y: yes, any other key: no", question(model, act));
        return Line::from(ink(model, Hue::Odd, cut(&text, width)));
    }
    if model.search.typing || !model.search.text.is_empty() {
        let cursor = if model.search.typing { "▏" } else { "   esc ends the search" };
        return Line::from(cut(&format!(" / {}{cursor}", model.search.text), width));
    }
    if let Some(answer) = &model.answer {
        return Line::from(ink(model, Hue::Bold, cut(&format!(" {answer}"), width)));
    }
    let last = model.snapshot.as_ref().and_then(|snapshot| snapshot.last_action.as_ref());
    let Some(last) = last else { return Line::from(" last action: none") };
    let count = last.count.map(|count| format!(" {}", grouped(count))).unwrap_or_default();
    let answer = match &last.answer {
        AuditAnswer::Done => "done".to_owned(),
        AuditAnswer::Failed(error) => format!("✕ {error}"),
        AuditAnswer::Begun => "begun".to_owned(),
        _ => "given up".to_owned(),
    };
    let time = last.at.format("%H:%M:%SZ");
    let text = format!(
        " last action: {} {}{count} in {}, {time} ({answer})",
        last.who, last.action, last.queue
    );
    Line::from(ink(model, Hue::Plain, cut(&text, width)))
}

fn question(model: &Model, act: &Act) -> String {
    match act {
        Act::RetryFailed(queue) => {
            let count = model.queue(queue).map_or(0, |view| view.glance.failed);
            format!("Run {} failed jobs of {queue} again?", grouped(count))
        }
        Act::CancelJob(_, id) => format!("Cancel job {id}?"),
        Act::Pause(queue) => format!("Pause {queue}?"),
        Act::Resume(queue) => format!("Resume {queue}?"),
        Act::RetryJob(_, id) => format!("Run job {id} again?"),
    }
}
