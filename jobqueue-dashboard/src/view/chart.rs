//! Lines over time, drawn on the server: no script is needed, and a part of the time is a link.

use std::{fmt::Write as _, time::Duration};

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use super::{number, took};

/// The picture, in its own units, and where the lines are in it.
const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 200.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 792.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 164.0;

/// How many times are written below.
const TIMES: u32 = 6;

/// The time that charts of a page have in common.
#[derive(Debug)]
pub(crate) struct Axis {
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) marks: Vec<Mark>,
    /// The addresses of its parts, which are equally long.
    pub(crate) parts: Vec<String>,
}

/// Something that happened at a time.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) at: DateTime<Utc>,
    pub(crate) words: String,
}

/// A line: its name, how it looks, and its values, in equal steps from the beginning to the end.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) words: &'static str,
    pub(crate) class: &'static str,
    pub(crate) values: Vec<Option<f64>>,
}

/// What values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    PerSecond,
    Seconds,
}

/// Lines with one scale.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) series: Vec<Series>,
}

impl Unit {
    pub(crate) fn write(self, value: f64) -> String {
        match self {
            Self::Seconds => took(Duration::try_from_secs_f64(value).unwrap_or_default()),
            Self::PerSecond => format!("{}/s", short(value)),
            Self::Count => short(value),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates, and this is for people"
)]
fn short(value: f64) -> String {
    if value >= 10.0 || value.fract() == 0.0 {
        number(value.round() as u64)
    } else if value >= 0.1 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

impl Chart {
    pub(crate) fn show(&self, axis: &Axis) -> Markup {
        let values = self.series.iter().flat_map(|series| &series.values).flatten();
        let most = values.copied().fold(0.0, f64::max);
        let ceiling = ceiling(most);
        html! {
            figure.chart {
                figcaption {
                    b { (self.title) }
                    @for series in &self.series {
                        " " span.series {
                            svg.key aria-hidden="true" viewBox="0 0 24 8" {
                                path class={ "line " (series.class) } d="M0 4H24" {}
                            }
                            " " (series.words)
                        }
                    }
                    @if most > 0.0 { span.quiet { " at most " (self.unit.write(most)) } }
                    @else { span.quiet { " nothing in this time" } }
                }
                // The table has all of it as text.
                svg.plot aria-hidden="true" focusable="false" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } {
                    (grid(self.unit, ceiling))
                    (times(axis))
                    @for series in &self.series {
                        path class={ "line " (series.class) } d=(line(&series.values, ceiling)) {}
                    }
                    @for mark in &axis.marks { (mark_line(axis, mark)) }
                    (parts(axis))
                }
            }
        }
    }
}

/// A round number that is at least this.
fn ceiling(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let ten = 10_f64.powf(most.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * ten).find(|it| *it >= most).unwrap_or(most)
}

fn height(value: f64, ceiling: f64) -> f64 {
    BOTTOM - (value / ceiling).clamp(0.0, 1.0) * (BOTTOM - TOP)
}

/// Where a time stands.
fn place(axis: &Axis, at: DateTime<Utc>) -> f64 {
    let whole = (axis.to - axis.from).num_milliseconds() as f64;
    let share = if whole > 0.0 { (at - axis.from).num_milliseconds() as f64 / whole } else { 0.0 };
    LEFT + share * (RIGHT - LEFT)
}

fn grid(unit: Unit, ceiling: f64) -> Markup {
    html! {
        @for share in [0.0, 0.5, 1.0] {
            @let y = height(share * ceiling, ceiling);
            path.grid d={ "M" (LEFT) " " (y) "H" (RIGHT) } {}
            text.scale x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { (unit.write(share * ceiling)) }
        }
    }
}

fn times(axis: &Axis) -> Markup {
    let step = (axis.to - axis.from) / TIMES.cast_signed();
    let format = if axis.to - axis.from > chrono::TimeDelta::hours(48) { "%d %b" } else { "%H:%M" };
    html! {
        @for n in 0..=TIMES {
            @let at = axis.from + step * n.cast_signed();
            text.scale x=(round(place(axis, at))) y=(HEIGHT - 8.0)
                text-anchor=(match n { 0 => "start", TIMES => "end", _ => "middle" }) {
                (at.format(format))
            }
        }
    }
}

fn line(values: &[Option<f64>], ceiling: f64) -> String {
    let width = (RIGHT - LEFT) / values.len().max(1) as f64;
    let (mut path, mut joined) = (String::new(), false);
    for (n, value) in values.iter().enumerate() {
        let Some(value) = value else {
            joined = false;
            continue;
        };
        let (from, y) = (LEFT + n as f64 * width, round(height(*value, ceiling)));
        let sign = if joined { 'L' } else { 'M' };
        // A step for each value, so that a single one is seen as well.
        let _ = write!(path, "{sign}{} {y}H{}", round(from), round(from + width));
        joined = true;
    }
    path
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn mark_line(axis: &Axis, mark: &Mark) -> Markup {
    let x = round(place(axis, mark.at));
    html! {
        path.mark d={ "M" (x) " " (TOP) "V" (BOTTOM) } { title { (mark.words) } }
        text.scale x=(x + 3.0) y=(TOP + 8.0) { "▾" title { (mark.words) } }
    }
}

/// A part of the time, as a link to itself.
fn parts(axis: &Axis) -> Markup {
    let width = (RIGHT - LEFT) / axis.parts.len().max(1) as f64;
    html! {
        @for (n, address) in axis.parts.iter().enumerate() {
            // Not by the keyboard: rows of the table are links to the same.
            a href=(address) tabindex="-1" {
                rect.part x=(round(LEFT + n as f64 * width)) y=(TOP) width=(round(width))
                    height=(BOTTOM - TOP) { title { "Look closer" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_with_round_numbers() {
        for (most, end) in [(0.0, 1.0), (0.3, 0.5), (1.0, 1.0), (7.0, 10.0), (1_204.0, 2_000.0)] {
            assert!((ceiling(most) - end).abs() < 1e-9, "{most}");
        }
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known() {
        let path = line(&[Some(1.0), None, Some(0.0), Some(1.0)], 1.0);
        assert_eq!(path, "M72 12H252M432 164H612L612 12H792");
    }

    #[test]
    fn values_are_written_in_their_unit() {
        let written = [
            Unit::Count.write(1_204.0),
            Unit::PerSecond.write(0.25),
            Unit::PerSecond.write(0.004),
            Unit::Seconds.write(1.9),
        ];
        assert_eq!(written, ["1,204", "0.2/s", "0.004/s", "1.9 s"]);
    }
}
