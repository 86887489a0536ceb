//! Child processes that don't outlive the test process, however that one ends.

use std::{
    ffi::OsStr,
    io::Write as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Kills process `$1` and removes directory `$2` when the pipe breaks; a line through the pipe
/// calls it off.
///
/// A browser's own children end a moment after it, and may still write into the directory, so it is
/// removed more than once.
///
/// Ctrl-C reaches the whole process group, so this ignores it: it ends by the pipe, and by nothing
/// else.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
read -r _ && exit
kill -KILL "$1" 2>/dev/null
[ -z "$2" ] && exit
for _ in 1 2 3 4 5; do rm -rf -- "$2"; sleep 0.2; done
"#;

/// Ties a child process to this one by a pipe whose other end a small shell reads.
///
/// `Drop` isn't run for statics, nor when a process aborts or is killed, but the kernel always
/// closes the pipe. `PR_SET_PDEATHSIG` is no substitute: it fires when the *thread* that spawned
/// the child ends, and each test is a thread.
#[derive(Debug)]
pub struct KillOnExit(Child);

impl KillOnExit {
    /// Ties `child` to this process, and with it a directory to remove.
    #[must_use]
    pub fn new(child: &Child, dir: Option<&Path>) -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "kill-on-exit", &child.id().to_string()])
            .arg(dir.map_or_else(|| OsStr::new(""), Path::as_os_str))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(shell.expect("/bin/sh starts"))
    }

    /// Closes the pipe, as the kernel does when this process ends.
    #[cfg(test)]
    pub(crate) fn break_pipe(&mut self) {
        self.0.stdin = None;
    }
}

impl Drop for KillOnExit {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.0.stdin.take() {
            // It fails only if the shell has been killed, and then there is nothing to call off.
            let _ = pipe.write_all(b"\n");
        }
        let _ = self.0.wait();
    }
}

/// Kills a child and ends its guard, in this order: until `wait`, a dead child keeps its id, so the
/// guard never signals a process id that another process has by now.
pub(crate) fn kill(child: &mut Child, guard: KillOnExit) {
    // It fails if the child has ended already.
    let _ = child.kill();
    drop(guard);
    let _ = child.wait();
}
