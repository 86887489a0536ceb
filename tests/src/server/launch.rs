//! Starting a server's process.

use std::{
    env,
    ffi::OsStr,
    fs,
    fs::File,
    io::Write as _,
    mem,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{RedisServer, builder::ClientCertificates};
use crate::{
    kill_on_exit::{self, KillOnExit},
    wait,
};

/// The file in the server's directory that has its output.
pub(super) const LOG: &str = "redis.log";

/// The file in the server's directory that a sentinel reads, and writes.
pub(super) const SENTINEL: &str = "sentinel.conf";

/// Which program is run as the server, if not the first of [`PROGRAMS`] on the PATH.
const PROGRAM_VARIABLE: &str = "JOBQUEUE_TEST_SERVER";

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

const STEP: Duration = Duration::from_millis(2);

/// Why a server didn't start.
#[derive(Debug)]
pub(super) enum Failed {
    /// Another process has bound its port.
    PortTaken,
    /// Anything else, with the log.
    Other(String),
}

/// A server's process; killed when dropped.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) child: Child,
    guard: Option<KillOnExit>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(guard) = mem::take(&mut self.guard) {
            kill_on_exit::kill(&mut self.child, guard);
        }
    }
}

impl RedisServer {
    /// Starts the process, and waits until it answers.
    pub(super) fn launch(&mut self) -> Result<(), Failed> {
        let output = File::create(self.dir().join(LOG)).expect("the server's log can be written");
        let errors = output.try_clone().expect("a file handle can be shared");
        let program = program();
        let mut command = Command::new(&program);
        if let Some(clock) = &self.options.clock {
            clock.wind(&mut command);
        }
        let child = command
            .args(self.arguments())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{} doesn't run: {error}", program.display()));
        let guard = KillOnExit::new(&child, Some(self.dir()));
        let mut running = Running { child, guard: Some(guard) };
        self.await_ready(&mut running.child)?;
        self.running = Some(running);
        Ok(())
    }

    /// Cuts a transaction off that the log of commands ends in the middle of, as one does after a
    /// crash: `redis-check-aof --fix`.
    ///
    /// Redis's own loader isn't enough. When the file ends within a command (Redis 7.0), it cuts
    /// that command off and leaves the start of the transaction, without an `EXEC`. Later writes
    /// follow it, and the next load runs that half of a transaction with the first `EXEC` that it
    /// comes to: effects of something that never was.
    pub(super) fn repair(&self) {
        let manifest = self.dir().join("appendonlydir/appendonly.aof.manifest");
        if !is_file(&manifest) {
            return;
        }
        let mut check = Command::new(program())
            // The server and its checker are one program, which goes by the name it is called.
            .arg0("redis-check-aof")
            .args([OsStr::new("--fix"), manifest.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the server program runs");
        let mut confirm = check.stdin.take().expect("it was asked for");
        // It doesn't ask, and may have ended, if there is nothing to cut off.
        let _ = confirm.write_all(b"y\n");
        drop(confirm);
        let status = check.wait().expect("a child can be waited for");
        assert!(status.success(), "the log of commands can't be repaired: {status}");
    }

    fn arguments(&self) -> Vec<String> {
        let dir = self.dir().display();
        let port = self.port;
        if self.options.sentinel.is_some() {
            let always =
                format!("{dir}/{SENTINEL} --sentinel --port {port} --bind 127.0.0.1 --dir {dir}");
            return always.split(' ').map(str::to_owned).collect();
        }
        let listen = if self.options.unix_socket {
            format!("--port 0 --unixsocket {}", self.socket().display())
        } else if let Some(clients) = self.options.tls {
            let auth = if clients == ClientCertificates::Required { "yes" } else { "no" };
            format!(
                "--port 0 --tls-port {port} --tls-auth-clients {auth} \
                 --tls-ca-cert-file {dir}/ca.pem --tls-cert-file {dir}/server.pem \
                 --tls-key-file {dir}/server.key"
            )
        } else {
            format!("--port {port}")
        };
        let append = if self.options.append_only { "yes --appendfsync always" } else { "no" };
        let always = format!("--bind 127.0.0.1 --dir {dir} --appendonly {append} {listen}");
        // No value above has a blank in it: the directory's name is made by `tempfile`.
        let mut arguments: Vec<String> = always.split(' ').map(str::to_owned).collect();
        arguments.extend(["--save".to_owned(), String::new()]);
        if self.options.acl.is_some() {
            arguments.extend(["--aclfile".to_owned(), format!("{dir}/users.acl")]);
        }
        arguments.extend(self.options.options.iter().cloned());
        arguments
    }

    /// Waits for the server's own log line first, since another server might answer on its port.
    fn await_ready(&self, child: &mut Child) -> Result<(), Failed> {
        let deadline = Instant::now() + wait::LIMIT;
        let ready = |log: &str| {
            log.contains("ready to accept connections") || log.contains("sentinel id is")
        };
        while !ready(&self.log().to_lowercase()) {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                return Err(self.why_ended(status));
            }
            self.pause(deadline, "it wasn't ready")?;
        }
        while !self.answers() {
            self.pause(deadline, "PING wasn't answered")?;
        }
        Ok(())
    }

    fn pause(&self, deadline: Instant, not_yet: &str) -> Result<(), Failed> {
        if Instant::now() > deadline {
            return Err(Failed::Other(format!("{not_yet} in time\n{}", self.log())));
        }
        thread::sleep(STEP);
        Ok(())
    }

    fn why_ended(&self, status: ExitStatus) -> Failed {
        let log = self.log();
        if log.contains("Address already in use") {
            return Failed::PortTaken;
        }
        Failed::Other(format!("{status}\n{log}"))
    }

    /// Whether it answers; a refusal, for want of a password say, is an answer too.
    fn answers(&self) -> bool {
        let connection = self.client().get_connection_with_timeout(Duration::from_secs(1));
        let pong = connection.and_then(|mut it| redis::cmd("PING").query::<()>(&mut it));
        pong.err().is_none_or(|error| {
            !error.is_io_error() && !error.is_timeout() && error.code() != Some("LOADING")
        })
    }
}

/// The server program.
fn program() -> PathBuf {
    if let Some(program) = env::var_os(PROGRAM_VARIABLE) {
        return program.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let here = |dir: &Path| PROGRAMS.iter().map(|name| dir.join(name)).find(|it| is_file(it));
    env::split_paths(&path).find_map(|dir| here(&dir)).unwrap_or_else(|| {
        panic!(
            "neither redis-server nor valkey-server is on the PATH. On Debian: \
             `apt-get install redis-server`, or run the tests by `./dev test`, which does so"
        )
    })
}

fn is_file(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|it| it.is_file())
}
