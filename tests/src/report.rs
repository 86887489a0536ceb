//! The lines that programs which prove something print, and how many are as they should be.

#![allow(clippy::print_stdout, reason = "what it is for")]

use std::{env, error::Error, fmt::Display, process::ExitCode};

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

/// A program that plays what it is told to, or all of it: a name and a module each. Arguments are
/// parts of names.
#[macro_export]
macro_rules! plays {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        #[tokio::main]
        async fn main() -> std::process::ExitCode {
            let mut report = $crate::report::Report::default();
            $(
                if $crate::report::is_asked_for(stringify!($name)) {
                    report.begin(stringify!($name));
                    if let Err(error) = $name::play(&mut report).await {
                        report.check("it plays to its end", error, "no error", false);
                    }
                }
            )*
            report.close()
        }
    };
}

/// Whether the program's arguments ask for a play.
#[must_use]
pub fn is_asked_for(name: &str) -> bool {
    let mut asked = env::args().skip(1).peekable();
    asked.peek().is_none() || asked.any(|text| name.contains(&text))
}
