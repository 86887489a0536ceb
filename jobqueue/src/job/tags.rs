//! Words by which jobs are found.

use crate::value_error::Invalid;

/// The most tags of a job, and the most bytes of each.
const MAX_TAGS: usize = 16;
pub(super) const MAX_TAG_BYTES: usize = 128;

/// Checks the tags of one job.
pub(super) fn validate_tags<'a>(
    tags: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Invalid> {
    if tags.len() > MAX_TAGS {
        let problem = format!("the job has {} tags", tags.len());
        return Err(Invalid::setup(problem, "use at most 16, those of its handler among them"));
    }
    let mut tags = tags;
    match tags.find(|tag| !is_tag(tag)) {
        None => Ok(()),
        Some(tag) => {
            let advice = "use 1 to 128 bytes without spaces, such as \"customer:42\"";
            Err(Invalid::new("tag", tag, advice))
        }
    }
}

fn is_tag(tag: &str) -> bool {
    let odd = |it: char| it.is_control() || it.is_whitespace();
    (1..=MAX_TAG_BYTES).contains(&tag.len()) && !tag.contains(odd)
}
