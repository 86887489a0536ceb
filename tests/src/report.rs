//! The lines that programs which prove something print, and how many are as they should be.

#![allow(clippy::print_stdout, reason = "what it is for")]

use std::{error::Error, fmt::Display, process::ExitCode};

/// How a play ends: its checks are in the report, so an error is something else that went wrong.
pub type Played = Result<(), Box<dyn Error + Send + Sync>>;

/// The lines that are printed, and how many of them are as they should be.
#[derive(Debug, Default)]
pub struct Report {
    name: &'static str,
    passed: usize,
    failed: usize,
}

impl Report {
    /// The next lines are of this play.
    pub fn begin(&mut self, name: &'static str) {
        self.name = name;
    }

    /// A line: what was done, its figure, what was asked, and whether the figure is that.
    pub fn check(&mut self, what: &str, figure: impl Display, asked: impl Display, passed: bool) {
        *(if passed { &mut self.passed } else { &mut self.failed }) += 1;
        let mark = if passed { "ok   " } else { "FAIL " };
        println!("{mark} {}: {what}: {figure} (asked: {asked})", self.name);
    }

    /// The count. Nothing played proves nothing.
    #[must_use]
    pub fn close(self) -> ExitCode {
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.passed > 0 && self.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
