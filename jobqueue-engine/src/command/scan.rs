//! Reading page by page, while others write.

use std::ops::Range;

use bytes::Bytes;

use super::{
    args::{Args, integer, is},
    keys::matches,
};
use crate::{
    keyspace::Keyspace,
    number,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::{Hash, Set, SortedSet},
};

/// A page that is asked for. The cursor is how many items are left, from the first on: an item that
/// is removed makes the last one take its place, so one that wasn't seen stays among those that are
/// left.
struct Page<'a> {
    left: usize,
    most: usize,
    fits: Option<&'a [u8]>,
    of_type: Option<&'a [u8]>,
}

impl<'a> Page<'a> {
    /// The cursor, and `COUNT`, `MATCH` and `TYPE`.
    fn parse(cursor: &[u8], mut options: Args<'a>) -> Result<Self, Refusal> {
        let left = number::integer(cursor).and_then(|cursor| usize::try_from(cursor).ok());
        let left = left.ok_or(Refusal::new("ERR invalid cursor"))?;
        let mut page = Self { left, most: 10, fits: None, of_type: None };
        while let [name, value, rest @ ..] = options {
            if is(name, "COUNT") {
                let most = usize::try_from(integer(value)?).ok().filter(|most| *most > 0);
                page.most = most.ok_or(Refusal::SYNTAX)?;
            } else if is(name, "MATCH") {
                page.fits = Some(value);
            } else if is(name, "TYPE") {
                page.of_type = Some(value);
            } else {
                return Err(Refusal::SYNTAX);
            }
            options = rest;
        }
        if options.is_empty() { Ok(page) } else { Err(Refusal::SYNTAX) }
    }

    /// Which of `len` items these are.
    fn of(&self, len: usize) -> Range<usize> {
        let end = if self.left == 0 { len } else { self.left.min(len) };
        end.saturating_sub(self.most)..end
    }

    fn has(&self, name: &[u8]) -> bool {
        self.fits.is_none_or(|pattern| matches(pattern, name))
    }
}

fn reply(next: usize, found: Reply) -> Reply {
    Reply::Array(vec![Reply::text(next.to_string()), found])
}

pub(super) fn keys(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let page = Page::parse(&args[0], &args[1..])?;
    let range = page.of(keys.len());
    let found = range.clone().filter_map(|at| keys.at(at)).filter(|(key, slot)| {
        let is_type = |name| is(name, slot.value.type_name());
        page.has(key) && page.of_type.is_none_or(is_type)
    });
    Ok(reply(range.start, Reply::bulks(found.map(|(key, _)| key))))
}

pub(super) fn hash(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (page, hash) = (Page::parse(&args[1], &args[2..])?, keys.get::<Hash>(&args[0])?);
    let range = page.of(hash.map_or(0, |hash| hash.len()));
    let found = range.clone().filter_map(|at| hash?.get_index(at));
    let found = found.filter(|(field, _)| page.has(field));
    Ok(reply(range.start, Reply::bulks(found.flat_map(|(field, value)| [field, value]))))
}

pub(super) fn set(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (page, set) = (Page::parse(&args[1], &args[2..])?, keys.get::<Set>(&args[0])?);
    let range = page.of(set.map_or(0, |set| set.len()));
    let found = range.clone().filter_map(|at| set?.get_index(at)).map(|(member, ())| member);
    Ok(reply(range.start, Reply::bulks(found.filter(|member| page.has(member)))))
}

pub(super) fn sorted_set(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (page, set) = (Page::parse(&args[1], &args[2..])?, keys.get::<SortedSet>(&args[0])?);
    let range = page.of(set.map_or(0, SortedSet::len));
    let found = range.clone().filter_map(|at| set?.at(at)).filter(|(member, _)| page.has(member));
    let texts = |(member, score): (&Bytes, f64)| {
        [Reply::Bulk(member.clone()), Reply::text(number::print(score))]
    };
    Ok(reply(range.start, Reply::Array(found.flat_map(texts).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::run;

    fn words(line: &str) -> Vec<Bytes> {
        line.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect()
    }

    fn texts(reply: &Reply) -> Vec<String> {
        let Reply::Array(items) = reply else { panic!("no list: {reply:?}") };
        let text = |item: &Reply| match item {
            Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("no text: {other:?}"),
        };
        items.iter().map(text).collect()
    }

    fn page(keys: &mut Keyspace, line: &str) -> (String, Vec<String>) {
        let Ok(Reply::Array(parts)) = run(keys, &words(line)) else { panic!("no page") };
        let Reply::Bulk(next) = &parts[0] else { panic!("no cursor") };
        (String::from_utf8_lossy(next).into_owned(), texts(&parts[1]))
    }

    /// Reads 25 items by pages, and removes one that was seen after each.
    fn all_are_seen(add: &str, scan: &str, remove: &str, step: usize) {
        let mut keys = Keyspace::new(0);
        for item in 0..25 {
            run(&mut keys, &words(&add.replace('#', &item.to_string()))).expect("added");
        }
        let (mut cursor, mut seen) = ("0".to_owned(), Vec::new());
        loop {
            let (next, found) = page(&mut keys, &format!("{} COUNT 4", scan.replace('#', &cursor)));
            assert!(found.len() <= 4 * step, "{found:?}");
            seen.extend(found.into_iter().step_by(step));
            // Whoever is removed meanwhile has been seen, and another takes its place.
            run(&mut keys, &words(&remove.replace('#', &seen[0]))).expect("removed");
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 25, "{scan}");
    }

    #[test]
    fn a_scan_sees_all_that_stay() {
        all_are_seen("SET # v", "SCAN #", "DEL #", 1);
        all_are_seen("HSET h # v", "HSCAN h #", "HDEL h #", 2);
        all_are_seen("SADD s #", "SSCAN s #", "SREM s #", 1);
        all_are_seen("ZADD z 1 #", "ZSCAN z #", "ZREM z #", 2);
    }

    #[test]
    fn a_scan_may_leave_out() {
        let mut keys = Keyspace::new(0);
        for line in ["SET a1 v", "SADD a2 m", "SET b1 v"] {
            run(&mut keys, &words(line)).expect("set");
        }
        let found = |keys: &mut Keyspace, line| {
            let (cursor, mut found) = page(keys, line);
            assert_eq!(cursor, "0");
            found.sort();
            found
        };
        assert_eq!(found(&mut keys, "SCAN 0 MATCH a*"), ["a1", "a2"]);
        assert_eq!(found(&mut keys, "SCAN 0 MATCH *1 TYPE string COUNT 9"), ["a1", "b1"]);
        for wrong in ["SCAN x", "SCAN 0 COUNT 0", "SCAN 0 COUNT", "SCAN 0 FAST 1", "HSCAN h x"] {
            assert!(run(&mut keys, &words(wrong)).is_err(), "{wrong}");
        }
    }
}
