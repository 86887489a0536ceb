//! The commands on the keyspace.

mod args;
mod effect;
mod hash;
mod keys;
mod list;
mod read;
mod scan;
mod set;
mod sorted_set;
mod stream;
mod text;

use std::{collections::HashMap, ops::RangeInclusive, sync::LazyLock};

use bytes::Bytes;
use foldhash::fast::FixedState;

pub(crate) use self::{
    args::{Args, is, seconds},
    effect::pop_first,
    keys::matches,
    read::Read,
};
use crate::{
    keyspace::Keyspace,
    memory::Effect::{self, Grows, Reads, Writes},
    refusal::Refusal,
    reply::Answer,
};

/// One command: its name in capitals, how many arguments it takes behind it, and what it does.
struct Command {
    name: &'static str,
    effect: Effect,
    arguments: RangeInclusive<usize>,
    run: Run,
}

/// How a command is carried out.
#[derive(Clone, Copy)]
enum Run {
    Reads(fn(&mut Keyspace, Args<'_>) -> Answer),
    /// It takes what it keeps out of its arguments: a clone would cost an allocation each.
    Takes(fn(&mut Keyspace, &mut [Bytes]) -> Answer),
}

const fn command(
    name: &'static str,
    effect: Effect,
    arguments: RangeInclusive<usize>,
    run: fn(&mut Keyspace, Args<'_>) -> Answer,
) -> Command {
    Command { name, effect, arguments, run: Run::Reads(run) }
}

const fn taking(
    name: &'static str,
    effect: Effect,
    arguments: RangeInclusive<usize>,
    run: fn(&mut Keyspace, &mut [Bytes]) -> Answer,
) -> Command {
    Command { name, effect, arguments, run: Run::Takes(run) }
}

/// Any number of arguments.
const MANY: usize = usize::MAX;

/// All of them. A test compares them with what jobqueue sends.
#[rustfmt::skip]
static COMMANDS: &[Command] = &[
    command("DBSIZE", Reads, 0..=0, keys::size),
    command("DEL", Writes, 1..=MANY, keys::remove),
    command("EXISTS", Reads, 1..=MANY, keys::exists),
    command("FLUSHALL", Writes, 0..=1, keys::clear),
    command("FLUSHDB", Writes, 0..=1, keys::clear),
    command("KEYS", Reads, 1..=1, keys::names),
    command("PERSIST", Writes, 1..=1, keys::persist),
    command("PEXPIRE", Writes, 2..=2, keys::expire),
    command("PEXPIREAT", Writes, 2..=2, keys::expire_at),
    command("PTTL", Reads, 1..=1, keys::time_to_live),
    command("RENAME", Writes, 2..=2, keys::rename),
    command("SCAN", Reads, 1..=MANY, scan::keys),
    command("TIME", Reads, 0..=0, keys::time),
    command("TYPE", Reads, 1..=1, keys::type_of),
    command("UNLINK", Writes, 1..=MANY, keys::remove),
    command("GET", Reads, 1..=1, text::get),
    command("STRLEN", Reads, 1..=1, text::len),
    command("SET", Grows, 2..=MANY, text::set),
    command("HDEL", Writes, 2..=MANY, hash::remove),
    command("HEXISTS", Reads, 2..=2, hash::exists),
    command("HGET", Reads, 2..=2, hash::get),
    command("HGETALL", Reads, 1..=1, hash::all),
    command("HINCRBY", Grows, 3..=3, hash::increment),
    command("HKEYS", Reads, 1..=1, hash::fields),
    command("HLEN", Reads, 1..=1, hash::len),
    command("HMGET", Reads, 2..=MANY, hash::get_many),
    command("HRANDFIELD", Reads, 1..=3, hash::random),
    command("HSCAN", Reads, 2..=MANY, scan::hash),
    command("HSTRLEN", Reads, 2..=2, hash::value_len),
    taking("HSET", Grows, 3..=MANY, hash::set),
    command("HSETNX", Grows, 3..=3, hash::set_new),
    command("HVALS", Reads, 1..=1, hash::values),
    command("LLEN", Reads, 1..=1, list::len),
    command("LPOP", Writes, 1..=1, list::pop),
    command("LPUSH", Grows, 2..=MANY, list::push_front),
    command("LRANGE", Reads, 3..=3, list::range),
    command("LTRIM", Writes, 3..=3, list::trim),
    command("RPUSH", Grows, 2..=MANY, list::push_back),
    command("SADD", Grows, 2..=MANY, set::add),
    command("SCARD", Reads, 1..=1, set::len),
    command("SISMEMBER", Reads, 2..=2, set::contains),
    command("SMEMBERS", Reads, 1..=1, set::members),
    command("SRANDMEMBER", Reads, 1..=2, set::random),
    command("SREM", Writes, 2..=MANY, set::remove),
    command("SSCAN", Reads, 2..=MANY, scan::set),
    taking("ZADD", Grows, 3..=MANY, sorted_set::add),
    command("ZCARD", Reads, 1..=1, sorted_set::len),
    command("ZCOUNT", Reads, 3..=3, sorted_set::count),
    command("ZMSCORE", Reads, 2..=MANY, sorted_set::scores),
    command("ZPOPMIN", Writes, 1..=2, sorted_set::pop_lowest),
    command("ZRANGE", Reads, 3..=4, sorted_set::range),
    command("ZLEXCOUNT", Reads, 3..=3, sorted_set::count_by_bytes),
    command("ZRANGEBYLEX", Reads, 3..=6, sorted_set::range_by_bytes),
    command("ZRANGEBYSCORE", Reads, 3..=7, sorted_set::range_by_score),
    command("ZREM", Writes, 2..=MANY, sorted_set::remove),
    command("ZREMRANGEBYRANK", Writes, 3..=3, sorted_set::remove_range),
    command("ZREVRANGE", Reads, 3..=4, sorted_set::range_from_end),
    command("ZSCAN", Reads, 2..=MANY, scan::sorted_set),
    command("ZSCORE", Reads, 2..=2, sorted_set::score),
    taking("XADD", Grows, 4..=MANY, stream::add),
    command("XDEL", Writes, 2..=MANY, stream::remove),
    command("XINFO", Reads, 2..=2, stream::info),
    command("XLEN", Reads, 1..=1, stream::len),
    command("XRANGE", Reads, 3..=5, stream::range),
    command("XREAD", Reads, 3..=MANY, read::now),
    command("XREVRANGE", Reads, 3..=5, stream::range_from_end),
    command("XTRIM", Writes, 3..=MANY, stream::trim),
];

/// The names of the commands that scripts may call, in capitals.
pub fn commands() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.name)
}

/// Carries a command out.
pub(crate) fn run(keys: &mut Keyspace, words: &[Bytes]) -> Answer {
    let (command, arguments) = admit(keys, words)?;
    match command.run {
        Run::Reads(run) => carry_out(keys, command, arguments, run),
        Run::Takes(run) => take(keys, command, &mut arguments.to_vec(), run),
    }
}

/// The same, and its words may be kept.
pub(crate) fn run_taking(keys: &mut Keyspace, words: &mut [Bytes]) -> Answer {
    let (command, _) = admit(keys, words)?;
    match command.run {
        Run::Reads(run) => carry_out(keys, command, &words[1..], run),
        Run::Takes(run) => take(keys, command, &mut words[1..], run),
    }
}

fn admit<'a>(
    keys: &mut Keyspace,
    words: &'a [Bytes],
) -> Result<(&'static Command, Args<'a>), Refusal> {
    let (name, arguments) = words.split_first().ok_or(Refusal::SYNTAX)?;
    let number = find(name)?;
    let command = &COMMANDS[number];
    if !command.arguments.contains(&arguments.len()) {
        return Err(Refusal::wrong_number_of_arguments(command.name));
    }
    keys.memory.admit(command.effect)?;
    keys.calls.count(number);
    if command.effect != Reads && keys.effects.are_recorded() {
        keys.effects.admit()?;
    }
    Ok((command, arguments))
}

fn carry_out(
    keys: &mut Keyspace,
    command: &Command,
    arguments: Args<'_>,
    run: fn(&mut Keyspace, Args<'_>) -> Answer,
) -> Answer {
    let answer = run(keys, arguments)?;
    if command.effect != Reads && keys.effects.are_recorded() {
        effect::note(keys, command.name, arguments, &answer);
    }
    Ok(answer)
}

fn take(
    keys: &mut Keyspace,
    command: &Command,
    arguments: &mut [Bytes],
    run: fn(&mut Keyspace, &mut [Bytes]) -> Answer,
) -> Answer {
    if !keys.effects.are_recorded() {
        return run(keys, arguments);
    }
    let noted = arguments.to_vec();
    let answer = run(keys, arguments)?;
    effect::note(keys, command.name, &noted, &answer);
    Ok(answer)
}

/// Whether a command may write, by its name in capitals. What isn't known here may: a script.
pub(crate) fn may_write(name: &[u8]) -> bool {
    match name {
        b"PING" | b"INFO" | b"SUBSCRIBE" | b"UNSUBSCRIBE" | b"XREAD" => false,
        name => find(name).map_or(true, |number| COMMANDS[number].effect != Reads),
    }
}

/// How often commands were called, each with its name in small letters.
pub(crate) fn counts(keys: &Keyspace) -> impl Iterator<Item = (String, u64)> {
    let counts = keys.calls.counts();
    COMMANDS.iter().zip(counts).map(|(command, count)| (command.name.to_ascii_lowercase(), count))
}

/// A command's place in the list.
fn find(name: &[u8]) -> Result<usize, Refusal> {
    static BY_NAME: LazyLock<HashMap<&[u8], usize, FixedState>> = LazyLock::new(|| {
        let names = COMMANDS.iter().map(|command| command.name.as_bytes());
        names.enumerate().map(|(number, name)| (name, number)).collect()
    });
    // Scripts have them in capitals.
    let found = BY_NAME.get(name).or_else(|| BY_NAME.get(&*name.to_ascii_uppercase()));
    found.copied().ok_or_else(|| {
        Refusal::with(&format!("ERR unknown command '{}'", String::from_utf8_lossy(name)))
    })
}
