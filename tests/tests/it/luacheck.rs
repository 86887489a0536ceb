//! Every script as it is sent to Redis, checked by luacheck for misspelt and unused names.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::ErrorKind,
    path::Path,
    process::Command,
};

use jobqueue::internals::scripts;

/// Set to 1, as `./dev test` does, luacheck must be there. Plain `cargo test` needs a server alone.
const REQUIRED: &str = "JOBQUEUE_LUACHECK";

#[test]
fn scripts_have_no_warnings() {
    let Some(output) = luacheck() else {
        let required = env::var(REQUIRED).is_ok_and(|value| value == "1");
        assert!(!required, "luacheck is not on the PATH; on Debian: `apt-get install lua-check`");
        eprintln!("left out: luacheck is not on the PATH; `./dev test` installs it");
        return;
    };
    let report = Report::of(&output);
    assert!(report.0.is_empty(), "luacheck warns:\n{}", report.0.join("\n"));
}

/// The output of luacheck for all scripts; `None` if it isn't installed.
fn luacheck() -> Option<String> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    for script in scripts() {
        let path = dir.path().join(script.name).with_extension("lua");
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, script.source).expect("the script can be written");
    }
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.luacheckrc");
    let output = Command::new("luacheck")
        .args(["--formatter", "plain", "--codes", "--no-color", "--config"])
        .arg(config)
        .arg(".")
        .current_dir(dir.path())
        .output();
    match output {
        // 0: no warnings, 1: warnings. Errors, in a script or in the call, are more.
        Ok(output) if output.status.code().is_some_and(|code| code <= 1) => {
            Some(String::from_utf8(output.stdout).expect("luacheck writes text"))
        }
        Ok(output) => panic!("luacheck fails: {output:?}"),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("luacheck doesn't run: {error}"),
    }
}

/// The warnings that count. A file of helpers is included whole, so a helper may be unused in one
/// script; it may not be unused in all.
struct Report(Vec<String>);

impl Report {
    fn of(output: &str) -> Self {
        let (mut warnings, mut unused) = (Vec::new(), BTreeMap::<&str, BTreeSet<&str>>::new());
        for line in output.lines().filter(|line| !line.is_empty()) {
            match unused_function(line) {
                Some((script, function)) => {
                    unused.entry(function).or_default().insert(script);
                }
                None => warnings.push(line.to_owned()),
            }
        }
        for (function, scripts) in unused {
            if scripts == who_has(function) {
                warnings.push(format!("no script uses {function}"));
            }
        }
        Self(warnings)
    }
}

/// Script and function of a line such as `./job/add.lua:8:16: (W211) unused function 'clock_now'`.
fn unused_function(line: &str) -> Option<(&str, &str)> {
    let (place, warning) = line.split_once(": (W211) unused function '")?;
    let script = place.strip_prefix("./").unwrap_or(place).split(".lua:").next()?;
    Some((script, warning.split('\'').next()?))
}

fn who_has(function: &str) -> BTreeSet<&'static str> {
    let head = format!("local function {function}(");
    let has = scripts().into_iter().filter(|script| script.source.contains(&head));
    has.map(|script| script.name).collect()
}
