//! Names for ids that are the same at each run of a test.

use std::collections::HashMap;

use crate::job::JobId;

/// How many characters an id has that a client has made.
const ID_LEN: usize = 26;

/// The numbers of ids, in the order in which they were seen.
pub(super) type Names = HashMap<String, usize>;

/// This id was seen.
pub(super) fn note(names: &mut Names, id: &JobId) {
    if is_made(id.as_str()) {
        name(names, id.as_str());
    }
}

fn name(names: &mut Names, id: &str) -> String {
    let next = names.len() + 1;
    format!("job-{}", names.entry(id.to_owned()).or_insert(next))
}

/// Puts `job-1` in the place of each id that a client has made, wherever it stands.
pub(super) fn rename(text: &str, names: &mut Names) -> String {
    let (mut renamed, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(|it: char| it.is_ascii_alphanumeric()) {
        let (before, word) = rest.split_at(start);
        renamed.push_str(before);
        let end = word.find(|it: char| !it.is_ascii_alphanumeric()).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        if is_made(word) {
            renamed.push_str(&name(names, word));
        } else {
            renamed.push_str(word);
        }
        rest = after;
    }
    renamed.push_str(rest);
    renamed
}

/// Whether a client has made this id.
fn is_made(id: &str) -> bool {
    let known = |it: char| it.is_ascii_digit() || (it.is_ascii_uppercase() && !"ILOU".contains(it));
    id.len() == ID_LEN && id.chars().all(known) && id.starts_with(|it| ('0'..='7').contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_same_names_wherever_they_stand() {
        let (a, b) = ("01KDVDNA00RFB5115AJ84TWGF3", "01KDVDNA00RFB5115AJ84TWGF4");
        let text = format!("{b} {a} \"{b}\" x{a} order-7 {a}.");
        let names = &mut Names::new();
        assert_eq!(rename(&text, names), format!("job-1 job-2 \"job-1\" x{a} order-7 job-2."));
        assert_eq!(rename(a, names), "job-2");
    }
}
