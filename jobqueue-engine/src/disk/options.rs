//! How a keyspace is kept on disk.

use std::str::FromStr;

use crate::clock::Clock;

/// When what was written is known to be on the disk itself, and not only with the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Before it is answered: nothing that was acknowledged is lost. Calls that come together share
    /// one `fsync`.
    Always,
    /// A second later at most. A process that dies loses nothing; a machine that loses its power
    /// loses up to a second.
    #[default]
    EverySecond,
    /// When the system likes. A process that dies loses nothing; a machine that loses its power
    /// may lose half a minute.
    Never,
}

/// A word isn't `always`, `everysec` or `no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use always, everysec or no")]
pub struct FsyncError;

impl FromStr for Fsync {
    type Err = FsyncError;

    fn from_str(word: &str) -> Result<Self, FsyncError> {
        match word {
            "always" => Ok(Self::Always),
            "everysec" => Ok(Self::EverySecond),
            "no" => Ok(Self::Never),
            _ => Err(FsyncError),
        }
    }
}

/// How large a file of the log grows by default.
const SEGMENT: u64 = 16 << 20;

/// How a keyspace is kept on disk.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) fsync: Fsync,
    pub(crate) segment: u64,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            fsync: Fsync::default(),
            segment: SEGMENT,
            clock: Clock::system(),
            seed: fastrand::u64(..),
        }
    }
}

impl Options {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// When what was written is on the disk; a second later at most by default.
    #[must_use]
    pub fn fsync(mut self, fsync: Fsync) -> Self {
        self.fsync = fsync;
        self
    }

    /// How large a file of the log grows, in bytes, before the next one is begun; 16 MiB by
    /// default. When there are four times as many, and as many as the snapshot has, a new snapshot
    /// takes their place.
    #[must_use]
    pub fn segment(mut self, bytes: u64) -> Self {
        self.segment = bytes;
        self
    }

    /// The engine's clock; the system's by default.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Decides what is taken at random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}
