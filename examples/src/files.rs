//! Finding files, and printing their checksums as `sha256sum` does.

use std::{
    io::{self, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use walkdir::WalkDir;

/// All regular files under a directory, sorted by path, and what could not be looked into.
#[must_use]
pub fn regular_files(dir: &Path) -> (Vec<PathBuf>, Vec<walkdir::Error>) {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for entry in WalkDir::new(dir) {
        match entry {
            Ok(entry) if entry.file_type().is_file() => files.push(entry.into_path()),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    // Byte by byte, as `LC_ALL=C sort` does: `Path` itself compares part by part.
    files.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    (files, errors)
}

/// Writes a line of `sha256sum`: a name with a backslash or a line break is escaped, and marked so.
///
/// # Errors
/// Those of the output.
pub fn write_line(out: &mut impl Write, checksum: &str, path: &Path) -> io::Result<()> {
    let name = path.as_os_str().as_bytes();
    if name.iter().any(|byte| b"\\\n\r".contains(byte)) {
        out.write_all(b"\\")?;
    }
    write!(out, "{checksum}  ")?;
    for byte in name {
        match byte {
            b'\\' => out.write_all(b"\\\\")?,
            b'\n' => out.write_all(b"\\n")?,
            b'\r' => out.write_all(b"\\r")?,
            other => out.write_all(&[*other])?,
        }
    }
    out.write_all(b"\n")
}
