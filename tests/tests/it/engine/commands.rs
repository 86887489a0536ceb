//! The engine has every command that the scripts and the store send.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What the store sends to sites that an engine never is: clusters and sentinels.
const ELSEWHERE: [&str; 3] = ["ASKING", "CLUSTER", "SENTINEL"];

/// What a report on a server asks for, and says that it is hidden where there is no such thing.
const ASKED: [&str; 3] = ["CONFIG", "MEMORY", "SLOWLOG"];

/// What the engine has beside commands on the keyspace.
const SERVER: [&str; 11] = [
    "BLPOP",
    "CLIENT",
    "EVAL",
    "EVALSHA",
    "INFO",
    "PING",
    "PUBLISH",
    "ROLE",
    "SUBSCRIBE",
    "WAIT",
    "WAITAOF",
];

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|it| it == ending) {
            found.push(path);
        }
    }
}

/// The words in capitals that follow a text, anywhere in the files of a folder.
fn words_after(text: &str, folder: &str, ending: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut paths = Vec::new();
    files(&root, ending, &mut paths);
    let mut words = BTreeSet::new();
    for path in paths {
        let whole = fs::read_to_string(&path).expect("a text");
        for rest in whole.split(text).skip(1) {
            let word = rest.chars().take_while(char::is_ascii_uppercase).collect::<String>();
            if word.len() > 1 {
                words.insert(word);
            }
        }
    }
    words
}

fn missing(wanted: BTreeSet<String>, others: &[&'static str]) -> Vec<String> {
    let has: BTreeSet<_> = jobqueue_engine::commands().chain(others.iter().copied()).collect();
    wanted.into_iter().filter(|word| !has.contains(word.as_str())).collect()
}

#[test]
fn every_command_of_the_scripts() {
    let called = words_after("redis.call('", "lua", "lua");
    assert!(called.len() > 30, "{called:?}");
    assert_eq!(missing(called, &[]), Vec::<String>::new());
}

#[test]
fn every_command_of_the_store() {
    let sent = words_after("cmd(\"", "jobqueue/src", "rs");
    assert!(sent.len() > 10, "{sent:?}");
    let others: Vec<_> = SERVER.into_iter().chain(ELSEWHERE).chain(ASKED).collect();
    assert_eq!(missing(sent, &others), Vec::<String>::new());
}
