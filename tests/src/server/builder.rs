//! How a server is set up.

use std::{fs, sync::Arc};

use tempfile::TempDir;

use super::{
    RedisServer,
    launch::{self, Failed},
};
use crate::{certs::Certificates, clock::Clock, port};

/// How often another process may take a port between choosing and binding it.
const TRIES: usize = 20;

/// A server about to be started; see [`RedisServer::builder`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    pub(super) append_only: bool,
    pub(super) unix_socket: bool,
    pub(super) tls: Option<ClientCertificates>,
    pub(super) password: Option<String>,
    pub(super) acl: Option<String>,
    pub(super) sentinel: Option<String>,
    pub(super) options: Vec<String>,
    pub(super) clock: Option<Arc<Clock>>,
}

/// Whether a server with TLS wants its clients' certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// It doesn't look.
    Ignored,
    /// It refuses clients without one.
    Required,
}

impl Builder {
    /// Everything acknowledged is on disk: `appendonly yes`, `appendfsync always`.
    #[must_use]
    pub fn append_only(mut self) -> Self {
        self.append_only = true;
        self
    }

    /// Refuses to grow beyond this: `maxmemory`, with `noeviction`. For example `3mb`.
    #[must_use]
    pub fn max_memory(self, bytes: &str) -> Self {
        self.option("maxmemory", &[bytes]).option("maxmemory-policy", &["noeviction"])
    }

    /// Asks for a password: `requirepass`.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.password = Some(password.to_owned());
        self.option("requirepass", &[password])
    }

    /// Has these users, in the format of an ACL file: `user worker on >secret ~* &* +@all`.
    #[must_use]
    pub fn acl(mut self, users: &str) -> Self {
        self.acl = Some(users.to_owned());
        self
    }

    /// Is a sentinel, with this as its configuration.
    #[must_use]
    pub fn sentinel(mut self, configuration: &str) -> Self {
        self.sentinel = Some(configuration.to_owned());
        self
    }

    /// Listens with TLS only, with a certificate for `127.0.0.1` and `localhost`.
    #[must_use]
    pub fn tls(mut self, clients: ClientCertificates) -> Self {
        self.tls = Some(clients);
        self
    }

    /// Listens on a Unix socket only.
    #[must_use]
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Goes by this clock.
    #[must_use]
    pub fn clock(mut self, clock: &Arc<Clock>) -> Self {
        self.clock = Some(Arc::clone(clock));
        self
    }

    /// Any other directive of `redis.conf`, with its values.
    #[must_use]
    pub fn option(mut self, name: &str, values: &[&str]) -> Self {
        self.options.push(format!("--{name}"));
        self.options.extend(values.iter().map(|&value| value.to_owned()));
        self
    }

    /// Starts the server, and waits until it answers.
    ///
    /// # Panics
    /// It doesn't start; the message has its log.
    #[must_use]
    pub fn start(self) -> RedisServer {
        let dir = TempDir::with_prefix("jobqueue-redis-").expect("a temporary directory");
        let certificates = self.tls.map(|_| Certificates::generate());
        if let Some(certificates) = &certificates {
            certificates.write(dir.path());
        }
        if let Some(users) = &self.acl {
            fs::write(dir.path().join("users.acl"), users).expect("the ACL file can be written");
        }
        if let Some(configuration) = &self.sentinel {
            let file = dir.path().join(launch::SENTINEL);
            fs::write(file, configuration).expect("the configuration can be written");
        }
        let mut server = RedisServer { options: self, certificates, port: 0, running: None, dir };
        for _ in 0..TRIES {
            server.port = if server.options.unix_socket { 0 } else { port::free() };
            match server.launch() {
                Ok(()) => return server,
                Err(Failed::PortTaken) => {}
                Err(Failed::Other(why)) => panic!("the server doesn't start: {why}"),
            }
        }
        panic!("lost the server's port to somebody else {TRIES} times in a row");
    }
}
