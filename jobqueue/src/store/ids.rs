//! Many ids as one text, as scripts and events carry them.
//!
//! A space separates ids. Ids that one producer makes at a time differ only in their last
//! characters. So an id of the same length as the first of its group may be written as a tab and
//! the characters that differ: `01J…AA\tB\tC 01K…XY` are four ids. ULIDs of one millisecond count
//! up, so a line feed and a number stand for the ids that follow the last one: `01J…AA\n3` are four
//! ids too. No id has spaces, tabs or line feeds in it.

use crate::job::JobId;

/// The most characters after a tab: with more there is little to save.
const MAX_TAIL: usize = 12;
/// The most ids that one number stands for, so that a bad text can't ask for all memory.
const MAX_RUN: usize = 1_000;
/// The digits of ULIDs, [Crockford's](https://www.crockford.com/base32.html).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes ids as short as possible.
pub(crate) fn write<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let (mut first, mut next, mut run) = ("", None, 0);
    for id in ids {
        if run < MAX_RUN && next.as_ref().is_some_and(|next| next == id.as_bytes()) {
            run += 1;
            next = next.and_then(successor);
            continue;
        }
        close_run(&mut text, std::mem::take(&mut run));
        next = successor(id.as_bytes().to_vec());
        let same = first.bytes().zip(id.bytes()).take_while(|(a, b)| a == b).count();
        match id.get(same..) {
            Some(tail) if same > 0 && id.len() == first.len() && fits(tail) => {
                text.push('\t');
                text.push_str(tail);
            }
            _ => {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(id);
                first = id;
            }
        }
    }
    close_run(&mut text, run);
    text
}

/// Whether an id may be shortened to this tail. An empty one would not be read again.
fn fits(tail: &str) -> bool {
    (1..=MAX_TAIL).contains(&tail.len())
}

fn close_run(text: &mut String, run: usize) {
    if run > 0 {
        text.push('\n');
        text.push_str(&run.to_string());
    }
}

/// The next id, as ULIDs count up. None if its last characters are no digits.
fn successor(mut id: Vec<u8>) -> Option<Vec<u8>> {
    for character in id.iter_mut().rev() {
        let digit = DIGITS.binary_search(character).ok()?;
        *character = DIGITS[(digit + 1) % DIGITS.len()];
        if digit + 1 < DIGITS.len() {
            return Some(id);
        }
    }
    None
}

/// Reads what [`write()`] or a script wrote. It never fails: nonsense is read as unknown ids.
pub(crate) fn read(text: &str) -> Vec<JobId> {
    let mut ids = Vec::with_capacity(text.len() / 27 + 1);
    let shortened = text.bytes().any(|byte| byte == b'\t' || byte == b'\n');
    for group in groups(text).filter(|group| !group.is_empty()) {
        if shortened {
            read_shortened(group, &mut ids);
        } else {
            ids.push(JobId::from_store(group));
        }
    }
    ids
}

/// Reads one group of ids.
fn read_shortened(group: &str, ids: &mut Vec<JobId>) {
    let mut first = None;
    for part in group.split('\t') {
        let mut counts = part.split('\n');
        let tail = counts.next().unwrap_or_default();
        let first = *first.get_or_insert(tail);
        let head = first.len().checked_sub(tail.len()).and_then(|len| first.get(..len));
        let id = [head.unwrap_or_default(), tail].concat();
        ids.push(JobId::from_store(&id));
        let run = counts.next().and_then(|count| count.parse().ok()).unwrap_or(0);
        let following =
            std::iter::successors(successor(id.into_bytes()), |id| successor(id.clone()));
        for id in following.take(MAX_RUN.min(run)) {
            ids.push(JobId::from_store(&String::from_utf8_lossy(&id)));
        }
    }
}

/// The texts between spaces. Byte by byte, which is faster than a search for pieces as short as
/// ids.
fn groups(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.bytes().position(|byte| byte == b' ');
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(ids: &[&str]) -> String {
        let text = write(ids.iter().copied());
        let read: Vec<String> = read(&text).iter().map(ToString::to_string).collect();
        assert_eq!(read, ids);
        text
    }

    #[test]
    fn what_ids_have_in_common_is_written_once() {
        assert_eq!(
            there_and_back(&["01JAA", "01JAB", "01JBA", "other", "01JAA"]),
            "01JAA\n1\tBA other 01JAA"
        );
        assert_eq!(
            there_and_back(&["01JAH", "01JAJ", "01JAK", "01JAA", "01JAZ", "01JB0", "01JB2"]),
            "01JAH\n2\tA\tZ\n1\tB2"
        );
        assert_eq!(there_and_back(&["A+", "A,", "Zz", "ZZ", "000"]), "A+\t, Zz\tZ 000");
        assert_eq!(there_and_back(&["a", "a", "b", "ab"]), "a a b ab");
        assert_eq!(there_and_back(&[]), "");
        let ids: Vec<String> = (0..1_000).map(|_| JobId::generate().to_string()).collect();
        let text = there_and_back(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.len() < 5_000, "{} bytes for 1,000 ids", text.len());
        let mut many = vec![vec![b'0'; 26]];
        many.extend((0..2 * MAX_RUN).scan(many[0].clone(), |id, _| {
            *id = successor(id.clone())?;
            Some(id.clone())
        }));
        let many: Vec<_> = many.iter().map(|id| str::from_utf8(id).expect("digits")).collect();
        assert_eq!(there_and_back(&many).matches('\n').count(), 2);
    }

    #[test]
    fn nonsense_is_read_as_ids_that_nobody_has() {
        assert_eq!(read("é\tx  \t y\tlonger").len(), 6);
        assert_eq!(read("A\n999999 é\n3 B\n-1 Z\n2 C\n\n2 \n7").len(), 32 - 10 + 5);
    }
}
