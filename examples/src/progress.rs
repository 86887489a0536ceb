//! Follows a queue's events: moves a progress bar, names retries, and signals when half of the jobs
//! are done.

use std::{collections::HashMap, path::PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use jobqueue::{
    JobHandle, JobId, Queue, Result,
    event::{EventId, EventKind},
};

/// Follows until all jobs have ended, and calls `half_way` once.
///
/// # Errors
/// Those of any call.
pub async fn follow(
    queue: Queue,
    paths: HashMap<JobId, PathBuf>,
    half_way: impl FnOnce(),
) -> Result<()> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} files, {per_sec}, {eta} left");
    let bar = ProgressBar::new(paths.len() as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut half_way = Some(half_way);
    let mut events = queue.events_after(&EventId::beginning());
    while bar.position() < paths.len() as u64
        && let Some(event) = events.next().await
    {
        let event = event?;
        match event.kind {
            EventKind::Completed | EventKind::Failed => bar.inc(event.jobs.len() as u64),
            EventKind::Retrying | EventKind::Stalled => {
                for path in event.jobs.iter().filter_map(|id| paths.get(id)) {
                    bar.suspend(|| eprintln!("{}: {}", event.kind, path.display()));
                }
            }
            _ => {}
        }
        if bar.position() * 2 >= paths.len() as u64
            && let Some(half_way) = half_way.take()
        {
            half_way();
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The paths of jobs by their ids.
#[must_use]
pub fn by_id<T>(handles: &[JobHandle<T>], paths: &[PathBuf]) -> HashMap<JobId, PathBuf> {
    handles.iter().map(|handle| handle.id().clone()).zip(paths.iter().cloned()).collect()
}
