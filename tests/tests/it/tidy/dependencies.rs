//! Every dependency in `Cargo.lock` is one that `deny.toml` allows: licence, name and source.
//!
//! cargo-deny checks more, but isn't installed everywhere.

use std::{env, fs, process::Command};

use serde_json::Value;

use super::{assert_none, root};

/// All packages of `Cargo.lock`, for all platforms.
fn packages() -> Vec<Value> {
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages").clone();
    assert!(packages.len() > 100, "only {} packages", packages.len());
    packages
}

/// Without comments.
fn deny() -> String {
    let text = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

fn allowed_licences(deny: &str) -> Vec<&str> {
    let list = deny.split("\nallow = [").nth(1).expect("a list of licences");
    quoted(list.split(']').next().expect("an end"))
}

fn denied_crates(deny: &str) -> Vec<&str> {
    deny.split("crate = ").skip(1).filter_map(|rest| quoted(rest).first().copied()).collect()
}

/// Whether an SPDX expression can be satisfied with the allowed licences. `AND` binds before `OR`;
/// an exception (`WITH`) has to be allowed as it is written.
fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    // Old manifests write a slash for `OR`.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any(&mut words, allowed)
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut fine = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        fine |= all(words, allowed);
    }
    fine
}

fn all(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let mut fine = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        fine &= one(words, allowed);
    }
    fine
}

fn one(words: &mut Words<'_>, allowed: &[&str]) -> bool {
    let name = words.next().expect("a licence");
    if name == "(" {
        let fine = any(words, allowed);
        assert_eq!(words.next(), Some(")"));
        return fine;
    }
    match words.next_if_eq(&"WITH") {
        Some(_) => allowed.contains(&format!("{name} WITH {}", words.next().expect("")).as_str()),
        None => allowed.contains(&name),
    }
}

#[test]
fn licences_are_allowed_by_deny_toml() {
    let deny = deny();
    let allowed = allowed_licences(&deny);
    assert!(allowed.contains(&"MIT"), "{allowed:?}");
    let mut complaints = Vec::new();
    for package in packages() {
        match package["license"].as_str() {
            Some(licence) if satisfied(licence, &allowed) => {}
            licence => complaints.push(format!("{}: {licence:?}", package["name"])),
        }
    }
    assert_none(&complaints);
}

#[test]
fn no_dependency_is_denied_or_from_elsewhere_than_the_registry() {
    let deny = deny();
    let denied = denied_crates(&deny);
    assert!(denied.contains(&"openssl-sys"), "{denied:?}");
    let mut complaints = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        if denied.contains(&name) {
            complaints.push(format!("{name} is denied"));
        }
        // The workspace's own packages have no source.
        if let Some(source) = package["source"].as_str()
            && source != "registry+https://github.com/rust-lang/crates.io-index"
        {
            complaints.push(format!("{name} comes from {source}"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn an_expression_is_satisfied_by_one_side_of_or_and_both_of_and() {
    let allowed = ["MIT", "ISC"];
    for fine in ["MIT", "GPL-3.0 OR MIT", "Apache-2.0/MIT", "MIT AND ISC", "(X OR MIT) AND ISC"] {
        assert!(satisfied(fine, &allowed), "{fine}");
    }
    for wrong in ["GPL-3.0", "MIT AND X", "X OR MIT AND Y", "MIT WITH Z", "(X OR Y) AND MIT"] {
        assert!(!satisfied(wrong, &allowed), "{wrong}");
    }
}
