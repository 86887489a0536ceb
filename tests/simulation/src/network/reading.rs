//! What goes over a connection, as people read it.

use std::collections::HashMap;

use bytes::Bytes;
use jobqueue::internals::scripts;
use jobqueue_engine::{Clock, Engine, Reply};

use crate::plan::Way;

/// The most characters of a request or a reply.
const LONGEST: usize = 200;

/// Knows the names of scripts by their hashes.
pub(crate) struct Reading(HashMap<String, &'static str>);

impl Reading {
    /// For a run that somebody wants to read.
    pub(crate) fn new(readable: bool) -> Self {
        // One of its own: to the other this would be a call like any other.
        let (engine, mut names) = (Engine::new(Clock::standing_at(0), 0), HashMap::new());
        for script in scripts().into_iter().filter(|_| readable) {
            let words = ["SCRIPT", "LOAD", script.source].map(|word| Bytes::from(word.to_owned()));
            if let Reply::Bulk(sha) = engine.call(&words) {
                names.insert(String::from_utf8_lossy(&sha).into_owned(), script.name);
            }
        }
        Self(names)
    }

    pub(crate) fn text(&self, way: Way, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes);
        let words: Vec<&str> = text
            .split("\r\n")
            .filter(|line| way == Way::Back || !line.starts_with(['*', '$']))
            .collect();
        let mut said = Vec::new();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            match self.0.get(word) {
                // Of its keys, one that tells the queue is enough.
                Some(script) => {
                    let count = words.next().and_then(|count| count.parse().ok()).unwrap_or(0);
                    let keys: Vec<&str> = words.by_ref().take(count).collect();
                    said.extend([*script, keys.first().copied().unwrap_or_default()]);
                }
                None if word == "EVALSHA" => {}
                None => said.push(word),
            }
        }
        let text = said.join(" ");
        let readable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '.' };
        text.chars().map(readable).take(LONGEST).collect()
    }
}
