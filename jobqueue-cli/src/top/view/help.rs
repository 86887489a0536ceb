//! All keys.

use ratatui::text::Line;

use super::ink;
use crate::{output::Hue, top::model::Model};

const KEYS: [(&str, &str); 14] = [
    ("↑ ↓ j k", "move; page up and page down move further"),
    ("enter", "look into a queue, and into a job"),
    ("esc", "back"),
    ("/", "find: queues by name; jobs by id, name, payload, error"),
    ("1 … 7", "its jobs of a state, by the numbers in the line above them"),
    ("p", "pause the queue, or let it go on"),
    ("r", "run failed jobs again: of the queue, or the job looked at"),
    ("C", "cancel the job looked at"),
    ("d", "the dead letters of the queue"),
    ("w", "workers"),
    ("s", "sort by trouble, ready, failed, lag, name"),
    ("a", "also the quiet queues, or not"),
    ("space", "freeze, or go on"),
    ("q", "quit"),
];

pub(super) fn lines(model: &Model) -> Vec<Line<'static>> {
    let title = Line::from(ink(model, Hue::Bold, " Keys (any key goes back)"));
    let keys = KEYS.iter().map(|(key, what)| Line::from(format!("   {key:<9} {what}")));
    std::iter::once(title).chain(keys).collect()
}
