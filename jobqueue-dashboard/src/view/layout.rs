//! The frame of every page, and the page of a problem.

use axum::{
    http::StatusCode,
    response::{Html, IntoResponse as _},
};
use maud::{DOCTYPE, Markup, html};
use serde::Serialize;

use crate::{
    assets,
    payload::Tree,
    web::{Problem, Reply, Theme, Visit, json},
};

/// The menu: path, words, and the key behind `g`.
const PARTS: [(&str, &str, &str); 12] = [
    ("/", "Overview", "o"),
    ("/jobs", "Jobs", "j"),
    ("/workers", "Workers", "w"),
    ("/schedules", "Schedules", "s"),
    ("/flows", "Flows", "f"),
    ("/dead", "Dead letters", "d"),
    ("/topics", "Topics", "t"),
    ("/history", "History", "h"),
    ("/events", "Events", "e"),
    ("/audit", "Audit", "a"),
    ("/actions", "Actions", "x"),
    ("/doctor", "Doctor", "c"),
];

/// What htmx may do: nothing that the policy of our pages forbids.
const HTMX: &str = concat!(
    r#"{"allowEval":false,"includeIndicatorStyles":false,"allowScriptTags":false,"#,
    r#""selfRequestsOnly":true,"historyCacheSize":0,"#,
    r#""responseHandling":[{"code":"204","swap":false},"#,
    // What is wrong with a filter is shown like any page.
    r#"{"code":"[2345]..","swap":true}]}"#
);

/// What stands in a page.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    title: &'a str,
    /// The part of the menu that it belongs to, by its path.
    part: &'a str,
    body: Markup,
    /// Where its news come from, if it is live.
    live: Option<String>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(title: &'a str, part: &'a str, body: Markup) -> Self {
        Self { title, part, body, live: None }
    }

    pub(crate) fn live(mut self, path: String) -> Self {
        self.live = Some(path);
        self
    }
}

/// A page, or its data if that is asked for. Both have what is secret hidden.
#[expect(clippy::needless_pass_by_value, reason = "a page is shown once")]
pub(crate) fn show(visit: &Visit, page: Page<'_>, data: &impl Serialize) -> Reply {
    if visit.json {
        let mut tree = Tree::of(data)?;
        visit.app.redaction.hide(&mut tree);
        return Ok(json(StatusCode::OK, &tree));
    }
    Ok(layout(visit, &page).into_response())
}

fn layout(visit: &Visit, page: &Page<'_>) -> Html<String> {
    let markup = html! {
        (DOCTYPE)
        html lang="en" data-theme=(visit.theme.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="htmx-config" content=(HTMX);
                title { (page.title) " · jobqueue" }
                link rel="stylesheet" href=(visit.at(&assets::STYLE.path()));
                link rel="icon" href="data:,";
                @for script in [assets::HTMX, assets::MORPH, assets::LIVE, assets::KEYS] {
                    script src=(visit.at(&script.path())) defer {}
                }
            }
            body {
                a.skip href="#main" { "Skip to the page" }
                (head(visit, page.part))
                main #main tabindex="-1" data-live=[page.live.as_ref().map(|path| visit.at(path))] {
                    (page.body)
                }
                (foot(visit, page.live.is_some()))
            }
        }
    };
    Html(markup.into_string())
}

fn head(visit: &Visit, part: &str) -> Markup {
    html! {
        header {
            a.brand href=(visit.at("/")) { "jobqueue" }
            nav aria-label="Pages" {
                @for (path, words, key) in PARTS {
                    a href=(visit.at(path)) aria-current=[(path == part).then_some("page")]
                        data-go=(key) {
                        (words)
                    }
                }
            }
            form.search role="search" method="get" action=(visit.at("/jobs")) {
                input type="search" name="where" aria-label="Search jobs" data-search
                    placeholder="Search: an id, or state:failed name:send" maxlength="1024";
            }
        }
    }
}

fn foot(visit: &Visit, live: bool) -> Markup {
    html! {
        footer {
            span.who {
                (visit.person.name())
                @if let Some(address) = &visit.app.sign_out {
                    " " a href=(address) { "Sign out" }
                }
            }
            @if live {
                span.live #live-state { "not live" }
                button type="button" #live-freeze data-freeze { "Freeze" }
            }
            p.unseen #announce role="status" aria-live="polite" {}
            form.inline method="post" action=(visit.at("/theme")) aria-label="Theme" {
                input type="hidden" name="back" value=(visit.here);
                @for theme in Theme::ALL {
                    button type="submit" name="theme" value=(theme.as_str())
                        aria-pressed=(if theme == visit.theme { "true" } else { "false" }) {
                            (theme.as_str())
                        }
                }
            }
            button type="button" data-help { "Keys" }
            dialog #keys-help aria-label="Keys" {}
        }
    }
}

/// The box with what was typed, on pages that have one.
fn again(visit: &Visit, pointed: &str) -> Markup {
    let path = visit.here.split('?').next().unwrap_or_default();
    let has_box = path == "/jobs" || path.starts_with("/q/") || path.starts_with("/dead/");
    html! {
        @if has_box {
            form.filter method="get" action=(visit.at(path)) {
                input type="search" name="where" maxlength="1024" aria-label="Filter" autofocus
                    value=(pointed.lines().next().unwrap_or_default());
                button type="submit" { "Filter" }
            }
        }
    }
}

/// The page of a problem.
pub(crate) fn problem(visit: &Visit, problem: &Problem) -> Html<String> {
    let title = problem.status.canonical_reason().unwrap_or("Not possible");
    let body = html! {
        section.problem-page {
            h1 { (title) }
            p { (problem.words) }
            @if let Some(pointed) = &problem.pointed {
                pre.pointed { (pointed) }
                (again(visit, pointed))
            }
            @if !problem.links.is_empty() {
                ul {
                    @for (path, words) in &problem.links {
                        li { a href=(visit.at(path)) { (words) } }
                    }
                }
            }
        }
    };
    layout(visit, &Page::new(title, "", body))
}
