//! The manifest: which files there are.

use std::{fs, io};

use super::{
    error::OpenError,
    files::Files,
    header::{FORMAT, Kind},
};

const NAME: &str = "manifest";

/// Which files there are. All others are left over from a step that wasn't finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The first file of the log. If it isn't the first of all, a snapshot of its number has all
    /// that was before.
    pub(super) first: u64,
    /// The last file of the log.
    pub(super) last: u64,
}

impl Manifest {
    /// Of an empty folder.
    pub(super) const START: Self = Self { first: 1, last: 1 };

    /// The snapshot's number, if there is one.
    pub(super) fn base(self) -> Option<u64> {
        (self.first > 1).then_some(self.first)
    }

    pub(super) fn logs(self) -> impl Iterator<Item = u64> {
        self.first..=self.last
    }

    /// Reads it; none, if there is none.
    pub(super) fn read(files: &Files) -> Result<Option<Self>, OpenError> {
        let text = match fs::read(files.path(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(files.unreadable(NAME, error)),
        };
        let text = String::from_utf8_lossy(&text);
        let mut numbers = text.split_ascii_whitespace().filter_map(|it| it.parse::<u64>().ok());
        let mut next = || numbers.next().unwrap_or(0);
        let (format, first, last) = (next(), next(), next());
        let found = u32::try_from(format).unwrap_or(u32::MAX);
        let manifest = Self { first, last };
        if text != manifest.text(found) || first == 0 || first > last {
            return Err(files.damaged(NAME, 0, "it can't be understood"));
        }
        if found > FORMAT {
            return Err(OpenError::Newer { file: files.path(NAME), found, known: FORMAT });
        }
        Ok(Some(manifest))
    }

    pub(super) fn write(self, files: &Files) -> io::Result<()> {
        files.put(NAME, self.text(FORMAT).as_bytes())
    }

    fn text(self, format: u32) -> String {
        let Self { first, last } = self;
        let text = format!("jobqueue-engine format {format}\nlogs {first} to {last}\n");
        let check = crc32fast::hash(text.as_bytes());
        format!("{text}check {check:08x}\n")
    }

    /// The names of the files that it has, itself among them.
    fn names(self) -> impl Iterator<Item = String> {
        let base = self.base().map(|number| Kind::Base.name(number));
        let logs = self.logs().map(|number| Kind::Log.name(number));
        base.into_iter().chain(logs).chain([NAME.to_owned()])
    }

    /// Removes what is left over.
    pub(super) fn remove_others(self, files: &Files) -> io::Result<()> {
        let mine: Vec<String> = self.names().collect();
        let ours = |name: &str| ["base-", "log-", NAME].iter().any(|it| name.starts_with(it));
        for name in files.names()? {
            if ours(&name) && !mine.contains(&name) {
                files.remove(&name)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_or_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files::of(folder.path());
        assert_eq!(Manifest::read(&files).expect("none"), None);
        let manifest = Manifest { first: 3, last: 7 };
        manifest.write(&files).expect("written");
        assert_eq!(Manifest::read(&files).expect("read"), Some(manifest));
        let text = fs::read(files.path(NAME)).expect("a text");
        for at in 0..text.len() * 8 {
            let mut flipped = text.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            fs::write(files.path(NAME), flipped).expect("written");
            assert!(matches!(Manifest::read(&files), Err(OpenError::Damaged { .. })), "{at}");
        }
        let newer = manifest.text(2);
        fs::write(files.path(NAME), newer).expect("written");
        assert!(matches!(Manifest::read(&files), Err(OpenError::Newer { found: 2, .. })));
    }
}
