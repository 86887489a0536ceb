//! Completions, manual pages, help.

use crate::program::{Ran, bare};

#[test]
fn shells_complete_its_commands() {
    let home = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish"] {
        let out = Ran::of(&mut bare(&home, &["completions", shell])).done().out;
        assert!(out.contains("dead-letters") && out.contains("obliterate"), "{shell}");
    }
    Ran::of(&mut bare(&home, &["completions", "sh"])).ends(2);
}

#[test]
fn manual_pages_are_written() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("man");
    Ran::of(&mut bare(&home, &["man", folder.to_str().expect("text")])).done();
    let page = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a page");
    assert!(page("jobqueue.1").contains("REDIS_URL"));
    assert!(page("jobqueue-job-move.1").contains("priority"));
}

#[test]
fn help_shows_no_url_of_the_surroundings() {
    let home = tempfile::tempdir().expect("a folder");
    let mut help = bare(&home, &["help", "queues"]);
    let help = Ran::of(help.env("REDIS_URL", "redis://:s3cret@host")).done();
    assert!(help.out.contains("--profile") && !help.out.contains("s3cret"), "{help:?}");
}
