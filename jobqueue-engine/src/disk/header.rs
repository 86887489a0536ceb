//! What a file begins with.

use std::fs;

use super::{error::OpenError, files::Files};

/// How long it is.
pub(super) const HEADER: u64 = 48;

/// The newest format that this version reads, and the one that it writes.
pub(super) const FORMAT: u32 = 1;

const MAGIC: &[u8; 8] = b"jobqueue";

/// What a file begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) number: u64,
    /// The run of the system in which the file was begun: if it is over, the power may have failed.
    pub(super) boot: [u8; 16],
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A snapshot; its position is where the log goes on behind it.
    Base,
    /// A part of the log.
    Log,
}

impl Kind {
    /// A file's name.
    pub(super) fn name(self, number: u64) -> String {
        match self {
            Self::Base => format!("base-{number:06}"),
            Self::Log => format!("log-{number:06}"),
        }
    }

    fn code(self) -> u32 {
        match self {
            Self::Base => 1,
            Self::Log => 2,
        }
    }
}

impl Header {
    pub(super) fn new(kind: Kind, number: u64) -> Self {
        Self { kind, number, boot: this_boot() }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&self.kind.code().to_le_bytes());
        out.extend_from_slice(&self.number.to_le_bytes());
        out.extend_from_slice(&self.boot);
        // Room for later, up to the checksum.
        out.extend_from_slice(&[0; 4]);
        let check = crc32fast::hash(&out);
        out.extend_from_slice(&check.to_le_bytes());
        out
    }

    /// Reads the header of the file of this kind and number.
    pub(super) fn read(
        files: &Files,
        kind: Kind,
        number: u64,
        bytes: &[u8],
    ) -> Result<Self, OpenError> {
        let name = kind.name(number);
        let damaged = |offset, what| Err(files.damaged(&name, offset, what));
        let Some((fields, check)) = bytes.split_last_chunk::<4>() else {
            return damaged(0, "the header isn't whole");
        };
        if bytes.len() as u64 != HEADER || fields[..8] != *MAGIC {
            return damaged(0, "it doesn't begin as a file of the engine does");
        }
        if crc32fast::hash(fields) != u32::from_le_bytes(*check) {
            return damaged(8, "the header's checksum differs");
        }
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|n| fields[at + n]));
        if word(8) > FORMAT {
            return Err(OpenError::Newer {
                file: files.path(&name),
                found: word(8),
                known: FORMAT,
            });
        }
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        if word(12) != kind.code() || long(16) != number {
            return damaged(12, "it is another file, by its header");
        }
        let mut boot = [0; 16];
        boot.copy_from_slice(&fields[24..40]);
        Ok(Self { kind, number, boot })
    }

    /// Whether the power can't have failed since the file was begun.
    pub(super) fn is_of_this_boot(&self) -> bool {
        self.boot != [0; 16] && self.boot == this_boot()
    }
}

/// What names this run of the system; zeros, where nothing does.
fn this_boot() -> [u8; 16] {
    let mut boot = [0; 16];
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    for (byte, pair) in boot.iter_mut().zip(digits.chunks_exact(2)) {
        *byte =
            str::from_utf8(pair).ok().and_then(|it| u8::from_str_radix(it, 16).ok()).unwrap_or(0);
    }
    boot
}
