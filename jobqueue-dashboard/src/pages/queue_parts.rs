//! What stands above the jobs of a queue, which news replace.

use jobqueue::{JobState, manage::QueueEntry, stats::QueueStats};
use maud::{Markup, html};

use crate::{
    trends::Trend,
    verb::Verb,
    view::{Button, Look, chip, number, seconds, sparkline},
    web::{Visit, encode},
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

/// A queue's name, how it is, and what can be done with it as a whole.
pub(super) fn head(
    visit: &Visit,
    stats: &QueueStats,
    entry: Option<&QueueEntry>,
    trend: Option<&Trend>,
) -> Markup {
    let queue = stats.queue.as_str();
    let dead_letter = entry.and_then(|entry| entry.dead_letter.as_ref());
    let holds = entry.is_some_and(QueueEntry::is_dead_letter);
    html! {
        div.title {
            h1 { (queue) }
            (facts(stats, holds))
            (history_link(&visit.prefix, queue, trend))
            div.buttons {
                @if holds { a.button href=(visit.at_letters(queue)) { "Its dead letters" } }
                @if let Some(dead) = dead_letter {
                    a.button href=(visit.at_letters(dead.as_str())) { "Dead letters in " (dead) }
                }
                @if stats.throttled_for.is_some() { (Button::new(Verb::Lift, queue).show(visit)) }
                @if stats.counts.paused { (Button::new(Verb::Resume, queue).show(visit)) }
                @else { (Button::new(Verb::Pause, queue).show(visit)) }
            }
        }
    }
}

/// The last hour, as a link to all that is kept of it.
pub(super) fn history_link(prefix: &str, queue: &str, trend: Option<&Trend>) -> Markup {
    html! {
        a.trend #trend href={ (prefix) "/history?queue=" (encode(queue)) } {
            @if let Some(trend) = trend { (sparkline(trend)) " " }
            "History"
        }
    }
}

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
