//! Sizes, names, and what must not stand in the sources.

use std::fs;

use super::{assert_none, code, files, root};

/// The most lines of code in a file of the library.
const LONGEST_FILE: usize = 400;

#[test]
fn no_file_is_one_that_everything_piles_up_in() {
    let mut complaints = Vec::new();
    for folder in ["jobqueue/src", "jobqueue-macros/src", "examples/src", "benches/src"] {
        for (path, text) in files(folder, "rs") {
            let lines = code(&text).len();
            if lines > LONGEST_FILE {
                complaints.push(format!("{path} has {lines} lines of code"));
            }
            let name = path.rsplit('/').next().expect("a name").trim_end_matches(".rs");
            if ["util", "utils", "common", "misc", "helpers", "prelude"].contains(&name) {
                complaints.push(format!("{path}: name it by what it is about"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn nothing_is_left_to_do() {
    let mut complaints = Vec::new();
    for folder in ["jobqueue/src", "jobqueue-macros/src", "examples/src", "benches/src"] {
        for (path, text) in files(folder, "rs") {
            for line in code(&text) {
                if ["todo!", "unimplemented!", "dbg!", ".unwrap()"]
                    .iter()
                    .any(|bad| line.contains(bad))
                {
                    complaints.push(format!("{path}: {}", line.trim()));
                }
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_example_is_named_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a readme");
    let missing: Vec<String> = files("examples/src/bin", "rs")
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !readme.contains(path.as_str()))
        .collect();
    assert_none(&missing);
}

#[test]
fn every_pattern_is_checked_and_says_what_it_replaces() {
    let mut complaints = Vec::new();
    for folder in ["examples/patterns", "examples/database"] {
        for (path, text) in files(&format!("{folder}/src/bin"), "rs") {
            let name = path.rsplit('/').next().expect("a name").trim_end_matches(".rs");
            if !root().join(format!("{folder}/expected/{name}.txt")).exists() {
                complaints.push(format!("{path}: what it prints is not checked"));
            }
            if !text.contains("//! Replaces ") {
                complaints.push(format!("{path}: which code it replaces is not said"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn the_two_commands_of_the_readme_are_those_of_the_developer_script() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a readme");
    let script = fs::read_to_string(root().join("dev")).expect("the developer script");
    let ci = fs::read_to_string(root().join(".ci/run")).expect("what CI runs");
    for command in ["demo", "test"] {
        assert!(readme.contains(&format!("./dev {command}")), "{command}");
        assert!(script.contains(&format!("./dev {command} ")), "{command} has no usage");
        assert!(root().join("scripts").join(command).exists(), "scripts/{command} is missing");
    }
    assert!(ci.contains("./dev test"), "CI runs the same tests");
}
