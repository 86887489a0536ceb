//! What the program is told.

use clap::{Args, Parser, Subcommand};

/// Serves and moves job queues.
#[derive(Debug, Parser)]
#[command(name = "jobqueue", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Move(Move),
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
