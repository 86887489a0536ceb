//! What stands above the jobs of a queue, which news replace.

use jobqueue::{JobState, stats::QueueStats};
use maud::{Markup, html};

use crate::{
    view::{Look, chip, number, seconds},
    web::encode,
};

/// The tabs, in the order of the keys 1 to 7.
const TABS: [JobState; 7] = [
    JobState::Waiting,
    JobState::Delayed,
    JobState::Active,
    JobState::Completed,
    JobState::Failed,
    JobState::Cancelled,
    JobState::WaitingChildren,
];

/// What is told of a queue beside its name.
pub(super) fn facts(stats: &QueueStats, holds_dead_letters: bool) -> Markup {
    html! {
        p.facts #facts {
            @if stats.counts.paused { (chip(Look::PAUSED)) " " }
            @if let Some(time) = stats.throttled_for {
                (chip(Look::THROTTLED)) " for " (seconds(time)) " "
            }
            @if holds_dead_letters { "kept, not waiting" } @else { "lag " (seconds(stats.lag())) }
            " · " (stats.workers_alive()) " workers"
            @if let Some(most) = stats.limits.max_active { " · at most " (number(most)) " active" }
            @if let Some(rate) = stats.limits.rate {
                " · " (rate.max()) " per " (seconds(rate.per()))
            }
            @if let Some(most) = stats.limits.max_length { " · at most " (number(most)) " long" }
        }
    }
}

/// The states, as links with counts.
pub(super) fn tabs(prefix: &str, stats: &QueueStats, shown: JobState) -> Markup {
    let base = format!("{prefix}/q/{}", encode(stats.queue.as_str()));
    html! {
        nav.tabs #tabs aria-label="States" {
            @for (n, state) in TABS.into_iter().enumerate() {
                @if state != JobState::WaitingChildren || shown == state {
                    a class={ "st st-" (Look::of(state).class) }
                        href={ (base) "/" (state.as_str()) } hx-get={ (base) "/" (state.as_str()) }
                        hx-target="#main" hx-select="#main" hx-swap="outerHTML" hx-push-url="true"
                            data-tab=(n + 1)
                        aria-current=[(state == shown).then_some("page")] {
                        span aria-hidden="true" { (Look::of(state).glyph) " " }
                        (Look::of(state).word)
                        " "
                        b { (number(stats.counts.of(state))) }
                    }
                }
            }
        }
    }
}
