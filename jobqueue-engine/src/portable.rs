//! What stands at a key as commands that make the same on any server: without `RESTORE`, whose
//! form is each server's own.

use bytes::Bytes;

use crate::{
    keyspace::Slot,
    number,
    value::{Stream, Value},
};

/// How many items, and about how many bytes, a command has at most; one item may be larger.
const ITEMS: usize = 256;
const BYTES: usize = 64 << 10;

/// Gives the commands for a key to `each`, in order.
pub(crate) fn each_command(key: &Bytes, slot: &Slot, each: &mut impl FnMut(Vec<Bytes>)) {
    match &slot.value {
        Value::Text(text) => each(vec![word("SET"), key.clone(), text.clone()]),
        Value::Hash(hash) => {
            let pairs = hash.iter().map(|(field, value)| [field.clone(), value.clone()]);
            in_batches("HSET", key, pairs, each);
        }
        Value::Set(set) => in_batches("SADD", key, set.keys().map(|it| [it.clone()]), each),
        Value::SortedSet(set) => {
            let pairs = set.iter().map(|(it, score)| [number::print(score).into(), it.clone()]);
            in_batches("ZADD", key, pairs, each);
        }
        Value::List(list) => in_batches("RPUSH", key, list.iter().map(|it| [it.clone()]), each),
        Value::Stream(stream) => each_entry(key, stream, each),
    }
    if let Some(at) = slot.expires() {
        each(vec![word("PEXPIREAT"), key.clone(), at.to_string().into()]);
    }
}

const fn word(word: &'static str) -> Bytes {
    Bytes::from_static(word.as_bytes())
}

fn in_batches<const N: usize>(
    name: &'static str,
    key: &Bytes,
    items: impl Iterator<Item = [Bytes; N]>,
    each: &mut impl FnMut(Vec<Bytes>),
) {
    let begin = || vec![word(name), key.clone()];
    let (mut command, mut bytes) = (begin(), 0);
    for item in items {
        bytes += item.iter().map(Bytes::len).sum::<usize>();
        command.extend(item);
        if command.len() > ITEMS * N || bytes > BYTES {
            each(std::mem::replace(&mut command, begin()));
            bytes = 0;
        }
    }
    if command.len() > 2 {
        each(command);
    }
}

fn each_entry(key: &Bytes, stream: &Stream, each: &mut impl FnMut(Vec<Bytes>)) {
    let add = |id: Bytes| vec![word("XADD"), key.clone(), id];
    let mut newest = None;
    for (id, fields) in stream.entries() {
        newest = Some(*id);
        let mut command = add(id.text().into());
        command.extend(fields.iter().cloned());
        each(command);
    }
    let last = stream.last_id();
    if newest != Some(last) {
        // The last entry has gone, and its id must not come again.
        let id = Bytes::from(last.text());
        let mut command = add(id.clone());
        command.extend([word("gone"), Bytes::new()]);
        each(command);
        each(vec![word("XDEL"), key.clone(), id]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command, keyspace::Keyspace};

    fn run(keys: &mut Keyspace, line: &str) {
        let words: Vec<_> =
            line.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
        command::run(keys, &words).expect("carried out");
    }

    /// All that can be seen of a keyspace.
    fn shown(keys: &Keyspace) -> Vec<String> {
        let mut shown = Vec::new();
        for (key, slot) in keys.slots() {
            each_command(key, slot, &mut |command| shown.push(format!("{command:?}")));
        }
        shown
    }

    #[test]
    fn the_commands_make_the_same_keyspace() {
        let mut keys = Keyspace::new(1);
        keys.begin(5_000_000);
        for n in 0..1_000 {
            run(&mut keys, &format!("HSET hash {n} value{n}"));
            run(&mut keys, &format!("ZADD sorted {}.25 {n}", n * 7919 % 1000));
            run(&mut keys, &format!("RPUSH list {n}"));
            run(&mut keys, &format!("SADD set {n}"));
            run(&mut keys, &format!("XADD stream {}-7 n {n}", n + 1));
        }
        for line in [
            "ZADD sorted inf most -inf least 1e300 large",
            "SET text 1 PX 9000",
            "PEXPIRE hash 7",
            "XDEL stream 1000-7",
            "XADD empty 77-3 a b",
            "XTRIM empty MAXLEN 0",
        ] {
            run(&mut keys, line);
        }
        let mut again = Keyspace::new(2);
        let (mut commands, mut longest) = (0, 0);
        for (key, slot) in keys.slots() {
            each_command(key, slot, &mut |command| {
                commands += 1;
                longest = longest.max(command.len());
                command::run(&mut again, &command).expect("carried out");
            });
        }
        assert_eq!(shown(&again), shown(&keys));
        assert!(commands < 1_100 && longest <= 2 * ITEMS + 2, "{commands} {longest}");
        run(&mut again, "XADD empty * a b");
        assert!(shown(&again).iter().any(|it| it.contains("77-4")), "ids go on rising");
    }
}
