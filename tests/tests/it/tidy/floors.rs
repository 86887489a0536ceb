//! Dependencies run downhill, and never in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::{assert_none, code, files};

/// The modules of the library and the floors they stand on. A module uses only lower floors, except
/// as said in [`NEIGHBOURS`].
const FLOORS: [(&str, u8); 11] = [
    ("flaw", 0),
    ("policy", 1),
    ("job", 1),
    ("error", 1),
    ("stats", 1),
    ("store", 2),
    ("event", 3),
    ("queue", 3),
    ("worker", 3),
    ("receive", 4),
    ("testing", 4),
];

/// Pairs on the same floor of which the first may use the second. `queue` and `event` know nothing
/// of `worker`.
const NEIGHBOURS: [(&str, &str); 6] = [
    ("job", "policy"),
    ("error", "job"),
    ("stats", "job"),
    ("stats", "policy"),
    ("queue", "event"),
    ("worker", "queue"),
];

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Which modules each module uses, from its `crate::` paths.
fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files("jobqueue/src", "rs") {
        let inside = path.trim_start_matches("jobqueue/src/");
        let module = inside.split(['/', '.']).next().expect("a name").to_owned();
        if module == "lib" {
            continue;
        }
        let uses = graph.entry(module.clone()).or_default();
        uses.extend(used(&code(&text)).into_iter().filter(|other| *other != module));
    }
    graph
}

/// The modules after `crate::`, alone or in braces.
fn used(lines: &[&str]) -> Vec<String> {
    let text = lines.join("\n");
    let mut found = Vec::new();
    for rest in text.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            for part in group.split_inclusive(['{', '}', ',']) {
                if depth == 0 {
                    found.push(first_word(part.trim()));
                }
                match part.chars().last() {
                    Some('{') => depth += 1,
                    Some('}') if depth == 0 => break,
                    Some('}') => depth -= 1,
                    _ => {}
                }
            }
        } else {
            found.push(first_word(rest));
        }
    }
    found.retain(|module| floor(module).is_some());
    found
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn every_module_has_a_floor_and_uses_only_lower_ones() {
    let mut complaints = Vec::new();
    for (module, uses) in graph() {
        let Some(own) = floor(&module) else {
            complaints.push(format!("{module} stands on no floor: give it one here"));
            continue;
        };
        for other in uses {
            let fine = floor(&other).is_some_and(|floor| floor < own)
                || NEIGHBOURS.contains(&(module.as_str(), other.as_str()));
            if !fine {
                complaints.push(format!("{module} uses {other}"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn there_is_no_circle() {
    let mut graph = graph();
    // Modules that use no remaining module are removed, one after another; the rest is in a circle.
    while let Some(free) = graph
        .iter()
        .find(|(_, uses)| uses.iter().all(|other| !graph.contains_key(other)))
        .map(|(module, _)| module.clone())
    {
        graph.remove(&free);
    }
    assert!(graph.is_empty(), "a circle among {graph:?}");
}

#[test]
fn the_reader_of_uses_sees_what_stands_there() {
    let lines = [
        "use crate::{",
        "    error::{Error, Result},",
        "    job::JobId,",
        "};",
        "crate::store::x()",
    ];
    assert_eq!(used(&lines), ["error", "job", "store"]);
}

#[test]
fn redis_and_keys_are_named_in_the_store_alone() {
    let mut complaints = Vec::new();
    for (path, text) in files("jobqueue/src", "rs") {
        if path.starts_with("jobqueue/src/store/") {
            continue;
        }
        for line in code(&text) {
            if line.contains("redis::") || line.contains("\"jq:") || line.contains("EVAL") {
                complaints.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert_none(&complaints);
}
