//! What the program is told.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use jobqueue_engine::Fsync;

use crate::{command, manual, output::When, top};

/// Looks into job queues on Redis, steers them, serves and moves them.
///
/// The server is that of --url, else of --profile, else of the variable REDIS_URL, else of the config
/// file's default profile, else redis://127.0.0.1. The config file is
/// ~/.config/jobqueue/config.toml: `[profile.NAME]` with `url = "…"`, and `prefix = "…"` if need be.
///
/// It ends with 0 if all was done, 1 if it found trouble or nothing, 2 if it was called wrongly, 3 if
/// the server can't be reached, 4 if something was refused, 5 if some of it was done, 130 if it was
/// cut off.
#[derive(Debug, Parser)]
#[command(name = "jobqueue", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every command knows.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of all commands")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Settings {
    /// Where the queues are: `redis://…`, `rediss://…`, `redis+sentinel://…`, `unix://…` or
    /// `embedded:/folder`.
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) url: Option<String>,
    /// A server of the config file.
    #[arg(long, value_name = "NAME", global = true, conflicts_with = "url")]
    pub(crate) profile: Option<String>,
    /// The prefix of the keys, as `Client::builder().prefix(…)` has it: `jq` by default.
    #[arg(long, value_name = "PREFIX", global = true)]
    pub(crate) prefix: Option<String>,
    /// Answers in JSON, in the shapes of the library's types.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Exact times, instead of how long ago.
    #[arg(long, global = true)]
    pub(crate) utc: bool,
    /// Whole ids and texts, however wide the terminal is.
    #[arg(long, global = true)]
    pub(crate) full: bool,
    /// Whether to use colours. NO_COLOR means never.
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub(crate) color: When,
    /// Who acts, for the audit log: USER@HOST by default.
    #[arg(long = "as", value_name = "NAME", global = true)]
    pub(crate) who: Option<String>,
    /// Asks nothing.
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Queues(command::Queues),
    Stats(command::Stats),
    Jobs(command::Jobs),
    /// Looks at one job, and changes it.
    #[command(subcommand)]
    Job(Box<command::Job>),
    Add(Box<command::Add>),
    Find(command::Find),
    Retry(command::RetryMany),
    Cancel(command::CancelMany),
    Remove(command::RemoveMany),
    Redrive(command::RedriveMany),
    Pause(command::Pause),
    Resume(command::Resume),
    Drain(command::Drain),
    Clean(command::Clean),
    Obliterate(command::Obliterate),
    /// Shows and sets what a queue allows.
    #[command(subcommand)]
    Limits(command::Limits),
    Groups(command::Groups),
    Group(Box<command::Group>),
    Throttles(command::Throttles),
    DeadLetters(command::DeadLetters),
    Topics(command::Topics),
    Bindings(command::Bindings),
    Replay(command::Replay),
    Publish(command::Publish),
    Schedules(command::Schedules),
    /// Shows flows, cancels them and runs them again.
    #[command(subcommand)]
    Flows(command::Flows),
    Workers(command::Workers),
    Events(command::Events),
    Audit(command::Audit),
    History(command::History),
    Doctor(command::Doctor),
    Dashboard(command::Dashboard),
    Acl(command::Acl),
    Bench(command::Bench),
    Top(top::Top),
    Serve(Serve),
    Move(Move),
    Completions(manual::Completions),
    Man(manual::Man),
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
    /// Goes on although a worker seems to be alive at the source.
    #[arg(long)]
    pub(crate) force: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Arguments::command().debug_assert();
    }
}
