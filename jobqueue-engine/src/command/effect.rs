//! What a command did, as commands that do the same whenever they are carried out: without the
//! time, without chance, and without what Redis may do in more than one way.

use bytes::Bytes;

use super::{args::Args, is, list, stream};
use crate::{keyspace::Keyspace, refusal::Refusal, reply::Reply, value::Stream};

/// Notes what a command has done that was carried out with this answer.
pub(super) fn note(keys: &mut Keyspace, name: &'static str, args: Args<'_>, answer: &Reply) {
    match name {
        "SET" => note_text(keys, args, answer),
        "PEXPIRE" | "PEXPIREAT" if has_done(answer) => note_expiry(keys, &args[0]),
        "XADD" => note_entry(keys, args, answer),
        "XTRIM" if has_done(answer) => note_length(keys, &args[0]),
        "PEXPIRE" | "PEXPIREAT" | "XTRIM" => {}
        "DEL" | "UNLINK" | "PERSIST" | "HDEL" | "HSETNX" | "LPOP" | "SADD" | "SREM" | "XDEL"
        | "ZPOPMIN" | "ZREM" | "ZREMRANGEBYRANK"
            if !has_done(answer) => {}
        _ => push(keys, name, args),
    }
}

fn push(keys: &mut Keyspace, name: &str, args: &[Bytes]) {
    let words: Vec<&[u8]> =
        [name.as_bytes()].into_iter().chain(args.iter().map(AsRef::as_ref)).collect();
    keys.effects.push(words);
}

/// Whether an answer says that something has changed.
fn has_done(answer: &Reply) -> bool {
    match answer {
        Reply::Integer(count) => *count != 0,
        Reply::Array(items) => !items.is_empty(),
        Reply::Nil | Reply::NilArray | Reply::Refused(_) => false,
        Reply::Status(_) | Reply::Bulk(_) => true,
    }
}

fn note_text(keys: &mut Keyspace, args: Args<'_>, answer: &Reply) {
    let has = |word| args[2..].iter().any(|option| is(option, word));
    // With NX, what it answers says whether it has set the text: the former one, or OK.
    let refused = has("NX") && if has("GET") { has_done(answer) } else { !has_done(answer) };
    if !refused {
        push(keys, "SET", &args[..2]);
        note_expiry(keys, &args[0]);
    }
}

fn note_expiry(keys: &mut Keyspace, key: &Bytes) {
    if let Some(at) = keys.slot_at_any_time(key).and_then(|slot| slot.expires()) {
        let at = at.to_string();
        keys.effects.push([b"PEXPIREAT", key.as_ref(), at.as_bytes()]);
    }
}

fn note_entry(keys: &mut Keyspace, args: Args<'_>, answer: &Reply) {
    let (Reply::Bulk(id), Some(fields)) = (answer, stream::fields(args)) else { return };
    let words = [b"XADD", args[0].as_ref(), id.as_ref()].into_iter();
    keys.effects.push(words.chain(fields.iter().map(AsRef::as_ref)).collect::<Vec<_>>());
    let is_trimmed = args.len() > fields.len() + 2;
    if is_trimmed {
        note_length(keys, &args[0]);
    }
}

/// A trim removes the oldest entries, how many whatever its bound.
fn note_length(keys: &mut Keyspace, key: &Bytes) {
    if let Ok(Some(stream)) = keys.get::<Stream>(key) {
        let length = stream.len().to_string();
        keys.effects.push([b"XTRIM", key.as_ref(), b"MAXLEN", length.as_bytes()]);
    }
}

/// Takes the first item of a list for somebody who waited for it.
pub(crate) fn pop_first(keys: &mut Keyspace, key: &Bytes) -> Result<Option<Bytes>, Refusal> {
    if keys.slot(key).is_none() {
        return Ok(None);
    }
    keys.effects.admit()?;
    let item = list::pop_first(keys, key)?;
    if item.is_some() {
        keys.effects.push([b"LPOP", key.as_ref()]);
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::run;

    fn words(line: &str) -> Vec<Bytes> {
        line.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect()
    }

    /// What is noted of these commands, a line each.
    fn noted_of(now_ms: u64, lines: &[&str]) -> Vec<String> {
        let mut keys = Keyspace::new(7);
        keys.effects.record();
        keys.begin(now_ms * 1000);
        for line in lines {
            let _ = run(&mut keys, &words(line));
        }
        let mut noted = Vec::new();
        let mut read = |mut bytes: &[u8]| {
            while !bytes.is_empty() {
                let words = crate::words::take(&mut bytes).expect("a command");
                noted.push(
                    words
                        .iter()
                        .map(|word| word.escape_ascii().to_string())
                        .collect::<Vec<_>>()
                        .join(" "),
                );
            }
        };
        keys.effects.take(&mut read);
        noted
    }

    #[test]
    fn what_follows_from_time_is_made_certain() {
        let lines = [
            "SET t 1 PX 50",
            "SET t 2 NX",
            "SET n 1 NX GET",
            "SET t 3",
            "PEXPIRE t 10",
            "PEXPIRE none 10",
            "XADD s MAXLEN ~ 1 * f v",
            "XADD s 2000-0 f v",
            "XADD s MAXLEN 1 * f v",
            "XTRIM s MAXLEN 9",
        ];
        assert_eq!(
            noted_of(1000, &lines),
            [
                "SET t 1",
                "PEXPIREAT t 1050",
                "SET n 1",
                "SET t 3",
                "PEXPIREAT t 1010",
                "XADD s 1000-0 f v",
                "XTRIM s MAXLEN 1",
                "XADD s 2000-0 f v",
                "XADD s 2000-1 f v",
                "XTRIM s MAXLEN 1",
            ]
        );
    }

    #[test]
    fn what_did_nothing_is_not_noted() {
        let lines = [
            "DEL a",
            "HDEL h f",
            "SREM s m",
            "ZREM z m",
            "ZPOPMIN z",
            "LPOP l",
            "PERSIST p",
            "XTRIM x MAXLEN 0",
            "HGET h f",
            "RENAME a b",
            "HSET h f",
            "ZADD z x m",
            "SADD s m",
            "SADD s m",
            "ZADD z 1 m",
            "ZADD z 1 m",
        ];
        assert_eq!(noted_of(1, &lines), ["SADD s m", "ZADD z 1 m", "ZADD z 1 m"]);
    }
}
