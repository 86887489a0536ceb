//! The program beside a server of its own.

use std::process::{Command, Output, Stdio};

use jobqueue::Client;
use jobqueue_tests::server::RedisServer;
use serde_json::Value;
use tempfile::TempDir;

/// A server, and a home without a config file.
pub(crate) struct Program {
    pub(crate) server: RedisServer,
    pub(crate) home: TempDir,
}

/// What a run has come to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn start() -> Self {
        Self::on(RedisServer::start())
    }

    pub(crate) fn on(server: RedisServer) -> Self {
        Self { server, home: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.server.url()).await.expect("connected")
    }

    /// The program with these words, and nothing of this process's surroundings.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = bare(&self.home, words);
        command.env("REDIS_URL", self.server.url());
        command
    }

    /// Runs it with the words of a line.
    pub(crate) fn run(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ran::of(&mut self.command(&words))
    }

    /// The answer of a run that does all.
    pub(crate) fn out(&self, line: &str) -> String {
        self.run(line).done().out
    }

    /// The same in JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        self.run(&format!("{line} --json")).done().json()
    }
}

/// The program with these words and a home, and without a server.
pub(crate) fn bare(home: &TempDir, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jobqueue"));
    command.args(words).env_clear().env("USER", "ann").env("HOME", home.path());
    command.stdin(Stdio::null());
    command
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// It ended with this code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.ends(0)
    }

    /// It has said all of these, on either output.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.out.contains(text) || self.err.contains(text), "{text:?}: {self:?}");
        }
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
