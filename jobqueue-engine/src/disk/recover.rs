//! Opening a folder: what its files say, up to the end that a crash may have torn.

use tracing::{info, warn};

use super::{
    base,
    error::OpenError,
    files::Files,
    frame,
    header::{HEADER, Header, Kind},
    manifest::Manifest,
    read::{Frames, Next},
};
use crate::keyspace::Keyspace;

/// What was found, and where the log goes on.
pub(super) struct Recovered {
    pub(super) keyspace: Keyspace,
    pub(super) manifest: Manifest,
    /// Where the last file ends, in the log as a whole and in itself.
    pub(super) position: u64,
    pub(super) offset: u64,
    /// Whether the last file may be gone on with.
    pub(super) goes_on: bool,
}

/// Reads a folder. A torn end is cut off; nothing is changed if anything else is wrong.
pub(super) fn recover(files: &Files, seed: u64) -> Result<Recovered, OpenError> {
    let manifest = match Manifest::read(files)? {
        Some(manifest) => manifest,
        None => begin(files)?,
    };
    let mut keyspace = Keyspace::new(seed);
    let mut position = match manifest.base() {
        Some(number) => base::read(files, number, &mut keyspace)?,
        None => 0,
    };
    let (mut offset, mut goes_on, mut kept) = (HEADER, false, manifest);
    for number in manifest.logs() {
        let mut frames = Frames::open(files, Kind::Log, number)?;
        let is_torn = replay(&mut frames, &mut position, &mut keyspace)?;
        (offset, goes_on) = (frames.at, frames.header.is_of_this_boot());
        if is_torn {
            let lost = judge(files, &mut frames, position, number + 1..=manifest.last)?;
            warn!(
                file = %files.path(&frames.name).display(), byte = frames.at, bytes = lost,
                "the log's end was torn by a crash, and was cut off"
            );
            kept.last = number;
            cut(files, kept, offset).map_err(|error| files.unwritable(&frames.name, error))?;
            break;
        }
    }
    kept.remove_others(files).map_err(|error| files.unwritable("", error))?;
    info!(keys = keyspace.keys().count(), position, "the engine's folder was read");
    Ok(Recovered { keyspace, manifest: kept, position, offset, goes_on })
}

/// Begins in a folder that has nothing yet, or has what was begun and never used.
fn begin(files: &Files) -> Result<Manifest, OpenError> {
    let unreadable = |error| files.unreadable("", error);
    for name in files.names().map_err(unreadable)? {
        let (is_base, is_log) = (name.starts_with("base-"), name.starts_with("log-"));
        if !is_base && !is_log {
            continue;
        }
        let length = std::fs::metadata(files.path(&name));
        let length = length.map_err(|error| files.unreadable(&name, error))?.len();
        if is_base || length > HEADER {
            return Err(OpenError::Missing { file: files.path("manifest") });
        }
    }
    let made = new_log(files, Manifest::START.last).and_then(|_| Manifest::START.write(files));
    made.map_err(|error| files.unwritable("", error))?;
    Ok(Manifest::START)
}

/// A new file of the log. It isn't part of it before the manifest has it.
pub(super) fn new_log(files: &Files, number: u64) -> std::io::Result<std::fs::File> {
    let file = files.create(&Kind::Log.name(number))?;
    files.write(&file, &Header::new(Kind::Log, number).write(), 0)?;
    files.sync(&file)?;
    files.sync_folder()?;
    Ok(file)
}

/// Carries out what a file of the log has, and moves the position. Whether it ends in something
/// that is broken.
pub(super) fn replay(
    frames: &mut Frames,
    position: &mut u64,
    keyspace: &mut Keyspace,
) -> Result<bool, OpenError> {
    loop {
        match frames.next(*position)? {
            Next::Frame(head) => {
                frames.apply(keyspace)?;
                *position = head.end();
            }
            Next::Over => return Ok(false),
            Next::Broken => return Ok(true),
        }
    }
}

/// Whether what is broken at this position may be an end that a crash has torn; if so, how many
/// bytes are lost with it.
///
/// A process that is killed leaves a part of its last write. A machine that loses its power leaves
/// anything behind what was known to be on the disk, and later frames say up to where that was.
fn judge(
    files: &Files,
    frames: &mut Frames,
    position: u64,
    later: impl Iterator<Item = u64>,
) -> Result<usize, OpenError> {
    let mut rests = vec![frames.rest()?];
    for number in later {
        rests.push(Frames::open(files, Kind::Log, number)?.rest()?);
    }
    let same_boot = frames.header.is_of_this_boot();
    let damage = rests
        .iter()
        .flat_map(|rest| frame::scan(rest))
        .any(|head| same_boot || head.synced() > position || head.position < position);
    if damage {
        return Err(frames.damaged("a frame is broken, and whole ones follow"));
    }
    Ok(rests.iter().map(Vec::len).sum())
}

/// Cuts the last file of the manifest off behind its last whole frame.
fn cut(files: &Files, manifest: Manifest, offset: u64) -> std::io::Result<()> {
    // First of all, so that no later file follows one that was cut.
    manifest.write(files)?;
    let file = files.open(&Kind::Log.name(manifest.last))?;
    files.shorten(&file, offset)?;
    files.sync(&file)
}
