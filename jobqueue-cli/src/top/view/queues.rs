//! The table of queues.

use ratatui::{
    style::Modifier,
    text::{Line, Span},
};

use super::{Size, ink, left, spark, window};
use crate::{
    command::queues::QueueView,
    output::{Hue, grouped, rate, span},
    top::model::Model,
};

/// What stands at the right of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Ready,
    Delayed,
    Active,
    Failed,
    Dead,
    In,
    Out,
    Lag,
    Minute,
}

/// In the order in which they stand.
const FIELDS: [Field; 9] = [
    Field::Ready,
    Field::Delayed,
    Field::Active,
    Field::Failed,
    Field::Dead,
    Field::In,
    Field::Out,
    Field::Lag,
    Field::Minute,
];

/// In the order in which they go where there is no room.
const DROPPED: [Field; 4] = [Field::Minute, Field::Out, Field::In, Field::Delayed];

/// The least that a name has.
const NAME: usize = 11;

/// The cursor before a name, and the sign behind it.
const AROUND: usize = 3;

impl Field {
    const fn title(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::Delayed => "DELAYED",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
            Self::Dead => "DEAD",
            Self::In => "IN/S",
            Self::Out => "OUT/S",
            Self::Lag => "LAG",
            Self::Minute => "60 s",
        }
    }

    const fn width(self) -> usize {
        match self {
            Self::Ready | Self::Dead | Self::In | Self::Lag => 7,
            Self::Delayed | Self::Active | Self::Failed | Self::Out => 8,
            Self::Minute => 6,
        }
    }

    fn text(self, model: &Model, view: &QueueView) -> String {
        let (glance, rates) = (&view.glance, view.rates.unwrap_or_default());
        match self {
            Self::Ready => grouped(glance.waiting),
            Self::Delayed => grouped(glance.delayed),
            Self::Active => grouped(glance.active),
            Self::Failed => grouped(glance.failed),
            Self::Dead => grouped(view.dead_letters.unwrap_or(0)),
            Self::In => rate(rates.added),
            Self::Out => rate(rates.completed + rates.failed),
            Self::Lag => view.lag().map_or_else(|| "–".to_owned(), span),
            Self::Minute => {
                let values = model.out.get(&view.entry.name);
                let values: Vec<f64> = values.into_iter().flatten().copied().collect();
                spark::line(&values, 4)
            }
        }
    }

    fn hue(self, view: &QueueView) -> Hue {
        let bad = match self {
            Self::Failed => view.glance.failed > 0,
            Self::Dead => view.dead_letters.unwrap_or(0) > 0,
            _ => false,
        };
        if bad { Hue::Bad } else { Hue::Plain }
    }
}

/// The fields that there is room for.
fn fields(width: usize) -> Vec<Field> {
    let mut fields = FIELDS.to_vec();
    let mut dropped = DROPPED.into_iter();
    while fields.iter().map(|field| field.width()).sum::<usize>() + NAME + AROUND > width {
        let Some(next) = dropped.next() else { break };
        fields.retain(|field| *field != next);
    }
    fields
}

pub(super) fn lines(model: &Model, size: Size) -> Vec<Line<'static>> {
    let fields = fields(size.width);
    let taken = fields.iter().map(|field| field.width()).sum::<usize>() + AROUND;
    let name = size.width.saturating_sub(taken).max(NAME);
    let mut titles = format!(" {}", left("QUEUE", name + 2));
    for field in &fields {
        titles.push_str(&format!("{:>width$}", field.title(), width = field.width()));
    }
    let mut lines = vec![Line::from(ink(model, Hue::Dim, titles))];
    let shown = model.shown();
    let hidden = model.hidden();
    let room = size.height.saturating_sub(1 + usize::from(hidden > 0));
    let cursor = shown.iter().position(|view| Some(&view.entry.name) == model.selected.as_ref());
    for view in &shown[window(shown.len(), cursor.unwrap_or(0), room)] {
        lines.push(row(model, view, name, &fields));
    }
    if shown.is_empty() && model.snapshot.is_some() {
        lines.push(Line::from(match (model.search.text.as_str(), hidden) {
            ("", 0) => {
                " No queue yet. Add a job: jobqueue add emails send '{\"to\":\"a@example.org\"}'"
            }
            ("", _) => " Nothing waits and nothing failed.",
            _ => " No queue has this in its name.",
        }));
    }
    if hidden > 0 {
        lines.push(Line::from(format!(" … {hidden} quiet queues hidden (a shows them)")));
    }
    lines
}

fn row(model: &Model, view: &QueueView, name: usize, fields: &[Field]) -> Line<'static> {
    let is_selected = Some(&view.entry.name) == model.selected.as_ref();
    let cursor = if is_selected { "▸" } else { " " };
    let (hue, note) = view.note();
    let sign = note.chars().next().unwrap_or(' ');
    let mut spans = vec![
        Span::raw(format!("{cursor}{}", left(view.entry.name.as_str(), name))),
        ink(model, hue, format!("{sign} ")),
    ];
    for field in fields {
        let text = format!("{:>width$}", field.text(model, view), width = field.width());
        spans.push(ink(model, field.hue(view), text));
    }
    let line = Line::from(spans);
    match (is_selected, model.paint) {
        (true, crate::output::Paint::Colours) => line.patch_style(Modifier::BOLD),
        _ => line,
    }
}
