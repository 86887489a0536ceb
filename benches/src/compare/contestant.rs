//! Who takes part, and how its program is started.

use std::path::{Path, PathBuf};

/// A contestant's program.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// The name of its package.
    pub name: &'static str,
    /// The program and its arguments.
    pub command: Vec<PathBuf>,
    /// Whether the targets name it: then it takes part in long scenarios too.
    pub central: bool,
}

/// jobqueue itself and its peers: those whose programs are there, and why others are not.
///
/// `ours` is the folder of this workspace's programs, `peers` that of the peers' own workspace.
#[must_use]
pub fn find(ours: &Path, peers: &Path, redis: (u32, u32)) -> (Vec<Contestant>, Vec<String>) {
    let built = peers.join("target/release");
    let one = |name, command, central| Contestant { name, command, central };
    let node = vec!["node".into(), peers.join("bullmq/peer.mjs")];
    let mut found = vec![
        one("jobqueue", vec![ours.join("peer")], true),
        one("bullmq", node, true),
        one("bullmq-official", vec![built.join("peer-bullmq-official")], true),
        one("apalis-redis", vec![built.join("peer-apalis")], false),
        one("rusty-sidekiq", vec![built.join("peer-sidekiq")], false),
        one("chasquimq", vec![built.join("peer-chasquimq")], false),
        one("bare list", vec![built.join("peer-bare-list")], false),
        one("bare streams", vec![built.join("peer-bare-streams")], false),
    ];
    let mut absent = Vec::new();
    found.retain(|contestant| {
        let why = if contestant.name == "chasquimq" && redis < (8, 6) {
            format!("needs Redis 8.6, this is {}.{}", redis.0, redis.1)
        } else if contestant.command.last().is_some_and(|program| !program.exists()) {
            "its program is not built".to_owned()
        } else {
            return true;
        };
        absent.push(format!("{}: {why}", contestant.name));
        false
    });
    (found, absent)
}
