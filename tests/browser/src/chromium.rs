//! The one browser of a test process.

use std::{
    process::{Child, Command, Stdio},
    sync::{Arc, OnceLock},
};

use jobqueue_tests::kill_on_exit::KillOnExit;
use tempfile::TempDir;

use crate::pipe::Pipe;

/// Names of its program: Debian's, and others'.
const PROGRAMS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Descriptors 3 and 4 are the pipe, as `--remote-debugging-pipe` has it.
const START: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

/// It asks nobody anything, and looks the same everywhere. Tests run as root in containers, where its
/// sandbox can't be set up; it sees no page but ours.
const FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
];

struct Chromium {
    pipe: Arc<Pipe>,
    _child: Child,
    /// It kills the browser by its own process id, and removes its profile.
    _guard: KillOnExit,
}

/// The way to the browser, which is started by the first who asks. It ends with the test process.
///
/// # Panics
/// It isn't installed.
pub(crate) fn pipe() -> Arc<Pipe> {
    static BROWSER: OnceLock<Chromium> = OnceLock::new();
    BROWSER.get_or_init(start).pipe.clone()
}

fn start() -> Chromium {
    let program = PROGRAMS.iter().find(|program| is_there(program));
    let program =
        program.expect("no browser is on the PATH; on Debian: `apt-get install chromium`");
    // The guard removes it: nothing static is dropped.
    let profile = TempDir::with_prefix("jobqueue-chromium-").expect("a temporary folder").keep();
    let mut child = Command::new("/bin/sh")
        .args(["-c", START, "chromium", program])
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("/bin/sh starts");
    let guard = KillOnExit::new(&child, Some(&profile));
    let to = child.stdin.take().expect("the pipe was asked for");
    let from = child.stdout.take().expect("the pipe was asked for");
    Chromium { pipe: Pipe::open(to, from), _child: child, _guard: guard }
}

fn is_there(program: &str) -> bool {
    let mut look = Command::new("/bin/sh");
    look.args(["-c", "command -v \"$1\" >/dev/null", "look", program]);
    look.status().is_ok_and(|status| status.success())
}
