//! The scripts, as they are sent to Redis; or with one statement missing, to see which test
//! notices.

use std::{env, fs, ops::RangeInclusive, path::Path, sync::LazyLock};

use jobqueue::internals::{self, ScriptText};

/// The variable that names the lines of a file under `lua/` that are left out:
/// `lib/settle.lua:42-43`.
pub const MUTANT: &str = "JOBQUEUE_TEST_MUTANT";

/// Every script.
///
/// # Panics
/// `JOBQUEUE_TEST_MUTANT` is set, but names no lines of a script.
#[must_use]
pub fn scripts() -> &'static [ScriptText] {
    static SCRIPTS: LazyLock<Vec<ScriptText>> = LazyLock::new(|| {
        let scripts = internals::scripts();
        match env::var(MUTANT) {
            Ok(lines) => mutated(scripts, &lines),
            Err(_) => scripts,
        }
    });
    &SCRIPTS
}

/// Whether each call of this script is carried out once, by a number behind its own arguments.
#[must_use]
pub fn is_once(source: &str) -> bool {
    source.contains("\nreturn call_once(")
}

/// The columns that a script's header names under KEYS.
#[must_use]
pub fn keys(source: &str) -> Vec<String> {
    let lines = source.lines().skip_while(|line| !line.starts_with("-- KEYS"));
    let lines = lines.take_while(|line| !line.starts_with("-- ARGV"));
    let name = |line: &str| {
        let mut words =
            line.trim_start_matches("-- KEYS").trim_start_matches("--").split_whitespace();
        words.next()?.parse::<u32>().ok()?;
        words.next().map(str::to_owned)
    };
    lines.filter_map(name).collect()
}

/// The scripts without some lines of a file that they include.
fn mutated(mut scripts: Vec<ScriptText>, lines: &str) -> Vec<ScriptText> {
    let (file, removed) = named(lines).unwrap_or_else(|| wrong(lines));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lua").join(file);
    let whole = fs::read_to_string(&path).unwrap_or_else(|_| wrong(lines));
    let kept: String = (1..)
        .zip(whole.split_inclusive('\n'))
        .filter(|(number, _)| !removed.contains(number))
        .map(|(_, line)| line)
        .collect();
    for script in scripts.iter_mut().filter(|script| script.source.contains(&whole)) {
        script.source = script.source.replace(&whole, &kept).leak();
    }
    scripts
}

/// The file, and which of its lines are left out, from 1.
fn named(lines: &str) -> Option<(&str, RangeInclusive<usize>)> {
    let (file, range) = lines.split_once(':')?;
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((file, first.parse().ok()?..=last.parse().ok()?))
}

fn wrong(lines: &str) -> ! {
    panic!("{MUTANT} is {lines:?}, but should be like lib/settle.lua:42-43")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_lines_are_missing_in_every_script_that_includes_the_file() {
        let (whole, cut) = (internals::scripts(), mutated(internals::scripts(), "lib/wake.lua:5"));
        let changed: Vec<_> =
            whole.iter().zip(&cut).filter(|(a, b)| a.source != b.source).collect();
        assert!(changed.len() > 3, "many scripts wake workers");
        for (before, after) in changed {
            let lines = |script: &ScriptText| script.source.lines().count();
            assert_eq!(lines(before), lines(after) + 1, "{}", before.name);
        }
    }

    #[test]
    #[should_panic(expected = "should be like")]
    fn lines_of_no_file_are_found_out() {
        let _ = mutated(internals::scripts(), "lib/nothing.lua:1");
    }
}
