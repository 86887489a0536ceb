//! Every link in the Markdown files points at something that exists.
//!
//! The README is also the page of the crate at its registry, which resolves a relative link against
//! the crate's folder in the repository and not against the root. So its links are absolute.

use std::fs;

use super::{assert_none, root};

/// The folders whose pages are checked, besides the root's.
const FOLDERS: [&str; 10] = [
    ".",
    "benches",
    "deploy",
    "docs",
    "examples",
    "jobqueue/src/docs",
    "lua",
    "scripts",
    "tests",
    "tests/browser",
];

/// The pages, as paths from the root and texts without their fenced code.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for folder in FOLDERS.iter().filter(|folder| root().join(folder).is_dir()) {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.file_name().expect("a name").to_string_lossy();
                let text = fs::read_to_string(&path).expect("text");
                let text: Vec<&str> = text.split("```").step_by(2).collect();
                pages.push((format!("{folder}/{name}"), text.concat()));
            }
        }
    }
    assert!(pages.len() >= 5, "only {} pages", pages.len());
    pages
}

/// The targets of `[text](target)` and `[text]: target`.
fn links(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let below = text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    inline.chain(below.map(|(_, target)| target.trim())).collect()
}

/// The URL of the repository, which stands in `Cargo.toml` alone.
fn repository() -> String {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let line = manifest.lines().find_map(|line| line.strip_prefix("repository = "));
    line.expect("a repository").trim_matches('"').to_owned()
}

/// What is wrong with a link on a page, if anything.
fn fault(page: &str, target: &str, repository: &str) -> Option<String> {
    let (target, _) = target.split_once('#').unwrap_or((target, ""));
    if let Some(inside) = target.strip_prefix(repository) {
        // `/blob/HEAD/path`, `/tree/HEAD/path`, `/raw/HEAD/path`; all else isn't a file.
        let (_, path) = inside.split_once("/HEAD/")?;
        return (!root().join(path).exists()).then(|| "not in the repository".to_owned());
    }
    if target.starts_with("https://") {
        let ours = target.starts_with("https://github.com/") && target.contains("jobqueue");
        return ours.then(|| format!("the repository is {repository}"));
    }
    // A place on the same page, or an item that rustdoc finds and checks.
    if target.is_empty() || target.contains("crate::") {
        return None;
    }
    if page == "./README.md" {
        return Some("relative, which a registry resolves in another folder".to_owned());
    }
    let folder = root().join(page).parent().expect("a folder").to_owned();
    (!folder.join(target).exists()).then(|| "no such file".to_owned())
}

#[test]
fn every_link_points_at_something_that_exists() {
    let repository = repository();
    let mut complaints = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        for target in links(&text) {
            count += 1;
            if let Some(fault) = fault(&page, target, &repository) {
                complaints.push(format!("{page}: {target}: {fault}"));
            }
        }
    }
    assert!(count > 50, "only {count} links");
    assert_none(&complaints);
}

#[test]
fn broken_links_are_found() {
    let repository = "https://github.com/a/jobqueue";
    let fault = |page, target| fault(page, target, repository).is_some();
    assert!(fault("./README.md", "ARCHITECTURE.md"));
    assert!(fault("./CHANGELOG.md", "nowhere.md"));
    assert!(fault("benches/README.md", "ARCHITECTURE.md#costs"));
    assert!(fault("./README.md", "https://github.com/a/jobqueue/blob/HEAD/nowhere.md"));
    assert!(fault("./README.md", "https://github.com/b/jobqueue/blob/HEAD/README.md"));
    assert!(!fault("benches/README.md", "../ARCHITECTURE.md#costs"));
    assert!(!fault("./README.md", "https://github.com/a/jobqueue/blob/HEAD/dev"));
    assert_eq!(links("see [a](b.md), [c](d#e) and\n[f]: https://g"), ["b.md", "d#e", "https://g"]);
}
