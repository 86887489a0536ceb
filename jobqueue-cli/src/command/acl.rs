//! `jobqueue acl`: the rights in Redis that a program needs.

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{config::PREFIX, exit::Exit, session::Session};

/// Prints the smallest rules of a Redis ACL for those who add, work, operate and look.
///
/// A line is one of an ACL file, or follows `ACL SETUSER` without its first word. Put a password in
/// place of PASSWORD.
#[derive(Args, Debug)]
pub(crate) struct Acl {
    /// Only for these.
    roles: Vec<Role>,
    /// The name of the user; by default that of the role.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
}

/// What a program does with queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
enum Role {
    /// Adds jobs, publishes, starts flows, waits for results.
    Producer,
    /// Runs jobs, and adds others.
    Worker,
    /// Looks, and steers: all commands of this program.
    Operator,
    /// Looks, and changes nothing.
    Viewer,
}

/// What every connection does.
const CONNECT: &[&str] = &[
    "ping",
    "select",
    "info",
    "role",
    "cluster|slots",
    "client|setname",
    "asking",
    "eval",
    "evalsha",
];

/// What reads and changes nothing.
const READ: &[&str] = &[
    "exists",
    "get",
    "hexists",
    "hget",
    "hgetall",
    "hkeys",
    "hlen",
    "hmget",
    "hrandfield",
    "hscan",
    "lrange",
    "pttl",
    "smembers",
    "time",
    "xlen",
    "xrange",
    "xread",
    "xrevrange",
    "zcard",
    "zcount",
    "zmscore",
    "zrange",
    "zrangebylex",
    "zrangebyscore",
    "zrevrange",
    "zscore",
];

/// What else adds, and relays effects to other queues.
const ADD: &[&str] = &[
    "del",
    "hdel",
    "hincrby",
    "hset",
    "lpop",
    "lpush",
    "persist",
    "pexpire",
    "publish",
    "rpush",
    "sadd",
    "set",
    "srem",
    "subscribe",
    "unlink",
    "wait",
    "xadd",
    "xdel",
    "xtrim",
    "zadd",
    "zrem",
];

/// What else changes what is there.
const CHANGE: &[&str] = &["llen", "ltrim", "srandmember", "zremrangebyrank"];

/// What else takes jobs.
const TAKE: &[&str] = &["blpop", "rename", "zpopmin"];

/// What else mends the list of queues.
const MEND: &[&str] = &["scan"];

#[derive(Debug, Serialize)]
struct Rule {
    role: Role,
    user: String,
    rule: String,
}

impl Acl {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit> {
        let roles = if self.roles.is_empty() { Role::value_variants() } else { &self.roles };
        let prefix = session.server.prefix.as_deref().unwrap_or(PREFIX);
        let rules: Vec<Rule> = roles.iter().map(|role| self.rule(*role, prefix)).collect();
        if session.out.json {
            session.out.json(&rules)?;
        } else {
            rules.iter().try_for_each(|rule| session.out.say(&rule.rule))?;
        }
        Ok(Exit::Done)
    }

    fn rule(&self, role: Role, prefix: &str) -> Rule {
        let user = self.user.clone().unwrap_or_else(|| role.name());
        let commands: String =
            role.commands().iter().flat_map(|part| *part).map(|it| format!(" +{it}")).collect();
        // Who only looks hears no broadcasts and sends none.
        let channels = if role == Role::Viewer { String::new() } else { format!(" &{prefix}:*") };
        let rule = format!(
            "user {user} on >PASSWORD resetkeys ~{prefix}:* resetchannels{channels} -@all{commands}"
        );
        Rule { role, user, rule }
    }
}

impl Role {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    const fn commands(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Viewer => &[CONNECT, READ],
            Self::Producer => &[CONNECT, READ, ADD],
            Self::Operator => &[CONNECT, READ, ADD, CHANGE, MEND],
            Self::Worker => &[CONNECT, READ, ADD, CHANGE, TAKE],
        }
    }
}
