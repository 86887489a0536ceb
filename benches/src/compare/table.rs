//! The results for people.

use std::fmt::Write as _;

use super::Score;

/// Aligned lines, one a score: scenario, metric, peer, ours, theirs, ratio and its spread.
#[must_use]
pub fn table(scores: &[Score]) -> String {
    let mut text = format!(
        "{:<28} {:<16} {:<16} {:>10} {:>10} {:>8}  spread\n",
        "scenario", "metric", "peer", "ours", "theirs", "ratio"
    );
    for score in scores {
        let _ = writeln!(text, "{}", row(score));
    }
    text
}

/// One score's line.
#[must_use]
pub fn row(score: &Score) -> String {
    let (least, greatest) = score.spread();
    format!(
        "{:<28} {:<16} {:<16} {:>10} {:>10} {:>8}  {} to {}",
        score.scenario,
        score.metric.name(),
        score.peer,
        number(score.ours()),
        number(score.theirs()),
        number(score.ratio()),
        number(least),
        number(greatest),
    )
}

/// Three digits that matter, and all that stand before the point.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        small if small >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
