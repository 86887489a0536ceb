//! The server: in memory, or kept in a folder, from whose log it is started again.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use jobqueue_engine::{Clock, Engine, Folder, Fsync, Held, Options};

use crate::{mutant::Mutant, stage::lock};

/// The server of a run.
pub(crate) struct Server {
    clock: Clock,
    seed: u64,
    mutant: Option<Mutant>,
    running: Mutex<Running>,
}

/// What serves now.
struct Running {
    engine: Arc<Engine>,
    /// None while it is started again.
    held: Option<Held>,
    folder: Option<TemporaryFolder>,
}

/// A folder of this run's own, in memory if the system has that, until this is dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let shared = Path::new("/dev/shm");
        let place = if shared.is_dir() { shared.to_owned() } else { env::temp_dir() };
        Self(place.join(format!("simulation-{}-{number}", process::id())))
    }

    /// The newest file of the log, and how long it is.
    fn log(&self) -> Result<(PathBuf, u64), String> {
        let said = |error: std::io::Error| format!("the log can't be read: {error}");
        let names = fs::read_dir(&self.0).map_err(said)?;
        let paths = names.filter_map(|entry| Some(entry.ok()?.path()));
        let is_log = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log-"))
        };
        let newest = paths.filter(is_log).max().ok_or("there is no log")?;
        let length = fs::metadata(&newest).map_err(said)?.len();
        Ok((newest, length))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Server {
    /// A server of this clock; kept in a folder, if it is to be.
    ///
    /// # Panics
    /// The system has no room for a folder.
    pub(crate) fn new(clock: Clock, seed: u64, kept: bool, mutant: Option<Mutant>) -> Self {
        let folder = kept.then(TemporaryFolder::new);
        let (engine, held) = match &folder {
            None => (Engine::new(clock.clone(), seed), None),
            Some(folder) => {
                let held = hold(folder, &clock, seed).expect("a folder");
                (held.engine().clone(), Some(held))
            }
        };
        alter(&engine, mutant);
        let running = Mutex::new(Running { engine, held, folder });
        Self { clock, seed, mutant, running }
    }

    pub(crate) fn engine(&self) -> Arc<Engine> {
        lock(&self.running).engine.clone()
    }

    /// How long the log is.
    pub(crate) fn logged(&self) -> u64 {
        let running = lock(&self.running);
        running.folder.as_ref().and_then(|folder| folder.log().ok()).map_or(0, |(_, length)| length)
    }

    /// Ends the server, cuts its log, and starts it again: so many thousandths of what came since
    /// it was this long are left. Whether something is lost.
    ///
    /// # Errors
    /// What is wrong with what it has read: it didn't open, or it isn't what there was.
    pub(crate) fn restart(&self, since: u64, left: u64) -> Result<bool, String> {
        let mut running = lock(&self.running);
        let Running { engine, held, folder: Some(folder) } = &mut *running else {
            return Ok(false);
        };
        let (_, length) = folder.log()?;
        let cut = since + length.saturating_sub(since) * left / 1_000;
        let before = contents(engine);
        // It ends in peace, and so whatever was written after this is cut off as well.
        drop(held.take());
        let (file, _) = folder.log()?;
        let file = fs::File::options().write(true).open(file);
        file.and_then(|file| file.set_len(cut)).map_err(|error| error.to_string())?;
        let opened = hold(folder, &self.clock, self.seed)?;
        *engine = opened.engine().clone();
        *held = Some(opened);
        alter(engine, self.mutant);
        if cut < length {
            return Ok(true);
        }
        let after = contents(engine);
        let differs = before.iter().zip(&after).find(|(before, after)| before != after);
        match differs {
            _ if before == after => Ok(false),
            Some((before, after)) => Err(format!("it was {before:?}, and is {after:?}")),
            None => {
                Err(format!("it had {} commands' worth, and has {}", before.len(), after.len()))
            }
        }
    }
}

fn hold(folder: &TemporaryFolder, clock: &Clock, seed: u64) -> Result<Held, String> {
    // Written by the call itself, so that no thread decides when it is answered.
    let options = Options::new().fsync(Fsync::Never).clock(clock.clone()).seed(seed);
    let held = Folder::at(&folder.0).and_then(|folder| folder.hold(&options));
    held.map_err(|error| format!("it doesn't open: {error:?}"))
}

fn alter(engine: &Engine, mutant: Option<Mutant>) {
    if let Some(mutant) = mutant {
        engine.alter_scripts(move |source| mutant.alter(source));
    }
}

/// All that it has, as commands, in an order of their own.
fn contents(engine: &Arc<Engine>) -> Vec<Vec<Bytes>> {
    let mut commands: Vec<_> = engine.dump().collect();
    commands.sort();
    commands
}
