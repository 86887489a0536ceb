//! What differs between two texts, line by line.

use maud::{Markup, html};

/// Both texts, with what is in one of them marked.
pub(crate) fn diff(before: &[String], after: &[String]) -> Markup {
    html! {
        pre.diff {
            @for (mark, line) in compare(before, after) {
                span class={ "d-" (mark.class()) } { (mark.sign()) (line) "\n" }
            }
        }
    }
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Same,
    Gone,
    New,
}

impl Mark {
    const fn sign(self) -> &'static str {
        match self {
            Self::Same => "  ",
            Self::Gone => "- ",
            Self::New => "+ ",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }
}

/// The lines of both, and which are only in one: what they begin and end with is the same, and of
/// what is between, the longest common lines, unless there is too much of it.
fn compare(before: &[String], after: &[String]) -> Vec<(Mark, String)> {
    /// Above this, what is between isn't compared line by line.
    const MOST: usize = 1_000_000;
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (rest_a, rest_b) = (&before[start..], &after[start..]);
    let end = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&rest_a[..rest_a.len() - end], &rest_b[..rest_b.len() - end]);
    let mut marked: Vec<_> =
        before[..start].iter().map(|line| (Mark::Same, line.clone())).collect();
    if a.len().saturating_mul(b.len()) > MOST {
        marked.extend(a.iter().map(|line| (Mark::Gone, line.clone())));
        marked.extend(b.iter().map(|line| (Mark::New, line.clone())));
    } else {
        common(a, b, &mut marked);
    }
    marked.extend(rest_a[a.len()..].iter().map(|line| (Mark::Same, line.clone())));
    marked
}

/// By the longest common subsequence.
fn common(a: &[String], b: &[String], marked: &mut Vec<(Mark, String)>) {
    let width = b.len() + 1;
    let mut longest = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            marked.push((Mark::Same, a[i].clone()));
            (i, j) = (i + 1, j + 1);
        } else if j == b.len()
            || (i < a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            marked.push((Mark::Gone, a[i].clone()));
            i += 1;
        } else {
            marked.push((Mark::New, b[j].clone()));
            j += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_marked() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let marked = compare(&lines("{\na\nb\nc\n}"), &lines("{\nb\nx\nc\n}"));
        let text: String =
            marked.iter().map(|(mark, line)| format!("{}{line}\n", mark.sign())).collect();
        assert_eq!(text, "  {\n- a\n  b\n+ x\n  c\n  }\n");
        assert_eq!(compare(&[], &lines("a")), [(Mark::New, "a".to_owned())]);
    }
}
