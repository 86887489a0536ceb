//! "Did you mean …?"

/// Words that other libraries have for the same, and ours.
const SYNONYMS: [(&str, &str); 16] = [
    ("retries", "attempts"),
    ("max_retries", "attempts"),
    ("max_attempts", "attempts"),
    ("tries", "attempts"),
    ("delay", "backoff"),
    ("dlq", "dead_letter"),
    ("dead_letter_queue", "dead_letter"),
    ("deadline", "timeout"),
    ("max_duration", "timeout"),
    ("expires", "ttl"),
    ("expires_in", "ttl"),
    ("parallelism", "concurrency"),
    ("limit", "rate"),
    ("rate_limit", "rate"),
    ("circuit_breaker", "breaker"),
    ("topic", "subscribe"),
];

/// What to say after an unknown word: the known one that it is close to, or all there are.
pub(crate) fn suggest(word: &str, known: &[&str]) -> String {
    match closest(word, known) {
        Some(close) => format!("; did you mean `{close}`?"),
        None => format!(": there are {}", known.join(", ")),
    }
}

/// The known word that this one is close to, or a synonym of.
pub(crate) fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let synonym = SYNONYMS.iter().find(|(theirs, _)| *theirs == word).map(|(_, ours)| *ours);
    if let Some(found) = known.iter().find(|known| Some(**known) == synonym) {
        return Some(found);
    }
    let allowed = 1 + word.len() / 4;
    let distances = known.iter().map(|known| (distance(word, known), *known));
    distances.filter(|(distance, _)| *distance <= allowed).min().map(|(_, known)| known)
}

/// How many characters differ: added, left out, replaced or swapped with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let least = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                if swapped { least.min(rows[i - 2][j - 2] + 1) } else { least }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["queue", "name", "attempts", "timeout", "retain", "retain_failed"];

    #[test]
    fn close_words_are_found_and_far_ones_are_not() {
        for (word, close) in [
            ("queu", Some("queue")),
            ("qeueu", Some("queue")),
            ("attempt", Some("attempts")),
            ("atempts", Some("attempts")),
            ("time_out", Some("timeout")),
            ("retain_fail", Some("retain_failed")),
            ("retries", Some("attempts")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(closest(word, &KNOWN), close, "{word}");
        }
    }

    #[test]
    fn a_synonym_counts_only_where_its_word_is_known() {
        assert_eq!(closest("dlq", &KNOWN), None);
    }

    #[test]
    fn distances_count_single_edits() {
        for (a, b, edits) in [("", "", 0), ("", "ab", 2), ("ab", "ba", 1), ("abc", "axc", 1)] {
            assert_eq!((distance(a, b), distance(b, a)), (edits, edits), "{a} {b}");
        }
    }
}
