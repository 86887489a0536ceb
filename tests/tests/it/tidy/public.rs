//! The public API: few names at the root, one path an item, a `Queue` that one can survey.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use super::{assert_none, code, files, root};

/// The most names at the crate's root, modules aside.
const MOST_AT_ROOT: usize = 37;

/// The most public methods of `Queue`.
const MOST_OF_QUEUE: usize = 36;

/// Names that stand in two namespaces of the root: a trait and its derive macro are one name.
const TWO_NAMESPACES: [&str; 2] = ["JobError", "Payload"];

#[test]
fn the_root_has_few_names() {
    let api = public_api();
    let names: BTreeSet<&str> = api[""].iter().map(String::as_str).collect();
    assert!(names.contains("Client") && names.contains("job"), "{names:?}");
    assert!(names.len() <= MOST_AT_ROOT, "{} names at the root: {names:?}", names.len());
}

#[test]
fn each_item_has_one_path() {
    let api = public_api();
    assert!(api.len() > 15, "modules: {:?}", api.keys());
    let mut paths: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (module, names) in &api {
        for name in names {
            paths.entry(name).or_default().push(format!("{module}::{name}"));
        }
    }
    let complaints: Vec<String> = paths
        .into_iter()
        .filter(|(name, paths)| paths.len() > 1 + usize::from(TWO_NAMESPACES.contains(name)))
        .map(|(name, paths)| format!("{name} is public as {}", paths.join(" and ")))
        .collect();
    assert_none(&complaints);
}

#[test]
fn a_queue_has_few_methods() {
    let mut methods = BTreeSet::new();
    for (_, text) in files("jobqueue/src", "rs") {
        let lines = code(&text);
        for (at, _) in lines.iter().enumerate().filter(|(_, line)| **line == "impl Queue {") {
            let block = lines[at..].iter().take_while(|line| **line != "}");
            methods.extend(block.filter_map(|line| method(line)));
        }
    }
    assert!(methods.contains("add") && methods.contains("pause"), "{methods:?}");
    assert!(methods.len() <= MOST_OF_QUEUE, "{} methods: {methods:?}", methods.len());
}

/// The name of the public method that a line begins.
fn method(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("pub ")?;
    let rest = rest.trim_start_matches("const ").trim_start_matches("async ");
    let name = rest.strip_prefix("fn ")?.split(['(', '<']).next()?;
    Some(name.to_owned())
}

/// The public items of each module of the library, by the module's name; the root's is empty.
fn public_api() -> BTreeMap<String, Vec<String>> {
    let source = root().join("jobqueue/src");
    let text = fs::read_to_string(source.join("lib.rs")).expect("the library's root");
    let lines = code(&text);
    let mut api: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut module = String::new();
    let mut hidden = false;
    let mut own: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for line in lines {
        if line == "#[doc(hidden)]" {
            hidden = true;
        } else if let Some(name) = line.strip_prefix("pub mod ") {
            if let Some(name) = name.strip_suffix(" {") {
                module = if hidden { "hidden".to_owned() } else { name.to_owned() };
            } else if let Some(name) = name.strip_suffix(';') {
                let file = source.join(format!("{name}.rs"));
                let file = if file.exists() { file } else { source.join(name).join("mod.rs") };
                let text = fs::read_to_string(file).expect("the module's file");
                api.insert(name.to_owned(), items(&code(&text)));
            }
            hidden = false;
        } else if line == "}" {
            module.clear();
        } else {
            own.entry(module.clone()).or_default().push(line);
        }
    }
    own.remove("hidden");
    api.extend(own.into_iter().map(|(module, lines)| (module, items(&lines))));
    api
}

/// The items that lines of code make public: those of `pub use`, and those that stand there.
fn items(lines: &[&str]) -> Vec<String> {
    let text = lines.join("\n");
    let mut found = Vec::new();
    for statement in text.split("pub use ").skip(1) {
        let tree = statement.split(';').next().expect("a statement");
        found.extend(leaves(tree));
    }
    for line in lines {
        let kinds = ["struct ", "enum ", "trait ", "type ", "const ", "fn ", "async fn "];
        let Some(rest) = line.strip_prefix("pub ") else { continue };
        if let Some(rest) = kinds.iter().find_map(|kind| rest.strip_prefix(kind)) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
        }
    }
    found
}

/// The names that a tree of `use` brings in.
fn leaves(tree: &str) -> Vec<String> {
    tree.split(['{', '}', ','])
        .map(str::trim)
        .filter(|part| !part.is_empty() && !part.ends_with("::"))
        .map(|part| part.rsplit([':', ' ']).next().expect("a name").to_owned())
        .collect()
}

#[test]
fn the_reader_of_uses_sees_each_name() {
    let lines = [
        "pub(crate) use inner::Hidden;",
        "pub use crate::{",
        "    job::{Extra, Record},",
        "    worker::Once,",
        "};",
        "pub use store::Durability as Durable;",
        "pub type Result<T> = std::result::Result<T, Error>;",
        "pub struct Topic {",
    ];
    assert_eq!(items(&lines), ["Extra", "Record", "Once", "Durable", "Result", "Topic"]);
    assert_eq!(leaves("crate::job::Extra"), ["Extra"]);
}
