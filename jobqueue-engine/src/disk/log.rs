//! The log of a running engine.
//!
//! A call's frame is appended while the engine is locked, and so in the order of the calls. It is
//! written before the call is answered: by the caller itself, or, where it must be on the disk by
//! then, by the keeper's thread, which writes and syncs for all that have come together.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing::{error, info};

use super::{
    base,
    error::OpenError,
    files::{Files, Place},
    header::Kind,
    keeper,
    manifest::Manifest,
    options::{Fsync, Options},
    progress::{Board, NotKept, Progress},
    recover::{Recovered, new_log, recover},
    tail::{Pending, Tail},
};
use crate::{keyspace::Keyspace, mutex::lock, refusal::Refusal};

/// The log of a running engine. It is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Log {
    inner: Arc<Inner>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// What the engine and the keeper's thread share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) files: Files,
    pub(super) fsync: Fsync,
    pub(super) segment: u64,
    /// Which file the folder's lock was when the log was opened.
    place: Option<Place>,
    pending: Mutex<Pending>,
    tail: Mutex<Tail>,
    /// Which files there are. Only the keeper and its compaction change that, and a rescue.
    pub(super) manifest: Mutex<Manifest>,
    /// Where the last frame ends that has to be kept.
    wanted: AtomicU64,
    board: Board,
    trouble: Mutex<Option<Trouble>>,
    /// Whether there is one: looked at in each call.
    in_trouble: AtomicBool,
    pub(super) wish: Wish,
}

/// Why the disk takes nothing at the moment.
#[derive(Clone, Debug)]
struct Trouble {
    kind: TroubleKind,
    text: String,
    since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TroubleKind {
    /// A write failed: it is tried again.
    Write,
    /// A sync failed: nobody knows what is on the disk, so all is written anew.
    Sync,
    /// The folder isn't at its place any more. Another process may begin one there, so nothing is
    /// tried again.
    Gone,
}

/// How often all is tried to be written anew.
const RESCUE: Duration = Duration::from_secs(1);

/// What the keeper is asked for.
#[derive(Debug, Default)]
pub(super) struct Wish {
    asked: Mutex<Asked>,
    told: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    pub(super) sync: bool,
    pub(super) stop: bool,
}

impl Wish {
    fn ask(&self, ask: impl FnOnce(&mut Asked)) {
        ask(&mut lock(&self.asked));
        self.told.notify_all();
    }

    /// Waits for a wish, for so long at most, and takes the wish to sync.
    pub(super) fn wait(&self, limit: Duration) -> Asked {
        let mut asked = lock(&self.asked);
        if !asked.sync && !asked.stop {
            let told = self.told.wait_timeout(asked, limit);
            asked = told.unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = *asked;
        asked.sync = false;
        taken
    }

    pub(super) fn is_to_stop(&self) -> bool {
        lock(&self.asked).stop
    }
}

impl Log {
    /// Opens a folder that this process has for itself.
    pub(crate) fn open(files: Files, options: &Options) -> Result<(Self, Keyspace), OpenError> {
        let Recovered { mut keyspace, mut manifest, position, offset, goes_on } =
            recover(&files, options.seed)?;
        let unwritable = |error| files.unwritable("", error);
        let tail = if goes_on && offset < options.segment {
            let file = files.open(&Kind::Log.name(manifest.last)).map_err(unwritable)?;
            Tail::new(file, offset, position)
        } else {
            manifest.last += 1;
            let file = new_log(&files, manifest.last).map_err(unwritable)?;
            manifest.write(&files).map_err(unwritable)?;
            Tail::new(file, super::header::HEADER, position)
        };
        // What was read may be with the system alone.
        for number in manifest.logs() {
            let name = Kind::Log.name(number);
            let synced = files.open(&name).and_then(|file| files.sync(&file));
            synced.map_err(|error| files.unwritable(&name, error))?;
        }
        keyspace.calls.reset();
        keyspace.effects.record();
        let place = files.place();
        let progress = Progress { written: position, synced: position, ..Progress::default() };
        let inner = Arc::new(Inner {
            files,
            fsync: options.fsync,
            segment: options.segment,
            place,
            pending: Mutex::new(Pending::at(position)),
            tail: Mutex::new(tail),
            manifest: Mutex::new(manifest),
            wanted: AtomicU64::new(position),
            board: Board::new(progress),
            trouble: Mutex::default(),
            in_trouble: AtomicBool::new(false),
            wish: Wish::default(),
        });
        let shared = inner.clone();
        let keeper = thread::Builder::new()
            .name("jobqueue-log".to_owned())
            .spawn(move || keeper::keep(&shared))
            .map_err(|error| inner.files.unwritable("", error))?;
        Ok((Self { inner, keeper: Mutex::new(Some(keeper)) }, keyspace))
    }

    /// Appends what a call did. Where its frame ends. The engine is locked meanwhile.
    pub(crate) fn append(&self, effects: &[u8]) -> u64 {
        let inner = &self.inner;
        let synced = inner.board.now().synced;
        let end = lock(&inner.pending).push(synced, effects);
        inner.wanted.store(end, Ordering::Release);
        end
    }

    /// Where the last frame ends.
    pub(crate) fn end(&self) -> u64 {
        self.inner.wanted.load(Ordering::Acquire)
    }

    /// Has what was appended written. The engine isn't locked any more.
    pub(crate) fn push(&self) {
        match self.inner.fsync {
            Fsync::Always => self.inner.wish.ask(|asked| asked.sync = true),
            Fsync::EverySecond | Fsync::Never => {
                self.inner.write();
            }
        }
    }

    /// Which progress an answer needs.
    fn part(&self) -> fn(&Progress) -> u64 {
        match self.inner.fsync {
            Fsync::Always => |now| now.synced,
            Fsync::EverySecond | Fsync::Never => |now| now.written,
        }
    }

    /// Whether a frame that ends here may be acknowledged.
    pub(crate) fn is_kept(&self, end: u64) -> bool {
        let now = self.inner.board.now();
        !now.closed && self.part()(&now) >= end
    }

    /// Waits until a frame that ends here may be acknowledged.
    pub(crate) async fn kept(&self, end: u64) -> Result<(), NotKept> {
        self.inner.board.wait(end, self.part()).await
    }

    /// The same, for a thread that may stand still.
    pub(crate) fn block_until_kept(&self, end: u64) -> Result<(), NotKept> {
        self.inner.board.block(end, self.part())
    }

    /// Waits until a frame that ends here is on the disk.
    pub(crate) async fn synced(&self, end: u64) -> Result<(), NotKept> {
        self.inner.wish.ask(|asked| asked.sync = true);
        self.inner.board.wait(end, |now| now.synced).await
    }

    /// Why nothing may be written now.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        if !self.inner.in_trouble.load(Ordering::Acquire) {
            return None;
        }
        let trouble = lock(&self.inner.trouble).clone()?;
        Some(Refusal::with(&format!(
            "MISCONF the log on disk can't be written: {}; writes are refused until it can, which \
             is tried every second",
            trouble.text
        )))
    }

    /// After a sync that failed, writes all anew, since nobody knows what is on the disk. The
    /// engine is locked meanwhile.
    pub(crate) fn rescue(&self, keyspace: &Keyspace) {
        self.inner.rescue(keyspace);
    }

    /// Writes and syncs all, and ends. What comes later isn't kept, and so isn't answered.
    pub(crate) fn close(&self) {
        self.inner.wish.ask(|asked| asked.stop = true);
        if let Some(keeper) = lock(&self.keeper).take() {
            // It has said why, if it failed.
            let _ = keeper.join();
        }
        // Nobody else is writing now, and nobody will.
        let _tail = lock(&self.inner.tail);
        self.inner.board.change(|now| now.closed = true);
    }
}

#[cfg(test)]
impl Log {
    /// The keeper looks now.
    pub(super) fn tick(&self) {
        self.inner.wish.ask(|asked| asked.sync = true);
    }

    /// Begins a new file now.
    pub(super) fn turn_now(&self) {
        self.inner.begin_file().expect("a new file");
    }

    pub(super) fn manifest(&self) -> Manifest {
        *lock(&self.inner.manifest)
    }

    /// Makes a snapshot now, with files whose steps this may refuse.
    pub(super) fn compact_with(&self, hook: super::files::Hook) -> Result<(), OpenError> {
        super::compact::compact(&self.inner, &self.inner.files.clone().hooked(hook))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    /// Writes what is pending. Whether that is all.
    pub(super) fn write(&self) -> bool {
        let mut tail = lock(&self.tail);
        if self.board.now().closed {
            return false;
        }
        let spare = tail.take_spare();
        let (bytes, end) = lock(&self.pending).take(spare);
        if bytes.is_empty() {
            return true;
        }
        match tail.write(&self.files, bytes, end) {
            Ok(()) => {
                self.board.change(|now| now.written = end);
                true
            }
            Err((bytes, error)) => {
                lock(&self.pending).put_back(bytes);
                drop(tail);
                self.fail(TroubleKind::Write, &error);
                false
            }
        }
    }

    /// Whether something isn't on the disk that should be.
    pub(super) fn is_unsynced(&self) -> bool {
        self.wanted.load(Ordering::Acquire) > self.board.now().synced
    }

    /// Brings what is written onto the disk.
    pub(super) fn sync(&self) {
        let (files, end) = lock(&self.tail).to_sync();
        for file in &files {
            if let Err(error) = self.files.sync(file) {
                self.fail(TroubleKind::Sync, &error);
                return;
            }
        }
        lock(&self.tail).synced(&files);
        self.board.change(|now| now.synced = end);
        // A frame that says so, in case that nothing follows for long: it tells later damage of
        // what is on the disk now from an end that was torn.
        let mut pending = lock(&self.pending);
        if pending.is_empty() {
            pending.push(end, &[]);
        }
        drop(pending);
        self.write();
    }

    /// Begins a new file if the last one is large enough.
    pub(super) fn turn(&self) -> io::Result<()> {
        if lock(&self.tail).offset() < self.segment { Ok(()) } else { self.begin_file() }
    }

    fn begin_file(&self) -> io::Result<()> {
        let mut manifest = lock(&self.manifest);
        let next = Manifest { last: manifest.last + 1, ..*manifest };
        let file = new_log(&self.files, next.last)?;
        next.write(&self.files)?;
        *manifest = next;
        lock(&self.tail).turn_to(file);
        Ok(())
    }

    fn fail(&self, kind: TroubleKind, why: &io::Error) {
        let mut trouble = lock(&self.trouble);
        // Of a sync that has failed a write says nothing.
        let is_known = |known: &Trouble| match known.kind {
            TroubleKind::Write => false,
            TroubleKind::Sync => kind == TroubleKind::Write,
            TroubleKind::Gone => true,
        };
        if !trouble.as_ref().is_some_and(is_known) {
            if trouble.is_none() {
                error!(error = %why, ?kind, "the log on disk can't be written: writes are refused");
            }
            *trouble = Some(Trouble { kind, text: why.to_string(), since: Instant::now() });
        }
        self.in_trouble.store(true, Ordering::Release);
        self.board.change(|now| now.in_trouble = true);
    }

    fn recover(&self) {
        info!("the log on disk can be written again");
        *lock(&self.trouble) = None;
        self.in_trouble.store(false, Ordering::Release);
        self.board.change(|now| now.in_trouble = false);
    }

    /// Refuses writes from now on, if the folder was moved or removed.
    pub(super) fn look_at_folder(&self) {
        if self.files.place() != self.place {
            let why = format!("{} or its lock was moved or removed", self.files.path("").display());
            self.fail(TroubleKind::Gone, &io::Error::other(why));
        }
    }

    pub(super) fn is_in_trouble(&self) -> bool {
        self.in_trouble.load(Ordering::Acquire)
    }

    fn has_trouble(&self, kind: TroubleKind) -> bool {
        lock(&self.trouble).as_ref().is_some_and(|trouble| trouble.kind == kind)
    }

    /// Tries again to write.
    pub(super) fn retry(&self) {
        if self.has_trouble(TroubleKind::Write) && self.write() {
            self.recover();
        }
    }

    fn rescue(&self, keyspace: &Keyspace) {
        let is_due = |trouble: &Trouble| {
            trouble.kind == TroubleKind::Sync && trouble.since.elapsed() >= RESCUE
        };
        if !lock(&self.trouble).as_ref().is_some_and(is_due) {
            return;
        }
        let (mut manifest, mut tail) = (lock(&self.manifest), lock(&self.tail));
        let (number, mut pending) = (manifest.last + 1, lock(&self.pending));
        let position = pending.clear();
        let next = Manifest { first: number, last: number };
        let begun = base::write(&self.files, number, position, keyspace)
            .and_then(|()| new_log(&self.files, number))
            .and_then(|file| next.write(&self.files).map(|()| file));
        match begun {
            Ok(file) => {
                tail.begin_anew(file, position);
                *manifest = next;
                // What stays is removed when the folder is opened again.
                let _ = next.remove_others(&self.files);
                drop((manifest, tail, pending));
                self.board.change(|now| (now.written, now.synced) = (position, position));
                self.recover();
            }
            Err(why) => {
                drop((manifest, tail, pending));
                self.fail(TroubleKind::Sync, &why);
            }
        }
    }
}
