//! The scripts of `./dev prove` begin: what they are made of is there.

use std::{fs, process::Command};

use super::root;

#[test]
fn a_proof_says_what_it_takes_when_it_is_asked_for_nonsense() {
    let proofs = fs::read_dir(root().join("scripts/prove")).expect("a folder");
    let names = proofs.map(|entry| entry.expect("a file").file_name().into_string().expect("text"));
    let names: Vec<String> = names.filter(|name| !name.contains('.')).collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        let mut proof = Command::new(root().join("dev"));
        let ended = proof.args(["prove", &name, "--nonsense"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(&format!("./dev prove {name}")), "{name}: {said}");
    }
}
