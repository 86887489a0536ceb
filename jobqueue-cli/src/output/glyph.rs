//! The signs of states: colour is never the only cue.

use jobqueue::JobState;

/// The sign of a state.
pub(crate) const fn glyph(state: JobState) -> &'static str {
    match state {
        JobState::Waiting => "○",
        JobState::Delayed => "◔",
        JobState::Active => "▶",
        JobState::Completed => "✓",
        JobState::Failed => "✕",
        JobState::Cancelled => "⊘",
        JobState::WaitingChildren => "⧗",
        _ => "?",
    }
}
