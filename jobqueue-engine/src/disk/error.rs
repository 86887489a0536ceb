//! Why a folder can't be opened.

use std::{io, path::PathBuf};

/// Why a folder can't be opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder, or something in it, can't be read or written by this process.
    #[error("{action} {}", path.display())]
    Unusable {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process serves it.
    #[error("{} is served by another process{}", folder.display(), of(*process))]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// Its process id, as far as it is known.
        process: Option<u32>,
    },
    /// A file isn't what was written.
    #[error(
        "{} is damaged at byte {offset}: {what}; nothing was changed: restore the folder from a \
         copy, or move it away to begin with an empty one",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where, from 0.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// A file that should be there isn't.
    #[error(
        "{} is missing; nothing was changed: restore the folder from a copy, or move it away to \
         begin with an empty one",
        file.display()
    )]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// A newer version has written it.
    #[error(
        "{} has format {found}, and this version reads up to {known}: use the version that wrote \
         it, or a newer one",
        file.display()
    )]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
}

fn of(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(", {process}"))
}

impl OpenError {
    /// Whether it may be otherwise in a moment: the process that serves the folder may go.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}
