//! Dependencies run downhill, and never in a circle.

use std::collections::BTreeSet;

use super::{assert_none, code, files, graph::Library};

/// The rooms of the library, from the lowest floor up. A room uses only rooms that stand before it.
const ROOMS: [&str; 29] = [
    "task",
    "clock",
    "hashing",
    "error_chain",
    "json",
    "value_error",
    "policy",
    "job",
    "error",
    "stats",
    "settle",
    "waiters",
    "store",
    "session",
    "group_commit",
    "outbox",
    "event",
    "client",
    "queue",
    "producer",
    "topic",
    "call",
    "broadcast",
    "schedule",
    "flow",
    "worker",
    "receive",
    "testing",
    // A test of all errors.
    "error_texts",
];

fn room(file: &str) -> &str {
    let inside = file.trim_start_matches("jobqueue/src/");
    inside.split(['/', '.']).next().expect("a name")
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
fn no_file_is_in_a_circle() {
    let library = Library::read();
    let mut graph = library.uses();
    assert!(graph.len() > 100, "the library has more files than that");
    // A file that uses none of those left can be taken away. What can't be is in a circle, or above
    // one.
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
        // The test of all errors has texts of the store.
        if path.starts_with("jobqueue/src/store/") || path.ends_with("/error_texts.rs") {
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
