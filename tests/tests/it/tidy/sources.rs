//! Sizes, names, and text that must not be in the sources.

use std::fs;

use super::{assert_none, code, files, root};

/// The most lines of code in a file of the library.
const LONGEST_FILE: usize = 300;

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
fn no_todo_is_left() {
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

/// Otherwise tokio looks at random which comes first, and a simulation that is played again takes
/// another way.
#[test]
fn every_select_says_in_which_order_it_looks() {
    let mut complaints = Vec::new();
    for folder in ["jobqueue/src", "jobqueue-engine/src", "tests/simulation/src"] {
        for (path, text) in files(folder, "rs") {
            let lines = code(&text);
            let begins = lines.windows(2).filter(|pair| pair[0].contains("select! {"));
            complaints.extend(
                begins
                    .filter(|pair| pair[1].trim() != "biased;")
                    .map(|pair| format!("{path}: select! without biased: {}", pair[1].trim())),
            );
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
fn every_test_named_in_the_tests_readme_exists() {
    let readme = fs::read_to_string(root().join("tests/README.md")).expect("a readme");
    let is_path = |text: &&str| {
        let named = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
        text.contains("::") && text.chars().all(named)
    };
    let paths: Vec<&str> = readme.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(paths.len() > 50, "only {} tests are named", paths.len());
    let missing = paths.into_iter().filter(|path| !test_exists(path));
    assert_none(&missing.map(str::to_owned).collect::<Vec<_>>());
}

/// Whether there is a test or a module of tests of this path, from `it` or from `it::fault`.
fn test_exists(path: &str) -> bool {
    ["tests/tests/it", "tests/tests/it/fault"].iter().any(|folder| {
        let text = |module: &str| {
            let file = root().join(folder).join(module.replace("::", "/"));
            fs::read_to_string(file.with_extension("rs"))
                .or_else(|_| fs::read_to_string(file.join("mod.rs")))
        };
        let (module, test) = path.rsplit_once("::").unwrap_or(("", path));
        text(path).is_ok() || text(module).is_ok_and(|text| text.contains(&format!("fn {test}(")))
    })
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
fn the_readmes_two_commands_are_those_of_the_developer_script() {
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
