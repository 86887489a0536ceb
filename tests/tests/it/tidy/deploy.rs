//! The files under `deploy/` name metrics and paths that exist.

use std::{collections::BTreeSet, fs, path::Path};

use super::{assert_none, root};

/// The words of a text that begin as the names of our metrics do.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("jobqueue_")).collect()
}

/// All files of a folder and the folders in it, with their texts.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = fs::read_to_string(&path).expect("text");
            found.push((path.display().to_string(), text));
        }
    }
    found
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn what_is_deployed_names_metrics_that_exist() {
    let sources = ["jobqueue/src/stats/prometheus.rs", "jobqueue-monitor/src/metrics.rs"].map(text);
    let known: BTreeSet<&str> = sources.iter().flat_map(|source| metrics(source)).collect();
    assert!(known.len() >= 18, "only {known:?}");
    // The crate, in words of `systemd/` and `kubernetes/`.
    let known = |name: &str| name == "jobqueue_monitor" || known.contains(histogram(name));
    let (mut named, mut unknown) = (0, Vec::new());
    for (path, text) in files(&root().join("deploy")) {
        named += metrics(&text).len();
        let missing = metrics(&text).into_iter().filter(|name| !known(name));
        unknown.extend(missing.map(|name| format!("{path}: {name}")));
    }
    assert!(named >= 20, "only {named} names were found");
    assert_none(&unknown);
}

/// The histogram of one of its series.
fn histogram(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

#[test]
fn probes_ask_for_paths_that_exist() {
    let router = text("jobqueue-monitor/src/monitor.rs");
    let pod = text("deploy/kubernetes/worker.yaml");
    let paths = pod.split("path: ").skip(1).filter_map(|rest| rest.split(',').next());
    let paths: Vec<&str> = paths.collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    let missing = paths.iter().filter(|path| !router.contains(&format!(".route(\"{path}\"")));
    assert_none(&missing.map(ToString::to_string).collect::<Vec<_>>());
}
