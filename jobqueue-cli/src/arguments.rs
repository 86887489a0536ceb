//! What the program is told.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use jobqueue_engine::Fsync;

/// Serves and moves job queues.
#[derive(Debug, Parser)]
#[command(name = "jobqueue", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Serve(Serve),
    Move(Move),
}

/// Serves a folder of the embedded engine, for `embedded:` clients of this machine.
///
/// Clients of `embedded:DIR` find it by a socket in the folder; redis-cli does by `-s DIR/socket`.
/// If another process serves the folder, this one waits until it goes. It ends at SIGTERM or
/// SIGINT, when all is on the disk.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The folder. It is made if it isn't there.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// When what was written is on the disk itself: before it is acknowledged (`always`), a second
    /// later at most (`everysec`), or when the system likes (`no`). A process that dies loses
    /// nothing in any case.
    #[arg(long, default_value = "everysec")]
    pub(crate) sync: Fsync,
    /// Also listens here, for any Redis client: `127.0.0.1:6379`. Another address than this
    /// machine's own needs a password.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// A file with the password that clients of `--listen` must say, on its first line.
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) password_file: Option<PathBuf>,
    /// How much memory the queues may take, about: adds are refused beyond it, and what is there
    /// can be worked off. For example `500mb`.
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_memory: Option<String>,
}

/// Copies all queues to another server, and compares the two.
///
/// Producers and workers must be stopped before: what they change meanwhile may be missed. The
/// source stays as it is. The target must not have queues yet. A move that was broken off is begun
/// anew by the same command.
#[derive(Args, Debug)]
pub(crate) struct Move {
    /// Where the queues are: `embedded:/var/lib/app/jobs`, `redis://…` or `rediss://…`.
    pub(crate) from: String,
    /// Where they go to.
    pub(crate) to: String,
    /// The prefix of the keys, as `Client::builder().prefix(…)` has it.
    #[arg(long, default_value = "jq")]
    pub(crate) prefix: String,
    /// Goes on although a worker seems to be alive at the source.
    #[arg(long)]
    pub(crate) force: bool,
}
