//! Many ids as one text, as scripts and events carry them.
//!
//! Blanks stand between ids. Ids that one producer makes at a time differ in their last letters alone, so
//! of an id that is as long as the one before the last blank, only what differs may be written, after a
//! tab: `01J…AA\tB\tC 01K…XY` are four. Neither blanks nor tabs can be part of an id.

use crate::job::JobId;

/// The most letters after a tab; with more it saves nothing worth reading.
const MAX_TAIL: usize = 12;

/// As short as may be.
pub(super) fn write<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut first = "";
    for id in ids {
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
    text
}

/// An id that is the same as the first has no tail, and would not be read again.
fn fits(tail: &str) -> bool {
    (1..=MAX_TAIL).contains(&tail.len())
}

/// Reads what [`write`] or a script wrote. Whatever stands there, it doesn't fail.
pub(crate) fn read(text: &str) -> Vec<JobId> {
    let mut ids = Vec::with_capacity(text.len() / 27 + 1);
    let shortened = text.contains('\t');
    for group in groups(text).filter(|group| !group.is_empty()) {
        if !shortened {
            ids.push(JobId::from_store(group));
            continue;
        }
        let mut parts = group.split('\t');
        let first = parts.next().unwrap_or_default();
        ids.push(JobId::from_store(first));
        for tail in parts {
            let head = first.len().checked_sub(tail.len()).and_then(|len| first.get(..len));
            ids.push(JobId::from_store(&[head.unwrap_or_default(), tail].concat()));
        }
    }
    ids
}

/// What stands between blanks. Byte by byte: for pieces as short as ids a search for the next costs more.
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
            "01JAA\tB\tBA other 01JAA"
        );
        assert_eq!(there_and_back(&["a", "a", "b", "ab"]), "a a b ab");
        assert_eq!(there_and_back(&[]), "");
        let ids: Vec<String> = (0..1_000).map(|_| JobId::generate().to_string()).collect();
        let text = there_and_back(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(text.len() < 10_000, "{} bytes for 1,000 ids", text.len());
    }

    #[test]
    fn nonsense_is_read_as_ids_that_nobody_has() {
        assert_eq!(read("é\tx  \t y\tlonger").len(), 6);
    }
}
