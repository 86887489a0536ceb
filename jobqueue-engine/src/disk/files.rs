//! A folder's files, and each single step that is done to them.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::error::OpenError;

/// One step: all but the first change something on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Read,
    Create,
    Write,
    Sync,
    Rename,
    Remove,
    Shorten,
    SyncFolder,
}

/// May refuse a step before it is taken. Of a write, the first half is then done all the same.
pub(crate) type Hook = Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>;

/// A folder's files. Tests may end, or refuse, between any two steps.
#[derive(Clone)]
pub(crate) struct Files {
    folder: PathBuf,
    hook: Option<Hook>,
}

/// Which folder and which lock stand at a folder's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    folder: (u64, u64),
    lock: Option<u64>,
    has_manifest: bool,
}

impl Files {
    /// What stands at the folder's path now, if anything does.
    pub(super) fn place(&self) -> Option<Place> {
        let folder = fs::metadata(&self.folder).ok()?;
        let lock = fs::metadata(self.path("lock")).ok().map(|lock| lock.ino());
        let has_manifest = fs::metadata(self.path("manifest")).is_ok();
        Some(Place { folder: (folder.dev(), folder.ino()), lock, has_manifest })
    }

    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), hook: None }
    }

    /// The same files, whose steps this may refuse too.
    pub(crate) fn hooked(mut self, hook: Hook) -> Self {
        self.hook = Some(match self.hook {
            None => hook,
            Some(first) => Arc::new(move |step| first(step).and_then(|()| hook(step))),
        });
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Before each part that is read, too: reading may take long.
    pub(crate) fn step(&self, step: Step) -> io::Result<()> {
        self.hook.as_ref().map_or(Ok(()), |hook| hook(step))
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.folder)?.map(|entry| Ok(entry?.file_name()));
        let names: Vec<_> = names.collect::<io::Result<_>>()?;
        Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    /// A new, empty file that this user alone may read.
    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        self.step(Step::Create)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600);
        options.open(self.path(name))
    }

    pub(crate) fn open(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(self.path(name))
    }

    pub(crate) fn write(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        if let Err(error) = self.step(Step::Write) {
            file.write_all_at(&bytes[..bytes.len() / 2], at)?;
            return Err(error);
        }
        file.write_all_at(bytes, at)
    }

    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        self.step(Step::Sync)?;
        file.sync_data()
    }

    pub(crate) fn shorten(&self, file: &File, length: u64) -> io::Result<()> {
        self.step(Step::Shorten)?;
        file.set_len(length)
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.step(Step::Rename)?;
        fs::rename(self.path(from), self.path(to))
    }

    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        self.step(Step::Remove)?;
        fs::remove_file(self.path(name))
    }

    /// What was created, renamed and removed is on the disk.
    pub(crate) fn sync_folder(&self) -> io::Result<()> {
        self.step(Step::SyncFolder)?;
        File::open(&self.folder)?.sync_all()
    }

    /// A file with this content, in one step: it is there as a whole, or as it was.
    pub(crate) fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let new = format!("{name}{NEW}");
        let file = self.create(&new)?;
        self.write(&file, content, 0)?;
        self.sync(&file)?;
        self.rename(&new, name)?;
        self.sync_folder()
    }

    pub(crate) fn damaged(&self, name: &str, offset: u64, what: &'static str) -> OpenError {
        OpenError::Damaged { file: self.path(name), offset, what }
    }

    /// The error of a file that can't be read.
    pub(crate) fn unreadable(&self, name: &str, source: io::Error) -> OpenError {
        if source.kind() == io::ErrorKind::NotFound {
            return OpenError::Missing { file: self.path(name) };
        }
        OpenError::Unusable { action: "can't read", path: self.path(name), source }
    }

    /// The error of a file that can't be written.
    pub(crate) fn unwritable(&self, name: &str, source: io::Error) -> OpenError {
        OpenError::Unusable { action: "can't write", path: self.path(name), source }
    }
}

/// How the names of files end that aren't whole yet.
pub(crate) const NEW: &str = ".new";

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.folder).finish()
    }
}
