//! Programs that are watched, signalled and killed.

use std::{
    env, fmt,
    io::{BufRead as _, BufReader, Read},
    mem,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

use crate::{
    kill_on_exit::{self, KillOnExit},
    wait::eventually,
};

/// A running program. It is killed when this is dropped, and when the test process ends in any way.
#[derive(Debug)]
pub struct Process {
    child: Child,
    guard: Option<KillOnExit>,
    output: Arc<Mutex<Vec<Line>>>,
}

/// A line that a program has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where to.
    pub stream: Stream,
    /// The line, without its end.
    pub text: String,
}

/// One of a program's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Process {
    /// Starts a program and gathers all it writes.
    ///
    /// # Panics
    /// It can't be started.
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{command:?} doesn't start: {error}"));
        let guard = Some(KillOnExit::new(&child, None));
        let output = Arc::default();
        gather(child.stdout.take(), Stream::Out, &output);
        gather(child.stderr.take(), Stream::Err, &output);
        Self { child, guard, output }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All lines so far, of both outputs.
    #[must_use]
    pub fn output(&self) -> Vec<Line> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it has written a line that contains `text`, on either output, and gives that
    /// line.
    ///
    /// # Panics
    /// It doesn't in time, or ends without; the message has its output.
    pub async fn line(&mut self, text: &str) -> String {
        eventually("a line that a program writes", async || self.look_for(text)).await
    }

    fn look_for(&mut self, text: &str) -> Option<String> {
        // In this order: the last lines of an ended program may still be in the pipe.
        let ended = self.has_ended();
        let found = self.output().into_iter().find(|line| line.text.contains(text));
        assert!(found.is_some() || !ended, "ended without a line with {text:?}:\n{self}");
        found.map(|line| line.text)
    }

    /// Sends a signal. Nothing happens if it has ended.
    pub fn signal(&mut self, signal: Signal) {
        // Once it has been waited for, another process may have its id.
        if self.status().is_none() {
            let sent = kill_process(Pid::from_child(&self.child), signal);
            sent.expect("a child can be signalled");
        }
    }

    /// Waits until it has ended by itself or by a signal.
    ///
    /// # Panics
    /// It doesn't in time.
    pub async fn exit(&mut self) -> ExitStatus {
        eventually("a program to end", async || self.status()).await
    }

    fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Whether it has ended and all it wrote has been gathered: each gatherer holds its output
    /// until then.
    fn has_ended(&mut self) -> bool {
        self.status().is_some() && Arc::strong_count(&self.output) == 1
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(guard) = mem::take(&mut self.guard) {
            kill_on_exit::kill(&mut self.child, guard);
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.output().iter().try_for_each(|line| writeln!(f, "{:?}: {}", line.stream, line.text))
    }
}

fn gather(
    pipe: Option<impl Read + Send + 'static>,
    stream: Stream,
    output: &Arc<Mutex<Vec<Line>>>,
) {
    let (pipe, output) = (pipe.expect("the pipe was asked for"), output.clone());
    thread::spawn(move || {
        for text in BufReader::new(pipe).lines().map_while(Result::ok) {
            output.lock().unwrap_or_else(PoisonError::into_inner).push(Line { stream, text });
        }
    });
}

/// The path of an example program, built now if need be.
///
/// # Panics
/// It can't be built.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    // <target>/<profile>/deps/<test binary>
    let tests = env::current_exe().expect("this program has a path");
    let profile_dir = tests.ancestors().nth(2).expect("test binaries stand in <profile>/deps");
    let target = profile_dir.parent().expect("profiles stand in the target directory");
    let profile = if profile_dir.ends_with("release") { "release" } else { "dev" };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "jobqueue-examples", "--bin", name])
        .args(["--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status();
    assert!(built.is_ok_and(|status| status.success()), "the example {name} can't be built");
    profile_dir.join(name)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::process::ExitStatusExt as _, path::Path};

    use super::*;

    fn shell(script: &str) -> Process {
        Process::spawn(Command::new("sh").args(["-c", script]))
    }

    #[tokio::test]
    async fn lines_of_both_outputs_are_seen() {
        let mut process = shell("echo ready 1; echo oh dear >&2; exit 3");
        assert_eq!(process.line("ready").await, "ready 1");
        assert_eq!(process.line("dear").await, "oh dear");
        assert_eq!(process.exit().await.code(), Some(3));
    }

    #[tokio::test]
    #[should_panic(expected = "Out: only this")]
    async fn a_program_that_ends_without_the_line_is_not_waited_for() {
        shell("echo only this").line("ready").await;
    }

    #[tokio::test]
    async fn it_can_be_asked_to_end() {
        let mut process =
            shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done");
        process.line("up").await;
        process.signal(Signal::TERM);
        process.line("bye").await;
        assert!(process.exit().await.success());
        process.signal(Signal::TERM);
    }

    #[tokio::test]
    async fn it_can_be_killed_though_stopped() {
        let mut process = shell("sleep 100");
        process.signal(Signal::STOP);
        process.signal(Signal::KILL);
        assert_eq!(process.exit().await.signal(), Some(9));
    }

    #[test]
    fn nothing_is_left_of_a_dropped_process() {
        let process = shell("exec sleep 100");
        let entry = format!("/proc/{}", process.pid());
        assert!(Path::new(&entry).exists());
        drop(process);
        assert!(!Path::new(&entry).exists());
    }

    /// The same happens to the children of a test process that is killed.
    #[tokio::test]
    async fn a_closed_pipe_kills() {
        let mut process = shell("exec sleep 100");
        let dir = tempfile::tempdir().unwrap();
        let mut guard = KillOnExit::new(&process.child, Some(dir.path()));
        guard.break_pipe();
        assert_eq!(process.exit().await.signal(), Some(9));
        eventually("the directory to go", async || !dir.path().exists()).await;
    }
}
