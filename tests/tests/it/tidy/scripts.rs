//! Each script, its header, its Rust command and its tests agree.

use std::{collections::BTreeMap, fs};

use super::{assert_none, code, files, root};

/// The scripts' tests, in the folders of `lua/`.
const TESTS: &str = "tests/tests/it/script";

/// The most lines of code of an entry, and of one helper.
const LONGEST_ENTRY: usize = 80;
const LONGEST_HELPER: usize = 45;

/// An entry: its folder and name, and its text.
fn entries() -> Vec<(String, String, String)> {
    let split = |(path, text): (String, String)| {
        let (folder, name) = path.trim_start_matches("lua/").split_once('/')?;
        let name = name.trim_end_matches(".lua");
        (folder != "lib").then(|| (folder.to_owned(), name.to_owned(), text))
    };
    files("lua", "lua").into_iter().filter_map(split).collect()
}

fn lua_code(text: &str) -> usize {
    text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("--")).count()
}

/// The text of a header after a tag, over all its lines.
fn section(text: &str, tag: &str) -> Option<String> {
    let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
    let start = header.iter().position(|line| line.starts_with(&format!("-- {tag} ")))?;
    let more = header[start + 1..].iter().take_while(|line| line.starts_with("--       "));
    let first = header[start].trim_start_matches("-- ").trim_start_matches(tag);
    let lines = std::iter::once(first).chain(more.map(|line| line.trim_start_matches("--")));
    Some(lines.map(str::trim).collect::<Vec<_>>().join("\n"))
}

/// The columns of KEYS, in the names of the Rust side: `running` → `Running`.
fn header_keys(text: &str) -> Option<Vec<String>> {
    let keys = section(text, "KEYS")?;
    let named = |line: &str| {
        let mut words = line.split_whitespace();
        words.next()?.parse::<u32>().ok()?;
        let name = words.next()?;
        // Keys beyond the columns, such as `9… unique`, have no number of their own.
        Some(name[..1].to_uppercase() + &name[1..])
    };
    Some(keys.lines().filter_map(named).collect())
}

fn rust_keys(text: &str) -> Vec<String> {
    let from = text.find("const KEYS").expect("KEYS");
    let list = &text[from..text[from..].find(';').expect("an end") + from];
    list.split("Key::")
        .skip(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect()
}

fn rust_libs(text: &str) -> Vec<String> {
    let from = text.find("script!(").expect("a script");
    let call = &text[from..text[from..].find(';').expect("an end") + from];
    let list = call.split(['[', ']']).nth(1).unwrap_or_default();
    list.split(',').map(|lib| lib.trim().to_owned()).filter(|lib| !lib.is_empty()).collect()
}

/// The helper that answers most calls before the others are made.
fn rust_first(text: &str) -> Option<&str> {
    let call = &text[text.find("script!(").expect("a script")..];
    let (list, _) = call.split_once('[').expect("helpers");
    list.split_whitespace()
        .skip_while(|word| *word != "first")
        .nth(1)
        .map(|it| it.trim_matches(','))
}

#[test]
fn headers_and_commands_agree() {
    let mut complaints = Vec::new();
    for (folder, name, text) in entries() {
        let mut complain = |what: &str| complaints.push(format!("{folder}/{name}: {what}"));
        if !text.starts_with(&format!("--- {name}: ")) {
            complain("the header begins with its name and what it does");
        }
        for tag in ["KEYS", "ARGV", "REPLY", "ERR", "USES"] {
            if section(&text, tag).is_none() {
                complain(&format!("the header has no {tag}"));
            }
        }
        let command = format!("jobqueue/src/store/command/{folder}/{name}.rs");
        let Ok(rust) = fs::read_to_string(root().join(&command)) else {
            complain(&format!("{command} is missing"));
            continue;
        };
        if header_keys(&text).unwrap_or_default() != rust_keys(&rust) {
            complain("KEYS of the header and of the command differ");
        }
        let uses = section(&text, "USES").unwrap_or_default().replace('\n', " ");
        let uses: Vec<&str> = uses.split(',').map(str::trim).filter(|lib| *lib != "none").collect();
        if uses != rust_libs(&rust) {
            complain("USES of the header and the includes of the command differ");
        }
        if section(&text, "FIRST").as_deref() != rust_first(&rust) {
            complain("FIRST of the header and of the command differ");
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_script_has_tests_at_its_own_path() {
    let tests: BTreeMap<String, String> = files(TESTS, "rs").into_iter().collect();
    let mut complaints = Vec::new();
    for (folder, name, _) in entries() {
        let mut complain = |what: &str| complaints.push(format!("{folder}/{name}: {what}"));
        let paths = ["", "/mod"].map(|end| format!("{TESTS}/{folder}/{name}{end}.rs"));
        let [file, folder_file] = paths.each_ref().map(|path| tests.get(path));
        let (true, Some(text)) = (file.is_none() || folder_file.is_none(), file.or(folder_file))
        else {
            complain(&format!("its tests stand at either {}", paths.join(" or ")));
            continue;
        };
        if !text.starts_with(&format!("//! `lua/{folder}/{name}.lua`\n")) {
            complain("its tests don't begin with its path");
        }
        if !text.contains(&format!("rig(\"{folder}/{name}\")")) || !text.contains("#[test]") {
            complain("its tests don't call it");
        }
        let list = tests.get(&format!("{TESTS}/{folder}/mod.rs"));
        if !list.is_some_and(|list| list.contains(&format!("\nmod {name};\n"))) {
            complain(&format!("{TESTS}/{folder}/mod.rs doesn't name its tests"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn every_test_of_a_script_has_its_script() {
    let mut complaints = Vec::new();
    for (path, _) in files(TESTS, "rs") {
        let inside = path.trim_start_matches(TESTS).trim_start_matches('/').trim_end_matches(".rs");
        let has_script = match inside.split('/').collect::<Vec<_>>()[..] {
            ["mod"] => true,
            [folder, "mod"] => root().join("lua").join(folder).is_dir(),
            [folder, name, ..] => root().join(format!("lua/{folder}/{name}.lua")).is_file(),
            _ => false,
        };
        if !has_script {
            complaints.push(format!("{path} belongs to no script"));
        }
    }
    assert_none(&complaints);
}

#[test]
fn scripts_are_small_and_write_only_after_their_refusals() {
    let mut complaints = Vec::new();
    for (folder, name, text) in entries() {
        if lua_code(&text) > LONGEST_ENTRY {
            complaints.push(format!("{folder}/{name} has {} lines of code", lua_code(&text)));
        }
        let last_refusal = text.rfind("error_reply").or(text.rfind("_refusal("));
        let writes = [
            "'HSET'",
            "'ZADD'",
            "'HDEL'",
            "'ZREM'",
            "'DEL'",
            "'UNLINK'",
            "'RPUSH'",
            "'XADD'",
            "'HINCRBY'",
        ];
        let first_write = writes.iter().filter_map(|write| text.find(write)).min();
        // `obliterate` works in steps, and refuses before the first of them.
        if let (Some(refusal), Some(write)) = (last_refusal, first_write)
            && write < refusal
        {
            complaints.push(format!("{folder}/{name} may refuse after it has written"));
        }
    }
    for (path, text) in files("lua/lib", "lua") {
        for helper in text.split("\nlocal function ").skip(1) {
            if lua_code(helper) > LONGEST_HELPER {
                let name = helper.split('(').next().unwrap_or_default();
                complaints.push(format!("{path}: {name} has {} lines", lua_code(helper)));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn helpers_are_named_by_their_file() {
    let mut complaints = Vec::new();
    for (path, text) in files("lua/lib", "lua") {
        let noun = path.rsplit('/').next().expect("a name").trim_end_matches(".lua").to_owned();
        for line in text.lines().filter_map(|line| line.strip_prefix("local function ")) {
            if !line.starts_with(&noun) {
                complaints.push(format!("{path}: {line}"));
            }
        }
    }
    // The commands' files hold nothing but code that is there for them.
    assert!(!code("// a\n\nx\n#[cfg(test)]\ny").contains(&"y"));
    assert_none(&complaints);
}

/// The embedded server makes a script's functions once: what stands at the top of a file must be the
/// same in each call. So no function assigns to a constant, or into a table of constants.
#[test]
fn scripts_keep_nothing_from_one_call_to_the_next() {
    let is_assigned = |line: &str| {
        let line = line.trim_start();
        let name = line.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').count();
        let rest = line[name..].trim_start();
        let rest = match rest.strip_prefix('[') {
            Some(index) => index.split_once(']').map_or("", |(_, rest)| rest).trim_start(),
            None => rest,
        };
        name > 1 && rest.starts_with('=') && !rest.starts_with("==")
    };
    let mut complaints = Vec::new();
    for (path, text) in files("lua", "lua") {
        for line in text.lines().filter(|line| line.starts_with(' ') && is_assigned(line)) {
            complaints.push(format!("{path}: {line}"));
        }
    }
    assert_none(&complaints);
}
