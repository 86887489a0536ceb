//! Compaction: a snapshot takes the place of the former one and of all files of the log that are
//! full. It is made from these files, by a thread of its own, and not from the running engine, so
//! no call waits for it. While it runs, it needs as much memory again as the keyspace.

use std::{
    fs, io,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::{
    base, error::OpenError, files::Files, header::Kind, log::Inner, manifest::Manifest,
    read::Frames, recover::replay,
};
use crate::{keyspace::Keyspace, mutex::lock};

/// How many full files of the log are worth a snapshot.
const FULL: u64 = 4;

/// How long it isn't tried again after it failed.
const PAUSE: Duration = Duration::from_secs(60);

/// The compaction that runs, if one does.
#[derive(Debug, Default)]
pub(super) struct Compaction {
    thread: Option<JoinHandle<bool>>,
    not_before: Option<Instant>,
}

impl Compaction {
    /// Begins one, if it is worth it and none runs.
    pub(super) fn begin_if_due(&mut self, inner: &Arc<Inner>) {
        if self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        if let Some(thread) = self.thread.take()
            && !thread.join().unwrap_or(false)
        {
            self.not_before = Instant::now().checked_add(PAUSE);
        }
        if self.not_before.is_some_and(|then| Instant::now() < then) || !is_due(inner) {
            return;
        }
        let shared = inner.clone();
        let thread = thread::Builder::new().name("jobqueue-snapshot".to_owned());
        match thread.spawn(move || run(&shared)) {
            Ok(thread) => self.thread = Some(thread),
            Err(error) => warn!(%error, "a snapshot can't be begun"),
        }
    }

    /// Waits for the one that runs.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // It has said why, if it failed.
            let _ = thread.join();
        }
    }
}

fn is_due(inner: &Inner) -> bool {
    let manifest = *lock(&inner.manifest);
    let size = |kind: Kind, number| {
        fs::metadata(inner.files.path(&kind.name(number))).map_or(0, |metadata| metadata.len())
    };
    let full: u64 = (manifest.first..manifest.last).map(|number| size(Kind::Log, number)).sum();
    let base = manifest.base().map_or(0, |number| size(Kind::Base, number));
    full >= base.max(FULL.saturating_mul(inner.segment))
}

/// Makes the snapshot. Whether that went well.
fn run(inner: &Arc<Inner>) -> bool {
    let stop = inner.clone();
    let files = inner.files.clone().hooked(Arc::new(move |_| match stop.wish.is_to_stop() {
        true => Err(io::ErrorKind::Interrupted.into()),
        false => Ok(()),
    }));
    let begun = Instant::now();
    match compact(inner, &files) {
        Ok(()) => {
            info!(took = ?begun.elapsed(), "a snapshot has taken the place of the log before it");
            true
        }
        Err(_) if inner.wish.is_to_stop() => true,
        Err(error) => {
            warn!(%error, "a snapshot can't be made: the log grows on");
            false
        }
    }
}

/// A snapshot of all files of the log but the last, which grows.
pub(super) fn compact(inner: &Inner, files: &Files) -> Result<(), OpenError> {
    let before = *lock(&inner.manifest);
    let mut keyspace = Keyspace::new(0);
    let mut position = match before.base() {
        Some(number) => base::read(files, number, &mut keyspace)?,
        None => 0,
    };
    for number in before.first..before.last {
        let mut frames = Frames::open(files, Kind::Log, number)?;
        if replay(&mut frames, &mut position, &mut keyspace)? {
            return Err(frames.damaged("a frame is broken"));
        }
    }
    let number = before.last;
    let written = base::write(files, number, position, &keyspace);
    written.map_err(|error| files.unwritable(&Kind::Base.name(number), error))?;
    let mut manifest = lock(&inner.manifest);
    if manifest.first != before.first {
        // All was written anew meanwhile.
        return Ok(());
    }
    let next = Manifest { first: number, ..*manifest };
    next.write(files).map_err(|error| files.unwritable("manifest", error))?;
    *manifest = next;
    next.remove_others(files).map_err(|error| files.unwritable("", error))
}
