//! Real servers, each in a directory and on a port of its own.

mod builder;
mod launch;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use redis::{Client, ClientTlsConfig, Connection, TlsCertificates};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub use self::builder::{Builder, ClientCertificates};
use self::launch::Running;
use crate::certs::Certificates;

/// A Redis or Valkey server that lives as long as this value, and no longer, however the test ends.
///
/// It can be killed and started again on the same port and data. Nothing is persisted unless the
/// [`Builder`] is told so.
///
/// ```
/// let server = jobqueue_tests::server::RedisServer::start();
/// let pong: String = redis::cmd("PING").query(&mut server.connection()).expect("it answers");
/// assert_eq!(pong, "PONG");
/// ```
#[derive(Debug)]
pub struct RedisServer {
    options: Builder,
    certificates: Option<Certificates>,
    port: u16,
    running: Option<Running>,
    // Last, so that it is removed after the server has ended.
    dir: TempDir,
}

impl RedisServer {
    /// A server without persistence or password.
    ///
    /// # Panics
    /// It doesn't start, most often because no server program is installed; the message says which.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server that is set up otherwise.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where clients find it: `redis://`, `rediss://` or `unix://`, with the password if there is
    /// one.
    #[must_use]
    pub fn url(&self) -> String {
        let password = self.options.password.as_ref();
        if self.options.unix_socket {
            let query = password.map(|it| format!("?pass={it}")).unwrap_or_default();
            return format!("unix://{}{query}", self.socket().display());
        }
        let login = password.map(|it| format!(":{it}@")).unwrap_or_default();
        self.url_of(&login, self.address())
    }

    /// The URL for a user of the ACL.
    #[must_use]
    pub fn url_as(&self, user: &str, password: &str) -> String {
        self.url_of(&format!("{user}:{password}@"), self.address())
    }

    /// The URL by way of a [`Proxy`](crate::proxy::Proxy).
    #[must_use]
    pub fn url_through(&self, proxy: &crate::proxy::Proxy) -> String {
        let password = self.options.password.as_ref();
        let login = password.map(|it| format!(":{it}@")).unwrap_or_default();
        self.url_of(&login, proxy.address())
    }

    fn url_of(&self, login: &str, address: SocketAddr) -> String {
        let scheme = if self.certificates.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://{login}{address}")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Its port; 0 for a server on a Unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its directory: data, log, keys.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its certificates and those of its clients, if it was started with TLS.
    #[must_use]
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Its output since it was last started.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir().join(launch::LOG)).unwrap_or_default()
    }

    /// A client that knows how to reach it; clients of the library take the [`url`](Self::url).
    #[must_use]
    pub fn client(&self) -> Client {
        let client = match &self.certificates {
            None => Client::open(self.url()),
            Some(certificates) => Client::build_with_tls(self.url(), tls(certificates)),
        };
        client.expect("the server's own URL is valid")
    }

    /// A connection for looking into it.
    ///
    /// # Panics
    /// It doesn't answer.
    #[must_use]
    pub fn connection(&self) -> Connection {
        match self.client().get_connection_with_timeout(crate::wait::LIMIT) {
            Ok(connection) => connection,
            Err(error) => panic!("the server can't be reached: {error}\n{}", self.log()),
        }
    }

    /// How many calls of scripts it has carried out.
    ///
    /// # Panics
    /// It doesn't say.
    #[must_use]
    pub fn script_calls(&self) -> u64 {
        let mut info = redis::cmd("INFO");
        let info = info.arg("commandstats").query::<String>(&mut self.connection()).expect("info");
        let scripts = info.lines().filter_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
        scripts.filter_map(|rest| rest.split(',').next()?.parse::<u64>().ok()).sum()
    }

    /// Kills it at once: it loses all data that it has not persisted. Does nothing if it isn't
    /// running.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Starts it again on the same port and directory; kills it first if it runs.
    ///
    /// # Panics
    /// It doesn't come back.
    pub fn restart(&mut self) {
        self.kill();
        self.repair();
        // Another process's socket may hold the port for a moment.
        crate::wait::blocking("the server's port to be free", || match self.launch() {
            Ok(()) => true,
            Err(launch::Failed::PortTaken) => false,
            Err(launch::Failed::Other(why)) => panic!("the server doesn't start again: {why}"),
        });
    }

    /// Has another directive of `redis.conf` when it is started again.
    pub fn set_option(&mut self, name: &str, value: &str) {
        self.options = std::mem::take(&mut self.options).option(name, &[value]);
    }

    /// Its process id.
    ///
    /// # Panics
    /// It isn't running.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("the server is running").child.id()
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn stop_process(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT: it goes on.
    pub fn cont(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let running = self.running.as_ref().expect("the server is running");
        kill_process(Pid::from_child(&running.child), signal).expect("the server can be signalled");
    }

    fn socket(&self) -> std::path::PathBuf {
        self.dir().join("redis.sock")
    }
}

fn tls(certificates: &Certificates) -> TlsCertificates {
    let client = &certificates.client;
    TlsCertificates {
        client_tls: Some(ClientTlsConfig {
            client_cert: client.certificate.clone().into(),
            client_key: client.key.clone().into(),
        }),
        root_cert: Some(certificates.authority.clone().into()),
    }
}

#[cfg(test)]
mod tests;
