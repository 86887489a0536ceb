//! One job.

use jobqueue::{JobId, JobInfo, QueueName, types::Value};
use ratatui::text::Line;

use super::{Size, ink};
use crate::{
    command::job_lines::{payload, tries},
    output::{Hue, clean, glyph, span},
    top::model::Model,
};

pub(super) fn lines(
    model: &Model,
    (queue, id): (&QueueName, &JobId),
    size: Size,
) -> Vec<Line<'static>> {
    let job = model.snapshot.as_ref().and_then(|snapshot| snapshot.job.as_ref());
    let Some(job) = job.filter(|job| job.queue == *queue && job.id == *id) else {
        return vec![Line::from(" looking …")];
    };
    let Some(info) = &job.info else {
        return vec![Line::from(format!(
            " Job {id} of {queue} is gone: it may have ended and been cleaned."
        ))];
    };
    let mut texts = told(info);
    if !job.logs.is_empty() {
        texts.push((Hue::Dim, "logs".to_owned()));
        texts.extend(job.logs.iter().map(|line| (Hue::Plain, format!("  {line}"))));
    }
    let title = format!(" {queue} · {} · {} {}", info.record.name, glyph(info.state), info.state);
    let mut lines = vec![Line::from(ink(model, Hue::of(info.state), title))];
    let all: Vec<Line<'static>> = texts
        .into_iter()
        .flat_map(|(hue, text)| {
            wrapped(&text, size.width.saturating_sub(2)).into_iter().map(move |it| (hue, it))
        })
        .map(|(hue, text)| Line::from(ink(model, hue, format!(" {text}"))))
        .collect();
    let first = model.row.min(all.len().saturating_sub(1));
    lines.extend(all.into_iter().skip(first));
    lines
}

fn told(job: &JobInfo) -> Vec<(Hue, String)> {
    let mut texts = vec![(Hue::Plain, format!("id       {}", job.id))];
    texts.push((Hue::Plain, format!("attempts {}, stalled {}", tries(job), job.stalls)));
    if let Some(last) = &job.last_run {
        let waited = last.waited.map(|time| format!("waited {}, ", span(time)));
        let text =
            format!("run      {}ran {} on {}", waited.unwrap_or_default(), span(last.ran), last.by);
        texts.push((Hue::Plain, text));
    }
    for failure in &job.errors {
        let causes: String = failure.causes.iter().map(|cause| format!(": {cause}")).collect();
        let text =
            format!("attempt {}, {}: {}{causes}", failure.attempt, failure.reason, failure.message);
        texts.push((Hue::Bad, text));
    }
    texts.push((Hue::Plain, format!("payload  {}", payload(job))));
    if let Ok(Some(result)) = job.result::<Value>() {
        texts.push((Hue::Good, format!("result   {result}")));
    }
    texts
}

/// Cut into lines of so many letters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = clean(text).chars().collect();
    letters.chunks(width.max(1)).map(|line| line.iter().collect()).collect()
}
