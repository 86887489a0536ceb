//! The last hour of a queue, in a line of text.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::number;
use crate::trends::Trend;

/// How high it is, in units of the picture, and how wide a column.
const HEIGHT: u64 = 18;
const WIDTH: usize = 2;

/// Jobs that were completed, and on top of them those that failed.
pub(crate) fn sparkline(trend: &Trend) -> Markup {
    let sums = trend.completed.iter().zip(&trend.failed).map(|(done, failed)| done + failed);
    let most = sums.max().unwrap_or(0).max(1);
    let (mut done, mut failed) = (String::new(), String::new());
    for (n, (completed, lost)) in trend.completed.iter().zip(&trend.failed).enumerate() {
        let low = height(*completed, most);
        let high = height(completed + lost, most).max(low + u64::from(*lost > 0)).min(HEIGHT);
        bar(&mut done, n, (0, low));
        bar(&mut failed, n, (low.min(high.saturating_sub(u64::from(*lost > 0))), high));
    }
    let (all, lost) = (trend.completed.iter().sum(), trend.failed.iter().sum());
    let words = format!("Last hour: {} completed, {} failed", number(all), number(lost));
    html! {
        svg.spark role="img" viewBox={ "0 0 " (trend.completed.len() * WIDTH) " " (HEIGHT) } {
            title { (words) }
            path.line d={ "M0 " (HEIGHT) "H" (trend.completed.len() * WIDTH) } {}
            @if !done.is_empty() { path.st-completed d=(done) {} }
            @if !failed.is_empty() { path.st-failed d=(failed) {} }
        }
    }
}

/// What is there at all can be seen.
fn height(count: u64, most: u64) -> u64 {
    (count * HEIGHT).div_ceil(most).min(HEIGHT)
}

fn bar(path: &mut String, column: usize, (from, to): (u64, u64)) {
    if to > from {
        let _ = write!(
            path,
            "M{} {}v-{}h{WIDTH}v{}z",
            column * WIDTH,
            HEIGHT - from,
            to - from,
            to - from
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_stands_on_what_was_completed() {
        let trend = Trend { completed: vec![0, 9, 18], failed: vec![0, 9, 0], failed_24h: 9 };
        let text = sparkline(&trend).into_string();
        assert!(text.contains("d=\"M2 18v-9h2v9zM4 18v-18h2v18z\""), "{text}");
        assert!(text.contains("d=\"M2 9v-9h2v9z\""), "{text}");
        assert!(text.contains("Last hour: 27 completed, 9 failed"), "{text}");
    }

    #[test]
    fn a_single_failure_among_many_is_seen() {
        let trend = Trend { completed: vec![1_000_000], failed: vec![1], failed_24h: 1 };
        let text = sparkline(&trend).into_string();
        assert!(text.contains("class=\"st-failed\" d=\"M0 1v-1h2v1z\""), "{text}");
    }
}
