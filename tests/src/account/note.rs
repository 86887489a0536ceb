//! The notes of processes: one line a note, in files that only grow.
//!
//! A line is one `write` to a file opened for appending. The kernel keeps what it has accepted,
//! even if the process is killed.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::Path,
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// One note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A job is about to be added.
    Intent {
        /// Its token.
        token: String,
    },
    /// An add was acknowledged.
    Added {
        /// The job's token.
        token: String,
        /// The job's id.
        id: String,
    },
    /// A run began.
    Start {
        /// The job's id.
        id: String,
        /// The run's name.
        run: String,
        /// Which attempt it is.
        attempt: u32,
        /// The job's token.
        token: String,
    },
    /// A run had its effect, and is about to settle.
    Effect {
        /// The job's id.
        id: String,
        /// The run's name.
        run: String,
    },
    /// A run was told that its lease is lost.
    Lost {
        /// The job's id.
        id: String,
        /// The run's name.
        run: String,
    },
}

impl Note {
    /// The note as a line, with its end.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Intent { token } => format!("intent {token}\n"),
            Self::Added { token, id } => format!("added {token} {id}\n"),
            Self::Start { id, run, attempt, token } => {
                format!("start {id} {run} {attempt} {token}\n")
            }
            Self::Effect { id, run } => format!("effect {id} {run}\n"),
            Self::Lost { id, run } => format!("lost {id} {run}\n"),
        }
    }

    /// The note of a line.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').collect();
        let own = |word: &str| word.to_owned();
        match *words {
            ["intent", token] => Some(Self::Intent { token: own(token) }),
            ["added", token, id] => Some(Self::Added { token: own(token), id: own(id) }),
            ["start", id, run, attempt, token] => Some(Self::Start {
                id: own(id),
                run: own(run),
                attempt: attempt.parse().ok()?,
                token: own(token),
            }),
            ["effect", id, run] => Some(Self::Effect { id: own(id), run: own(run) }),
            ["lost", id, run] => Some(Self::Lost { id: own(id), run: own(run) }),
            _ => None,
        }
    }
}

/// Where one process writes its notes.
#[derive(Clone, Debug)]
pub struct Book(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    runs: AtomicU64,
}

impl Book {
    /// A book of this process among the notes in a folder.
    ///
    /// # Panics
    /// The file can't be made.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        // Not the process id alone: ids are used again, and one process may have several books.
        let name = format!("{}-{}.notes", process::id(), fastrand::u64(..));
        let file = OpenOptions::new().create(true).append(true).open(folder.join(name));
        Self(Arc::new(Inner { file: file.expect("notes can be written"), runs: AtomicU64::new(0) }))
    }

    /// A name for a run, like no other.
    #[must_use]
    pub fn name_run(&self) -> String {
        format!("{}.{}", process::id(), self.0.runs.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes a note down.
    ///
    /// # Panics
    /// The file can't be written.
    pub fn note(&self, note: &Note) {
        self.write(&note.line());
    }

    /// Writes many down at once.
    ///
    /// # Panics
    /// The file can't be written.
    pub fn note_all<'a>(&self, notes: impl IntoIterator<Item = &'a Note>) {
        self.write(&notes.into_iter().map(Note::line).collect::<String>());
    }

    fn write(&self, lines: &str) {
        (&self.0.file).write_all(lines.as_bytes()).expect("notes can be written");
    }
}

/// All notes in a folder. The last line of a killed process may be cut; it stands for nothing.
///
/// # Panics
/// They can't be read, or a whole line is none.
#[must_use]
pub fn read_all(folder: &Path) -> Vec<Note> {
    let mut notes = Vec::new();
    for entry in fs::read_dir(folder).expect("the notes' folder") {
        let text = fs::read_to_string(entry.expect("a file").path()).expect("notes are text");
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in whole.lines() {
            notes.push(Note::parse(line).unwrap_or_else(|| panic!("no note: {line:?}")));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Note> {
        let [id, run, token] = ["i", "7.0", "k-t"].map(str::to_owned);
        vec![
            Note::Intent { token: token.clone() },
            Note::Added { token: token.clone(), id: id.clone() },
            Note::Start { id: id.clone(), run: run.clone(), attempt: 2, token },
            Note::Effect { id: id.clone(), run: run.clone() },
            Note::Lost { id, run },
        ]
    }

    #[test]
    fn notes_are_read_as_written_and_a_cut_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let book = Book::open(dir.path());
        book.note_all(&some());
        book.write("lost i");
        assert_eq!(read_all(dir.path()), some());
    }

    #[test]
    fn other_lines_are_no_notes() {
        for line in ["", "intent", "start a b c d", "effect a", "x y"] {
            assert_eq!(Note::parse(line), None, "{line:?}");
        }
    }
}
