//! Draws the model.

mod foot;
mod head;
mod help;
mod job;
mod jobs;
mod pane;
mod queues;
mod spark;
#[cfg(test)]
mod tests;
mod workers;

use ratatui::{
    Frame,
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::model::{Model, Over, Screen};
use crate::output::{Hue, Paint, cut, one_line};

/// How many lines the pane below the queues has.
const PANE: usize = 6;

/// How many lines a list has at least: its titles and some rows. On a low screen all else makes room.
const LIST: usize = 4;

/// How much of the screen there is.
#[derive(Clone, Copy, Debug)]
struct Size {
    width: usize,
    height: usize,
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model) {
    let area = frame.area();
    let size = Size { width: area.width.into(), height: area.height.into() };
    frame.render_widget(Paragraph::new(lines(model, size)), area);
}

fn lines(model: &Model, size: Size) -> Vec<Line<'static>> {
    let mut lines = head::lines(model, size.width);
    let mut foot = foot::lines(model, size.width);
    if size.height < lines.len() + foot.len() + LIST {
        lines.truncate(1);
        foot = vec![foot::told(model, size.width)];
    }
    let room = size.height.saturating_sub(lines.len() + foot.len());
    let body = if model.over == Over::Help {
        help::lines(model)
    } else {
        body(model, Size { height: room, ..size })
    };
    let blank = std::iter::repeat(Line::default());
    lines.extend(body.into_iter().chain(blank).take(room));
    lines.extend(foot);
    lines
}

fn body(model: &Model, size: Size) -> Vec<Line<'static>> {
    match &model.screen {
        Screen::Queues => {
            let has_room = size.height >= LIST + PANE;
            let pane = if has_room { pane::lines(model, size.width) } else { Vec::new() };
            let rows = size.height - pane.len();
            let mut lines = queues::lines(model, Size { height: rows, ..size });
            lines.resize(rows.max(lines.len()), Line::default());
            lines.extend(pane);
            lines
        }
        Screen::Jobs(queue, state) => jobs::lines(model, (queue, *state), size),
        Screen::Job(queue, _, id) => job::lines(model, (queue, id), size),
        Screen::Workers => workers::lines(model, size),
    }
}

/// A text in a colour, if there are any. Texts of others can't steer the terminal.
fn ink(model: &Model, hue: Hue, text: impl AsRef<str>) -> Span<'static> {
    let text = one_line_as_set(text.as_ref());
    if model.paint == Paint::Plain {
        return Span::raw(text);
    }
    let style = Style::new();
    Span::styled(
        text,
        match hue {
            Hue::Plain => style,
            Hue::Dim => style.add_modifier(Modifier::DIM),
            Hue::Bold => style.add_modifier(Modifier::BOLD),
            Hue::Good => style.fg(Color::Green),
            Hue::Bad => style.fg(Color::Red),
            Hue::Busy => style.fg(Color::Blue),
            Hue::Odd => style.fg(Color::Yellow),
            Hue::Later => style.fg(Color::Magenta),
        },
    )
}

/// Blanks stay as they are: columns stand by them.
fn one_line_as_set(text: &str) -> String {
    crate::output::clean(&text.replace(['\n', '\r', '\t'], " "))
}

fn rule(model: &Model, width: usize) -> Line<'static> {
    Line::from(ink(model, Hue::Dim, "─".repeat(width)))
}

/// A text of so many columns, at the left.
fn left(text: &str, width: usize) -> String {
    let text = cut(&one_line(text), width);
    let blank = width.saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str()));
    format!("{text}{}", " ".repeat(blank))
}

/// The rows that are in view when the cursor is at one of them.
fn window(rows: usize, cursor: usize, height: usize) -> std::ops::Range<usize> {
    let first = (cursor + 1).saturating_sub(height).min(rows);
    first..rows.min(first + height)
}

/// The same with its blanks as they are.
fn left_as_set(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let blank = width.saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str()));
    format!("{text}{}", " ".repeat(blank))
}
