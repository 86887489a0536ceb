//! Checks that the compiler can't make: floors, sizes, names, and that scripts, their callers and
//! their tests agree.

mod dependencies;
mod deploy;
mod floors;
mod graph;
mod links;
mod names;
mod proofs;
mod public;
mod scripts;
mod sources;
mod structs;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files with this ending under a folder of the repository, with their paths from the root and
/// texts.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut |path| {
        if path.extension().is_some_and(|extension| extension == ending) {
            let name = path.strip_prefix(root()).expect("under the root").display().to_string();
            found.push((name, fs::read_to_string(path).expect("text")));
        }
    });
    assert!(!found.is_empty(), "no {ending} files under {folder}");
    found.sort();
    found
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.is_symlink() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

/// The lines of code in a Rust file: no blank lines, comments and docs, and nothing from its tests
/// on.
fn code(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
        .collect()
}

/// Fails with all complaints at once.
#[track_caller]
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
