//! Answers: tables and texts for people, JSON for programs.

mod glyph;
mod ids;
mod layout;
mod number;
mod paint;
mod table;
mod text;
mod time;

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Write as _},
};

use anyhow::Result;
use jobqueue::{
    JobState,
    types::{DateTime, Utc},
};
use serde::Serialize;

pub(crate) use self::{
    glyph::glyph,
    ids::CUT,
    number::{counted, grouped, rate},
    paint::{Hue, Paint, When},
    table::{Cell, Column, Table},
    text::{clean, cut, one_line},
    time::span,
};
use crate::arguments::Settings;

/// How to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) paint: Paint,
    utc: bool,
    /// How wide a table may be; none if nobody looks, or all is to be shown.
    width: Option<usize>,
}

impl Output {
    pub(crate) fn new(settings: &Settings) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let width = if is_terminal && !settings.full { terminal_width() } else { None };
        Self {
            json: settings.json,
            paint: Paint::when(settings.color, is_terminal),
            utc: settings.utc,
            width,
        }
    }

    /// A line.
    pub(crate) fn say(&self, line: impl fmt::Display) -> Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{line}")?;
        Ok(out.flush()?)
    }

    /// A line beside the answer, for people: never in what a program reads.
    pub(crate) fn remark(&self, line: impl fmt::Display) {
        if !self.json {
            eprintln!("{line}");
        }
    }

    /// A value, on a line of its own.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<()> {
        self.say(serde_json::to_string(value)?)
    }

    /// One or the other.
    pub(crate) fn answer(&self, value: &impl Serialize, text: impl fmt::Display) -> Result<()> {
        if self.json { self.json(value) } else { self.say(text) }
    }

    /// Rows under titles, as wide as the terminal allows.
    pub(crate) fn table(&self, table: &Table) -> Result<()> {
        let mut out = io::stdout().lock();
        for line in table.lines(self.width, self.paint) {
            writeln!(out, "{line}")?;
        }
        Ok(out.flush()?)
    }

    /// How long ago, in how long, or exactly when.
    pub(crate) fn time(&self, time: DateTime<Utc>) -> String {
        if self.utc { time::exact(time) } else { time::relative(time, Utc::now()) }
    }

    /// The same of what may not be.
    pub(crate) fn maybe_time(&self, time: Option<DateTime<Utc>>) -> String {
        time.map(|time| self.time(time)).unwrap_or_default()
    }

    /// A state, with its sign.
    pub(crate) fn state(&self, state: JobState) -> String {
        let text = format!("{} {state}", glyph(state));
        self.paint.hue(Hue::of(state), &text)
    }
}

fn terminal_width() -> Option<usize> {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    set.or_else(|| ratatui::crossterm::terminal::size().ok().map(|(width, _)| width.into()))
        .filter(|width| *width > 0)
}
