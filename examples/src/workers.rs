//! The worker processes of the demo.

use std::{env, io, process::Stdio};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

use crate::setup;

/// Worker processes in the background; killed if this is dropped.
#[derive(Debug)]
pub struct Workers(Vec<Child>);

impl Workers {
    /// Starts so many, from the program beside this one, for the server at a URL.
    ///
    /// # Errors
    /// The program can't be started.
    pub fn start(count: usize, url: &str, prefix: &str) -> io::Result<Self> {
        let program = env::current_exe()?.with_file_name("demo-worker");
        let start = |_| {
            Command::new(&program)
                .env(setup::URL, url)
                .env(setup::PREFIX, prefix)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", program.display()))
                })
        };
        (0..count).map(start).collect::<io::Result<_>>().map(Self)
    }

    /// Their process ids.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.0.iter().filter_map(Child::id).collect()
    }

    /// Waits until none is left, which nobody asked for.
    pub async fn all_gone(&mut self) {
        for worker in &mut self.0 {
            let _ = worker.wait().await;
        }
    }

    /// Asks those that are left to stop, and waits until they have.
    pub async fn stop(mut self) {
        for pid in self.pids() {
            signal(pid, Signal::SIGTERM);
        }
        self.all_gone().await;
    }
}

/// Ends a process at once, with no chance to tidy up.
pub fn kill_now(pid: u32) {
    signal(pid, Signal::SIGKILL);
}

fn signal(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        // It may have ended by itself already.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}
