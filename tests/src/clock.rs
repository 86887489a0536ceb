//! Clocks that jump, for processes that are started with one: libfaketime stands between them and
//! the system's time of day. The monotonic clock goes on as it is.

use std::{env, fs, path::PathBuf, process::Command};

use tempfile::NamedTempFile;

/// Set to 1, as `./dev test` does, libfaketime must be there. Plain `cargo test` needs a server
/// alone.
const REQUIRED: &str = "JOBQUEUE_FAKETIME";

/// Where systems keep libraries of packages.
const ROOTS: [&str; 4] = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/opt/homebrew/lib"];

/// The time of day of some processes.
#[derive(Debug)]
pub struct Clock {
    library: PathBuf,
    setting: NamedTempFile,
}

impl Clock {
    /// A clock that is right; nothing if there is no libfaketime, and it needn't be there.
    ///
    /// # Panics
    /// It must be there and isn't.
    #[must_use]
    pub fn find() -> Option<Self> {
        let Some(library) = library() else {
            let required = env::var(REQUIRED).is_ok_and(|value| value == "1");
            assert!(!required, "libfaketime is missing; on Debian: `apt-get install faketime`");
            eprintln!("left out: libfaketime is missing; `./dev test` installs it");
            return None;
        };
        let setting = NamedTempFile::with_prefix("jobqueue-clock-").expect("a temporary file");
        let clock = Self { library, setting };
        clock.jump("+0");
        Some(clock)
    }

    /// Makes it wrong from now on: `+400d`, `-12h`, `-30s`.
    ///
    /// # Panics
    /// The setting can't be written.
    pub fn jump(&self, by: &str) {
        // At once, since a process may read at any time.
        let next = self.setting.path().with_extension("next");
        fs::write(&next, by).expect("the setting can be written");
        fs::rename(next, self.setting.path()).expect("the setting can be changed");
    }

    /// Lets a program go by this clock.
    ///
    /// The C library goes along, for its allocator: Redis often has another one, which asks for the
    /// time while libfaketime, which needs memory for that, begins.
    pub fn wind(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", format!("{}:libc.so.6", self.library.display()))
            .env("FAKETIME_TIMESTAMP_FILE", self.setting.path())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_RESET", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
    }
}

/// The library for programs with threads, in the folder of the machine's kind or without.
fn library() -> Option<PathBuf> {
    let file = "faketime/libfaketimeMT.so.1";
    let kinds = |root: &str| {
        let folders = fs::read_dir(root).into_iter().flatten().flatten();
        folders.map(|folder| folder.path().join(file)).collect::<Vec<_>>()
    };
    let candidates = ROOTS.iter().flat_map(|root| {
        let plain = PathBuf::from(root).join(file);
        std::iter::once(plain).chain(kinds(root))
    });
    candidates.into_iter().find(|path| path.exists())
}
