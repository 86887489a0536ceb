//! A folder on disk: who holds it, and how others reach who does.

mod held;
mod lock;
mod place;
mod socket;

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use tokio::net::UnixStream;

pub use self::{
    held::Held,
    place::{PlaceError, parse_place},
};
use self::{lock::Lock, socket::Socket};
use crate::disk::{Files, OpenError, Options};

/// A folder on disk that an engine's keyspace is kept in.
///
/// One process [holds](Self::hold) it, and serves others on a Unix socket in it. The folder must be
/// on a disk of this machine.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at this path. It is made, with its parents, if it isn't there; then this user
    /// alone may enter it.
    ///
    /// # Errors
    /// It can't be made, it is none, or this user may not write to it.
    pub fn at(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let unusable = |action| {
            let path = path.to_owned();
            move |source: io::Error| OpenError::Unusable { action, path, source }
        };
        if !path.is_dir() {
            make(path).map_err(unusable("can't make"))?;
        }
        fs::canonicalize(path).map(Self).map_err(unusable("can't open"))
    }

    /// Its path, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Holds the folder: reads what is kept in it, and serves other processes on its socket. It is
    /// held until what this returns is dropped, or the process ends in whatever way.
    ///
    /// Reading takes as long as it takes: some seconds for a million jobs.
    ///
    /// # Errors
    /// Another process holds it, something in it is damaged, or the system refuses.
    pub fn hold(&self, options: &Options) -> Result<Held, OpenError> {
        let lock = Lock::take(&self.0)?;
        let socket = Socket::of(&self.0);
        if socket.is_served() {
            // The file of its lock was removed; its server is there all the same.
            return Err(OpenError::Busy { folder: self.0.clone(), process: None });
        }
        Held::new(lock, &Files::of(&self.0), &socket, options)
    }

    /// Connects to the process that holds the folder.
    ///
    /// # Errors
    /// None does, or it still reads what is kept.
    pub async fn connect(&self) -> io::Result<UnixStream> {
        Socket::of(&self.0).connect().await
    }
}

/// Makes a folder and its parents, so that no power failure takes them away again.
fn make(path: &Path) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let made: Vec<&Path> = path.ancestors().take_while(|it| !it.is_dir()).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
    for parent in made.into_iter().filter_map(Path::parent) {
        fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}
