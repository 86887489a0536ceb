//! The commands on the keyspace.

mod args;
mod hash;
mod keys;
mod list;
mod read;
mod set;
mod sorted_set;
mod stream;
mod text;

use std::{collections::HashMap, ops::RangeInclusive, sync::LazyLock};

use bytes::Bytes;
use foldhash::fast::FixedState;

pub(crate) use self::{
    args::{Args, is, seconds},
    list::pop_first,
    read::Read,
};
use crate::{keyspace::Keyspace, refusal::Refusal, reply::Answer};

/// One command: its name in capitals, how many arguments it takes behind it, and what it does.
struct Command {
    name: &'static str,
    arguments: RangeInclusive<usize>,
    run: fn(&mut Keyspace, Args<'_>) -> Answer,
}

const fn command(
    name: &'static str,
    arguments: RangeInclusive<usize>,
    run: fn(&mut Keyspace, Args<'_>) -> Answer,
) -> Command {
    Command { name, arguments, run }
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

/// All of them. A test compares them with what jobqueue sends.
#[rustfmt::skip]
static COMMANDS: &[Command] = &[
    command("DBSIZE", 0..=0, keys::size),
    command("DEL", 1..=MANY, keys::remove),
    command("EXISTS", 1..=MANY, keys::exists),
    command("FLUSHALL", 0..=1, keys::clear),
    command("FLUSHDB", 0..=1, keys::clear),
    command("KEYS", 1..=1, keys::names),
    command("PERSIST", 1..=1, keys::persist),
    command("PEXPIRE", 2..=2, keys::expire),
    command("PTTL", 1..=1, keys::time_to_live),
    command("RENAME", 2..=2, keys::rename),
    command("TIME", 0..=0, keys::time),
    command("TYPE", 1..=1, keys::type_of),
    command("UNLINK", 1..=MANY, keys::remove),
    command("GET", 1..=1, text::get),
    command("SET", 2..=MANY, text::set),
    command("HDEL", 2..=MANY, hash::remove),
    command("HEXISTS", 2..=2, hash::exists),
    command("HGET", 2..=2, hash::get),
    command("HGETALL", 1..=1, hash::all),
    command("HINCRBY", 3..=3, hash::increment),
    command("HKEYS", 1..=1, hash::fields),
    command("HLEN", 1..=1, hash::len),
    command("HMGET", 2..=MANY, hash::get_many),
    command("HRANDFIELD", 1..=3, hash::random),
    command("HSCAN", 2..=4, hash::scan),
    command("HSET", 3..=MANY, hash::set),
    command("LLEN", 1..=1, list::len),
    command("LPOP", 1..=1, list::pop),
    command("LPUSH", 2..=MANY, list::push_front),
    command("LRANGE", 3..=3, list::range),
    command("LTRIM", 3..=3, list::trim),
    command("RPUSH", 2..=MANY, list::push_back),
    command("SADD", 2..=MANY, set::add),
    command("SCARD", 1..=1, set::len),
    command("SISMEMBER", 2..=2, set::contains),
    command("SMEMBERS", 1..=1, set::members),
    command("SRANDMEMBER", 1..=2, set::random),
    command("SREM", 2..=MANY, set::remove),
    command("ZADD", 3..=MANY, sorted_set::add),
    command("ZCARD", 1..=1, sorted_set::len),
    command("ZCOUNT", 3..=3, sorted_set::count),
    command("ZMSCORE", 2..=MANY, sorted_set::scores),
    command("ZPOPMIN", 1..=2, sorted_set::pop_lowest),
    command("ZRANGE", 3..=4, sorted_set::range),
    command("ZRANGEBYSCORE", 3..=7, sorted_set::range_by_score),
    command("ZREM", 2..=MANY, sorted_set::remove),
    command("ZREMRANGEBYRANK", 3..=3, sorted_set::remove_range),
    command("ZREVRANGE", 3..=4, sorted_set::range_from_end),
    command("ZSCORE", 2..=2, sorted_set::score),
    command("XADD", 4..=MANY, stream::add),
    command("XDEL", 2..=MANY, stream::remove),
    command("XLEN", 1..=1, stream::len),
    command("XRANGE", 3..=5, stream::range),
    command("XREAD", 3..=MANY, read::now),
    command("XREVRANGE", 3..=5, stream::range_from_end),
    command("XTRIM", 3..=MANY, stream::trim),
];

/// The names of the commands that scripts may call, in capitals.
pub fn commands() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.name)
}

/// Carries a command out.
pub(crate) fn run(keys: &mut Keyspace, words: &[Bytes]) -> Answer {
    let (name, arguments) = words.split_first().ok_or(Refusal::SYNTAX)?;
    let command = find(name)?;
    if !command.arguments.contains(&arguments.len()) {
        return Err(Refusal::wrong_number_of_arguments(command.name));
    }
    (command.run)(keys, arguments)
}

fn find(name: &[u8]) -> Result<&'static Command, Refusal> {
    static BY_NAME: LazyLock<HashMap<&[u8], &Command, FixedState>> = LazyLock::new(|| {
        COMMANDS.iter().map(|command| (command.name.as_bytes(), command)).collect()
    });
    // Scripts have them in capitals.
    let found = BY_NAME.get(name).or_else(|| BY_NAME.get(&*name.to_ascii_uppercase()));
    found.copied().ok_or_else(|| {
        Refusal::with(&format!("ERR unknown command '{}'", String::from_utf8_lossy(name)))
    })
}
