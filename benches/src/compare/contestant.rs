//! Who takes part, and how its program is started.

use std::path::{Path, PathBuf};

/// A contestant's program.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// The name of its package.
    pub name: &'static str,
    /// The program and its arguments.
    pub command: Vec<PathBuf>,
    /// What it is to us.
    pub role: Role,
    /// The most jobs that may wait for it: with more it fails.
    pub most: Option<usize>,
}

/// A script of apalis-redis 1.0 hands all waiting jobs to Lua's `unpack`, which fails at 8,000.
const APALIS_MOST: usize = 7_000;

/// What a contestant is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// jobqueue itself.
    Ours,
    /// A rival that does all that we do: it takes part in everything.
    Rival,
    /// A queue with fewer features.
    Other,
    /// No queue at all, just what Redis can do at best.
    Floor,
}

/// jobqueue itself and its peers: those whose programs are there, and why others are not.
///
/// `ours` is the folder of this workspace's programs, `peers` that of the peers' own workspace.
#[must_use]
pub fn find(ours: &Path, peers: &Path, redis: (u32, u32)) -> (Vec<Contestant>, Vec<String>) {
    let built = peers.join("target/release");
    let one = |name, command, role| Contestant { name, command, role, most: None };
    let node = vec!["node".into(), peers.join("bullmq/peer.mjs")];
    let mut found = vec![
        one("jobqueue", vec![ours.join("peer")], Role::Ours),
        one("bullmq", node, Role::Rival),
        one("bullmq-official", vec![built.join("peer-bullmq-official")], Role::Rival),
        Contestant {
            most: Some(APALIS_MOST),
            ..one("apalis-redis", vec![built.join("peer-apalis")], Role::Other)
        },
        one("rusty-sidekiq", vec![built.join("peer-sidekiq")], Role::Other),
        one("chasquimq", vec![built.join("peer-chasquimq")], Role::Other),
        one("bare list", vec![built.join("peer-bare-list")], Role::Floor),
        one("bare streams", vec![built.join("peer-bare-streams")], Role::Floor),
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
