//! The names of connections, as `CLIENT LIST` shows them: `jobqueue:<program>:<pid>:<role>`.

use std::{sync::Arc, time::Duration};

use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use crate::job::ProcessInfo;

/// How long a server may take to hear a name.
const LIMIT: Duration = Duration::from_secs(1);

/// The name of a connection.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionName {
    program: Arc<str>,
    role: &'static str,
}

impl ConnectionName {
    pub(crate) fn of(process: &ProcessInfo) -> Self {
        let ProcessInfo { program, pid, .. } = process;
        // A name has neither spaces nor signs beyond ASCII.
        let plain = |char: char| if char.is_ascii_graphic() { char } else { '-' };
        let program: String = program.chars().map(plain).collect();
        Self { program: format!("jobqueue:{program}:{pid}").into(), role: "calls" }
    }

    /// Of a connection of its own, for what waits.
    pub(super) fn waiting(&self) -> Self {
        Self { role: "waits", ..self.clone() }
    }

    /// Tells the server. An ACL may forbid it, and nothing depends on it.
    pub(super) async fn tell(&self, connection: &mut MultiplexedConnection) {
        let mut command = redis::cmd("CLIENT");
        command.arg("SETNAME").arg(format!("{}:{}", self.program, self.role));
        let _ = timeout(LIMIT, connection.send_packed_command(&command)).await;
    }
}
