//! Who this process is.

use std::{collections::BTreeMap, env, fs, path::Path, process};

use crate::{job::ProcessInfo, value_error::Invalid};

/// How long a name, a version, a label or its value may be, in bytes.
const LONGEST: usize = 64;

/// How many labels a client may have.
const LABELS: usize = 16;

/// As far as is known without being told.
pub(super) fn this() -> ProcessInfo {
    let file = env::current_exe().ok();
    let stem = file.as_deref().and_then(Path::file_stem).map(|stem| stem.to_string_lossy());
    let mut program = stem.unwrap_or_default().into_owned();
    program.truncate(program.floor_char_boundary(LONGEST));
    ProcessInfo {
        host: host(),
        pid: process::id(),
        program,
        version: String::new(),
        labels: BTreeMap::new(),
    }
}

pub(super) fn check(process: &ProcessInfo) -> Result<(), Invalid> {
    let ProcessInfo { program, version, labels, .. } = process;
    let texts = labels.iter().flat_map(|(label, value)| [("label", label), ("label", value)]);
    for (what, text) in [("program", program), ("version", version)].into_iter().chain(texts) {
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(Invalid::new(
                what,
                text,
                "use at most 64 bytes without control characters",
            ));
        }
    }
    if labels.len() > LABELS {
        return Err(Invalid::new("number of labels", labels.len(), "use at most 16"));
    }
    Ok(())
}

fn host() -> String {
    let files = ["/proc/sys/kernel/hostname", "/etc/hostname"];
    let named = files.iter().find_map(|file| fs::read_to_string(file).ok());
    let named =
        named.or_else(|| env::var("HOSTNAME").ok()).or_else(|| env::var("COMPUTERNAME").ok());
    let host = named.map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    let mut host = host.unwrap_or_else(|| "unknown".to_owned());
    host.truncate(host.floor_char_boundary(LONGEST));
    host
}
