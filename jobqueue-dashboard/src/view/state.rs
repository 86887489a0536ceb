//! How states look: a glyph and a word always; the colour is the third cue.

use jobqueue::{JobInfo, JobState, Outcome};
use maud::{Markup, html};

/// How something looks that has a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) glyph: &'static str,
    pub(crate) word: &'static str,
    /// Its class in the style.
    pub(crate) class: &'static str,
}

const fn look(glyph: &'static str, word: &'static str, class: &'static str) -> Look {
    Look { glyph, word, class }
}

impl Look {
    pub(crate) const DEAD: Self = look("⊠", "dead letter", "failed");
    pub(crate) const PAUSED: Self = look("‖", "paused", "paused");
    pub(crate) const THROTTLED: Self = look("⧗", "throttled", "blocked");
    pub(crate) const RUNNING: Self = look("▶", "running", "active");

    pub(crate) const fn of(state: JobState) -> Self {
        match state {
            JobState::Waiting => look("○", "waiting", "waiting"),
            JobState::Delayed => look("◔", "delayed", "delayed"),
            JobState::Active => look("▶", "active", "active"),
            JobState::Completed => look("✓", "completed", "completed"),
            JobState::Failed => look("✕", "failed", "failed"),
            JobState::Cancelled => look("⊘", "cancelled", "cancelled"),
            // A parent in a flow.
            JobState::WaitingChildren => look("⧗", "blocked", "blocked"),
            _ => look("·", "other", "waiting"),
        }
    }

    /// Of a job, which may have become a dead letter.
    pub(crate) fn of_job(job: &JobInfo) -> Self {
        match &job.outcome {
            Some(Outcome::DeadLettered { .. }) => Self::DEAD,
            _ => Self::of(job.state),
        }
    }
}

/// A state as it stands in text.
pub(crate) fn chip(look: Look) -> Markup {
    html! {
        span class={ "st st-" (look.class) } {
            span.glyph aria-hidden="true" { (look.glyph) } " " (look.word)
        }
    }
}
