//! A handler that streams a file through SHA-256.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStringExt,
    path::PathBuf,
};

use jobqueue::{JobError, job};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A file to read. Its path is kept as bytes: not every file has a name in UTF-8.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checksum {
    path: Vec<u8>,
}

impl From<PathBuf> for Checksum {
    fn from(path: PathBuf) -> Self {
        Self { path: path.into_os_string().into_vec() }
    }
}

/// Why a file has no checksum.
#[derive(Debug, thiserror::Error, JobError)]
pub enum ChecksumError {
    /// Reading it again would not help.
    #[error("{0}")]
    #[job(permanent)]
    Unreadable(#[source] io::Error),
    /// It may work next time: a network drive, a disk that is busy.
    #[error("reading failed: {0}")]
    Interrupted(#[source] io::Error),
}

impl From<io::Error> for ChecksumError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{IsADirectory, NotFound, PermissionDenied};
        match error.kind() {
            NotFound | PermissionDenied | IsADirectory => Self::Unreadable(error),
            _ => Self::Interrupted(error),
        }
    }
}

/// Gives a file's SHA-256 in hexadecimal.
#[job(queue = "checksums", blocking, attempts = 3, backoff = fixed("200ms"), retain = all, retain_failed = all)]
pub fn checksum(file: Checksum) -> Result<String, ChecksumError> {
    let mut file = File::open(OsString::from_vec(file.path))?;
    let mut hasher = Sha256::new();
    let mut buffer = [0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}
