//! Dependencies run downhill, and never in a circle.

use std::collections::BTreeSet;

use super::{assert_none, code, files, graph::Library};

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

fn floor(room: &str) -> Option<usize> {
    ROOMS.iter().position(|each| *each == room)
}

#[test]
fn a_room_uses_only_lower_rooms() {
    let library = Library::read();
    let mut complaints = BTreeSet::new();
    for (file, uses) in library.uses() {
        let Some(own) = floor(room(file)) else {
            complaints.insert(format!("{file} stands in no room: give it a floor here"));
            continue;
        };
        for other in uses {
            if floor(room(other)).is_none_or(|floor| floor > own) {
                complaints.insert(format!("{file} uses {other}, which stands higher"));
            }
        }
    }
    assert_none(&complaints.into_iter().collect::<Vec<_>>());
}

#[test]
fn there_is_no_circle() {
    let mut graph = graph();
    // Modules that use no remaining module are removed, one after another; the rest is in a circle.
    while let Some(free) = graph
        .iter()
        .find(|(_, uses)| uses.iter().all(|other| !graph.contains_key(other)))
        .map(|(file, _)| *file)
    {
        graph.remove(free);
    }
    // And a file that none of those left uses stands above it.
    while let Some(top) =
        graph.keys().find(|file| !graph.values().any(|uses| uses.contains(*file))).copied()
    {
        graph.remove(top);
    }
    let left: BTreeSet<&str> = graph.keys().copied().collect();
    let complaints: Vec<String> = graph
        .iter()
        .map(|(file, uses)| {
            let circle: Vec<&str> = uses.iter().filter(|it| left.contains(*it)).copied().collect();
            format!("{file} uses {}", circle.join(", "))
        })
        .collect();
    assert_none(&complaints);
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
