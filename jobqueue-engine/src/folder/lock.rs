//! The lock of a folder. The system gives it back when a process ends, in whatever way.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process,
};

use crate::disk::OpenError;

const NAME: &str = "lock";

/// The lock of a folder, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A child of this process that hasn't begun its program yet has the file open too, so
        // closing it isn't enough.
        let _ = self.file.unlock();
    }
}

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(NAME);
        let unusable =
            |source| OpenError::Unusable { action: "can't lock", path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // For the error's text alone.
                let _ = file.read_to_string(&mut text);
                let process = text.trim().parse().ok();
                return Err(OpenError::Busy { folder: folder.to_owned(), process });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let noted = file.set_len(0).and_then(|()| writeln!(file, "{}", process::id()));
        noted.map_err(unusable)?;
        Ok(Self { file })
    }
}
