//! The notes of all processes, in the order in which they were made; and the trace of a run.

use std::{
    fmt::Debug,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::plan::Kind;

/// What a process notes: it can't lose a note, as its kernel would keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// Jobs with these tokens are about to be added.
    Intent {
        token: u32,
    },
    /// An add was acknowledged; or another job stood for it, or has become this one.
    Added {
        token: u32,
        id: String,
        existed: bool,
        replaced: bool,
    },
    /// A message was published, to so many queues.
    Published {
        token: u32,
        targets: usize,
    },
    /// A run began.
    Start {
        token: u32,
        id: String,
        run: u64,
        kind: Kind,
    },
    /// A run had its effect, and is about to be settled.
    Effect {
        id: String,
        run: u64,
    },
    /// An effect that happens once began, and its result is known.
    Acted {
        token: u32,
        run: u64,
    },
    Kept {
        token: u32,
        run: u64,
    },
    /// A run is no more.
    End {
        id: String,
        run: u64,
    },
    /// A job was cancelled at this time of the server; or its run was told, and has so many ms.
    Cancelled {
        token: u32,
        id: String,
        told: Option<u64>,
        at: u64,
    },
    /// A schedule was made, with this first tick in ms; and removed, at this time of the server.
    Scheduled {
        schedule: usize,
        first: i64,
    },
    Unscheduled {
        schedule: usize,
        at: u64,
    },
    /// A run was told that its lease is lost.
    Lost {
        id: String,
        run: u64,
    },
    /// A flow was started, or a job of several steps added.
    Began {
        flow: u32,
    },
    /// A signal was sent to the job of this token; and so many were heard by a run of it.
    Signalled {
        token: u32,
    },
    Heard {
        token: u32,
        signals: u32,
    },
    /// Who waited for a reply has heard.
    Replied {
        token: u32,
        well: bool,
    },
}

/// Where all processes note. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

#[derive(Debug)]
struct Pages {
    start: Instant,
    notes: Vec<(Duration, Note)>,
    runs: u64,
    hash: DefaultHasher,
    events: u64,
    /// What happened, for people; if somebody wants to read it.
    lines: Option<Vec<String>>,
}

impl Book {
    pub(crate) fn new(readable: bool) -> Self {
        Self(Arc::new(Mutex::new(Pages {
            start: Instant::now(),
            notes: Vec::new(),
            runs: 0,
            hash: DefaultHasher::new(),
            events: 0,
            lines: readable.then(Vec::new),
        })))
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Duration {
        self.pages().start.elapsed()
    }

    pub(crate) fn note(&self, note: Note) {
        self.happened(b"note", || format!("{note:?}"));
        let mut pages = self.pages();
        let now = pages.start.elapsed();
        pages.notes.push((now, note));
    }

    /// A number for a run, like no other.
    pub(crate) fn number_run(&self) -> u64 {
        let mut pages = self.pages();
        pages.runs += 1;
        pages.runs
    }

    /// Something happened: the trace's hash knows of these bytes, and people read the text.
    pub(crate) fn happened(&self, bytes: &[u8], text: impl FnOnce() -> String) {
        let mut pages = self.pages();
        let now = pages.start.elapsed();
        (now, bytes).hash(&mut pages.hash);
        pages.events += 1;
        if let Some(lines) = &mut pages.lines {
            lines.push(format!("{:>9.3} {}", now.as_secs_f64(), text()));
        }
    }

    /// Whether somebody wants to read the trace.
    pub(crate) fn is_readable(&self) -> bool {
        self.pages().lines.is_some()
    }

    /// The id of a token's job, if it is known.
    pub(crate) fn id_of(&self, token: u32) -> Option<String> {
        self.pages().notes.iter().find_map(|(_, note)| match note {
            Note::Added { token: of, id, .. } if *of == token => Some(id.clone()),
            _ => None,
        })
    }

    pub(crate) fn notes(&self) -> Vec<(Duration, Note)> {
        self.pages().notes.clone()
    }

    /// The hash of all that happened, how much that was, and its lines.
    pub(crate) fn trace(&self) -> (u64, u64, Vec<String>) {
        let pages = self.pages();
        (pages.hash.finish(), pages.events, pages.lines.clone().unwrap_or_default())
    }
}
