//! Ids that are too long for a table.

use std::collections::HashSet;

/// Stands for what is left out.
pub(crate) const CUT: char = '…';

/// How much of the beginning stays: of a ULID, about the year.
const HEAD: usize = 4;

/// How much of the end stays at least.
const TAIL: usize = 3;

/// The ids, shortened in the middle, and as long as it takes that no two are the same.
pub(super) fn shortened(ids: &[&str]) -> Vec<String> {
    let distinct: HashSet<&str> = ids.iter().copied().collect();
    let longest = ids.iter().map(|id| id.chars().count()).max().unwrap_or(0);
    let mut tail = TAIL;
    loop {
        let short: Vec<String> = ids.iter().map(|id| middle(id, tail)).collect();
        let told: HashSet<&String> = short.iter().collect();
        if told.len() == distinct.len() || tail >= longest {
            return short;
        }
        tail += 1;
    }
}

fn middle(id: &str, tail: usize) -> String {
    let letters: Vec<char> = id.chars().collect();
    if letters.len() <= HEAD + tail + 1 {
        return id.to_owned();
    }
    let (head, rest) = letters.split_at(HEAD);
    let tail = rest.get(rest.len().saturating_sub(tail)..).unwrap_or_default();
    head.iter().chain(&[CUT]).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_ids_are_shown_alike() {
        let ids = ["01JF000000AAA9QK", "01JF000000BBB9QK", "short", "01JF000000AAA9QK"];
        assert_eq!(shortened(&ids), ["01JF…A9QK", "01JF…B9QK", "short", "01JF…A9QK"]);
        assert_eq!(shortened(&ids[..1]), ["01JF…9QK"]);
        assert!(shortened(&[]).is_empty());
    }
}
