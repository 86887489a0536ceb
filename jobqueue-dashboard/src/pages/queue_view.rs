//! How a queue's page looks.

use jobqueue::{JobInfo, JobState, manage::QueueEntry, stats::QueueStats};
use maud::{Markup, html};

use super::{
    failures::{Group, groups},
    queue_parts::{head, tabs},
};
use crate::{
    filter::Where,
    look::Place,
    trends::Trend,
    verb::Verb,
    view::{confirm_link, job_table, looked, number},
    web::{Visit, encode},
};

/// What is shown of a queue.
pub(super) struct List<'a> {
    pub(super) visit: &'a Visit,
    pub(super) stats: QueueStats,
    pub(super) entry: Option<QueueEntry>,
    pub(super) trend: Option<Trend>,
    pub(super) state: JobState,
    pub(super) filter: Where,
    pub(super) jobs: Vec<JobInfo>,
    pub(super) groups: Vec<Group>,
    /// Jobs before the first on this page.
    pub(super) after: u64,
    pub(super) n: u64,
    /// How far a filter has looked.
    pub(super) place: Option<Place>,
}

impl List<'_> {
    pub(super) fn body(&self) -> Markup {
        let queue = self.stats.queue.as_str();
        html! {
            (head(self.visit, &self.stats, self.entry.as_ref(), self.trend.as_ref()))
            (tabs(&self.visit.prefix, &self.stats, self.state))
            (self.search())
            @if !self.groups.is_empty() { (groups(&self.visit.prefix, queue, &self.groups)) }
            @if self.jobs.is_empty() { (self.empty()) }
            @else {
                form #list method="get" action=(self.visit.at("/confirm")) {
                    input type="hidden" name="queue" value=(queue);
                    p.unseen data-news { }
                    (job_table((&self.visit.prefix, queue, self.state), &self.jobs, &self.visit.app.redaction))
                    (self.bulk())
                }
            }
            (self.pages())
        }
    }

    fn search(&self) -> Markup {
        // By its path: else the filter before would stand in the address as well.
        let (queue, state) = (encode(self.stats.queue.as_str()), self.state.as_str());
        let path = self.visit.at(&format!("/q/{queue}/{state}"));
        html! {
            form.filter method="get" action=(path) hx-get=(path) hx-target="#main" hx-select="#main"
                hx-swap="outerHTML" hx-push-url="true" {
                input type="search" name="where" value=(self.filter.text()) maxlength="1024"
                    aria-label="Filter" placeholder="Filter: name:send payload.customer=4711";
                button type="submit" { "Filter" }
            }
            @if let Some(place) = &self.place {
                p.quiet {
                    (looked(place.looked.jobs, place.of))
                    (number(place.looked.found))
                    " found. "
                    a href="?" { "Clear" }
                }
            }
        }
    }

    fn empty(&self) -> Markup {
        let queue = &self.stats.queue;
        html! {
            p.empty {
                @if !self.filter.is_empty() {
                    @if self.has_more() { "No job so far matches " } @else { "No job matches " }
                    code { (self.filter.text()) }
                    ". "
                    a href="?" { "Clear the filter" }
                }
                @else if self.after > 0 { "There are no more. " a href="?" { "To the newest" } }
                @else {
                    @match self.state {
                        JobState::Waiting => "Nothing waits.",
                        JobState::Delayed => "Nothing is due later.",
                        JobState::Active => "Nothing runs.",
                        JobState::Completed =>
                            "No completed job is kept. Set `retain` on the handler or its add to keep some.",
                        JobState::Failed => "No failed job is kept.",
                        JobState::Cancelled => "No cancelled job is kept.",
                        _ => "No job waits for others.",
                    }
                    @if self.stats.counts.total_added == 0 {
                        " No job was ever added: " code { "jobqueue add " (queue) " NAME '{}'" }
                    }
                }
            }
        }
    }

    /// What can be done to those that are selected, and to all.
    fn bulk(&self) -> Markup {
        let queue = self.stats.queue.as_str();
        let can = |verb: &Verb| verb.fits(self.state) && self.visit.person.can(verb.role(), queue);
        let verbs = [Verb::Retry, Verb::Promote, Verb::Cancel, Verb::Remove];
        let fields = [("state", self.state.as_str()), ("where", self.filter.text())];
        html! {
            div.bulk role="group" aria-label="Selected jobs" {
                @for verb in verbs.into_iter().filter(can) {
                    button type="submit" name="verb" value=(verb.as_str())
                        class=[verb.is_destructive().then_some("danger")] {
                        (verb.words()) " selected"
                    }
                    @if verb != Verb::Promote {
                        (confirm_link(self.visit, (verb, queue), &fields, &format!("{} all", verb.words())))
                    }
                }
            }
        }
    }

    /// Whether a filter hasn't looked at all yet.
    fn has_more(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.next.is_some())
    }

    fn pages(&self) -> Markup {
        let at = |after: u64| format!("?after={after}&n={}", self.n);
        let newer = (self.after > 0).then(|| at(self.after.saturating_sub(self.n)));
        let older = match &self.place {
            Some(place) => place.next.as_ref().map(|next| {
                let (wanted, next) = (encode(self.filter.text()), encode(next));
                format!("?where={wanted}&n={}&cursor={next}", self.n)
            }),
            None => (self.jobs.len() as u64 >= self.n).then(|| at(self.after + self.n)),
        };
        if newer.is_none() && older.is_none() && (self.place.is_some() || self.jobs.is_empty()) {
            return html! {};
        }
        html! {
            nav.pages aria-label="Pages of jobs" hx-target="#main" hx-select="#main"
                hx-swap="outerHTML show:window:top" hx-push-url="true" {
                @if let Some(newer) = newer {
                    a href=(newer) hx-get=(newer) data-page="[" rel="prev" { "Newer" }
                }
                @if self.place.is_none() && !self.jobs.is_empty() {
                    span.quiet {
                        (number(self.after + 1)) "–" (number(self.after + self.jobs.len() as u64))
                    }
                }
                @if let Some(older) = older {
                    a href=(older) hx-get=(older) data-page="]" rel="next" {
                        @if self.place.is_some() { "Go on" } @else { "Older" }
                    }
                }
            }
        }
    }
}
