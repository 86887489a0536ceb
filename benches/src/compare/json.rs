//! The results for programs.

use serde_json::{Value, json};

use super::{Machine, Score};

/// `{"machine": …, "results": […], "details": […], "absent": […]}`: `details` has the metrics that
/// are not central, in the same shape.
#[must_use]
pub fn document(machine: &Machine, scores: &[Score], absent: &[String]) -> Value {
    let (central, details): (Vec<_>, Vec<_>) =
        scores.iter().partition(|score| score.metric.central());
    let list = |scores: Vec<&Score>| scores.into_iter().map(entry).collect::<Vec<_>>();
    json!({
        "machine": machine,
        "results": list(central),
        "details": list(details),
        "absent": absent,
    })
}

fn entry(score: &Score) -> Value {
    let round = |(ours, theirs): &(f64, f64)| json!({"ours": ours, "theirs": theirs, "ratio": ours / theirs});
    json!({
        "scenario": score.scenario,
        "metric": score.metric.name(),
        "peer": score.peer,
        "ours": score.ours(),
        "theirs": score.theirs(),
        "ratio": score.ratio(),
        "rounds": score.rounds.iter().map(round).collect::<Vec<_>>(),
    })
}
