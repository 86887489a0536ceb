//! Failures of a queue, grouped by what they have in common.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jobqueue::{JobId, JobInfo, Outcome, find::JobFilter};
use maud::{Markup, html};
use serde::Serialize;

use crate::{
    view::{ago, number},
    web::encode,
};

/// How many groups are shown.
const MOST: usize = 6;

/// Failures of one kind and one job name.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) reason: &'static str,
    pub(crate) name: String,
    pub(crate) message: String,
    pub(crate) count: u64,
    pub(crate) last_at: Option<DateTime<Utc>>,
    pub(crate) sample: JobId,
}

/// A message without what differs from job to job: numbers and ids.
pub(crate) fn kind_of(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let mut kind = String::new();
    for word in line.split(' ').take(12) {
        if !kind.is_empty() {
            kind.push(' ');
        }
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if digits > 0 && digits * 2 >= word.chars().count() {
            kind.push('#');
        } else {
            kind.push_str(word);
        }
    }
    kind
}

/// The failures among these jobs, the most frequent kind first.
pub(super) fn grouped(jobs: &[JobInfo]) -> Vec<Group> {
    let mut groups: BTreeMap<(&'static str, &str, String), Group> = BTreeMap::new();
    for job in jobs {
        let Some(failure) = job.outcome.as_ref().and_then(Outcome::failure) else { continue };
        let name = job.record.name.as_str();
        let key = (failure.reason.as_str(), name, kind_of(&failure.message));
        let group = groups.entry(key).or_insert_with(|| Group {
            reason: failure.reason.as_str(),
            name: name.to_owned(),
            message: failure.message.lines().next().unwrap_or_default().to_owned(),
            count: 0,
            last_at: job.finished_at,
            sample: job.id.clone(),
        });
        group.count += 1;
        group.last_at = group.last_at.max(job.finished_at);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups.truncate(MOST);
    groups
}

/// The filter that means the jobs of a name.
fn named(name: &str) -> String {
    JobFilter::new().name(name).to_string()
}

/// The groups, above the table.
pub(super) fn groups(prefix: &str, queue: &str, groups: &[Group]) -> Markup {
    html! {
        section.groups aria-label="Kinds of failures on this page" {
            ul {
                @for group in groups {
                    li {
                        b { (number(group.count)) " × " } (group.reason) " in "
                        a href={ "?where=" (encode(&named(&group.name))) } {
                            (group.name)
                        }
                        ": "
                        a
                            href={ (prefix) "/q/" (encode(queue)) "/job/" (encode(group.sample.as_str())) } {
                            (group.message)
                        }
                        @if let Some(at) = group.last_at { span.quiet { " last " (ago(at)) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_make_no_kinds_of_their_own() {
        assert_eq!(kind_of("order 17 not found\nmore"), kind_of("order 18 not found"));
        assert_eq!(kind_of("cannot connect to smtp-3:25"), "cannot connect to smtp-3:25");
        assert_ne!(kind_of("no such order"), kind_of("no such user"));
    }
}
