//! `/dead`: the queues that hold dead letters; `/dead/{queue}`: the letters of one, grouped.

use std::collections::BTreeMap;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use jobqueue::{
    JobId,
    dead_letter::{DeadLetter, DeadLetters},
    find::SearchCursor,
};
use maud::{Markup, html};
use serde::Serialize;

use super::failures::kind_of;
use crate::{
    filter::Where,
    look::{Place, cursor, search},
    payload::{Tree, letter_tree, payload},
    state::App,
    verb::Verb,
    view::{Page, ago, confirm_link, looked, number, show},
    web::{Params, Path, Problem, Reply, Visit, encode, json, queue_name},
};

/// Dead letters on a page, unless the address says otherwise.
const PAGE: u64 = 50;

/// The deepest page, in letters.
const DEEPEST: u64 = 100_000_000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/dead", get(queues)).route("/dead/{queue}", get(letters))
}

/// A queue that holds dead letters.
#[derive(Serialize)]
struct Held {
    queue: String,
    letters: u64,
    of: Vec<String>,
}

async fn queues(State(app): State<App>, visit: Visit) -> Reply {
    let reading = app.readings.all().await?;
    let holding = reading.queues.iter().filter(|entry| entry.is_dead_letter());
    let holding = holding.filter(|entry| visit.sees(entry.name.as_str()));
    let held: Vec<Held> = holding
        .map(|entry| Held {
            queue: entry.name.to_string(),
            letters: reading.stats.get(&entry.name).map_or(0, |stats| stats.waiting),
            of: entry.dead_letters_of.iter().map(ToString::to_string).collect(),
        })
        .collect();
    let body = html! {
        h1 { "Dead letters" }
        @if held.is_empty() {
            p.empty {
                "No queue has a dead-letter queue. Set `dead_letter` on a handler or a queue, and jobs that fail for good are kept there."
            }
        }
        @else {
            table.rows {
                thead {
                    tr {
                        th scope="col" { "Kept in" }
                        th.num scope="col" { "Letters" }
                        th scope="col" { "Of" }
                    }
                }
                tbody { @for held in &held { tr data-row {
                    td {
                        a data-open href=(visit.at(&format!("/dead/{}", encode(&held.queue)))) {
                            (held.queue)
                        }
                    }
                    td.num { (number(held.letters)) }
                    td { (held.of.join(", ")) }
                } } }
            }
        }
    };
    show(&visit, Page::new("Dead letters", "/dead", body), &held)
}

async fn letters(
    State(app): State<App>,
    visit: Visit,
    Path(queue): Path<String>,
    params: Params,
) -> Reply {
    let name = queue_name(&queue)?;
    let n = params.number("n", 20..=200, PAGE)?;
    let after = params.number("after", 0..=DEEPEST, 0)?;
    visit.queue(&name).await?;
    let dead_letters = visit.client().dead_letters(&name)?;
    let filter = Where::read(params.text("where")?.unwrap_or_default(), &app.redaction)?;
    let (count, cursor) = (dead_letters.count().await?, cursor(&params)?);
    let (letters, place) = match filter.is_empty() {
        true => (dead_letters.page(after, n).await?, Place::default()),
        false => find(&dead_letters, &filter, n, cursor).await?,
    };
    if visit.json {
        return data(&app, count, &letters, &place);
    }
    let view = View {
        visit: &visit,
        queue: name.as_str(),
        letters: &letters,
        count,
        filter: &filter,
        place: &place,
        after,
        n,
    };
    let title = format!("Dead letters in {name}");
    show(&visit, Page::new(&title, "/dead", view.body(&app)), &())
}

/// Those that a filter means, by the jobs that failed, the newest first.
async fn find(
    dead_letters: &DeadLetters,
    filter: &Where,
    n: u64,
    cursor: Option<SearchCursor>,
) -> Result<(Vec<(JobId, DeadLetter)>, Place), Problem> {
    let most = usize::try_from(n).unwrap_or(usize::MAX);
    let page = search(dead_letters.search(filter.of_letters()), most, cursor.as_ref()).await?;
    let place = Place::of(&page);
    let letter = |job: jobqueue::JobInfo| Some((job.id.clone(), job.payload().ok()?));
    let letters = page.jobs.into_iter().filter_map(|found| letter(found.job));
    Ok((letters.collect(), place))
}

fn data(app: &App, count: u64, letters: &[(JobId, DeadLetter)], place: &Place) -> Reply {
    let each = letters.iter().map(|(id, letter)| {
        let mut tree = letter_tree(letter, &app.redaction)?;
        if let Tree::Map(fields) = &mut tree {
            fields.insert(0, ("letter".to_owned(), Tree::Text(id.to_string())));
        }
        Ok(tree)
    });
    let letters = Tree::List(each.collect::<Result<_, Problem>>()?);
    let fields = [("count", Tree::Number(count.to_string())), ("letters", letters)];
    let mut tree = Tree::of(place)?;
    if let Tree::Map(more) = &mut tree {
        more.splice(0..0, fields.map(|(name, value)| (name.to_owned(), value)));
    }
    Ok(json(StatusCode::OK, &tree))
}

struct View<'a> {
    visit: &'a Visit,
    queue: &'a str,
    letters: &'a [(JobId, DeadLetter)],
    count: u64,
    filter: &'a Where,
    /// How far the filter has looked.
    place: &'a Place,
    after: u64,
    n: u64,
}

impl View<'_> {
    fn body(&self, app: &App) -> Markup {
        let Self { visit, queue, count, .. } = self;
        html! {
            div.title {
                h1 { (queue) }
                p.facts { (number(*count)) " dead letters, kept, not waiting" }
                div.buttons {
                    @if *count > 0 { (self.redrive()) }
                    a.button href=(visit.at(&format!("/q/{}/waiting", encode(queue)))) { "As jobs" }
                }
            }
            (self.search())
            (self.groups())
            @if self.letters.is_empty() {
                p.empty {
                    @if self.filter.is_empty() { "No dead letter is kept here." }
                    @else {
                        "No dead letter "
                        @if self.place.next.is_some() { "so far " }
                        "matches " code { (self.filter.text()) } "."
                    }
                }
            }
            @else {
                form method="get" action=(visit.at("/confirm")) {
                    input type="hidden" name="queue" value=(queue);
                    (self.table(app))
                    div.bulk role="group" aria-label="Selected dead letters" {
                        @if visit.person.can(Verb::Redrive.role(), queue) {
                            button type="submit" name="verb" value="redrive" { "Redrive selected" }
                        }
                        @if visit.person.can(Verb::Remove.role(), queue) {
                            button.danger type="submit" name="verb" value="remove" {
                                "Remove selected"
                            }
                        }
                        button type="submit"
                            formaction=(visit.at(&format!("/dead/{}/compare", encode(queue)))) {
                            "Compare two"
                        }
                    }
                }
            }
            @if self.filter.is_empty() { (self.pages()) }
            @else { (self.go_on()) }
        }
    }

    fn redrive(&self) -> Markup {
        let fields = [("state", "waiting"), ("where", self.filter.text())];
        let words = if self.filter.is_empty() { "Redrive all" } else { "Redrive all that match" };
        confirm_link(self.visit, (Verb::Redrive, self.queue), &fields, words)
    }

    fn search(&self) -> Markup {
        html! {
            form.filter method="get" {
                input type="search" name="where" value=(self.filter.text()) maxlength="1024"
                    aria-label="Filter by the jobs that failed"
                    placeholder="Filter: name:charge error:timeout payload.customer=4711";
                button type="submit" { "Filter" }
            }
            @if !self.filter.is_empty() {
                p.quiet {
                    (looked(self.place.looked.jobs, self.place.of))
                    (number(self.place.looked.found)) " found. " a href="?" { "Clear" }
                }
            }
        }
    }

    fn pages(&self) -> Markup {
        html! {
            nav.pages aria-label="Pages of dead letters" {
                @if self.after > 0 {
                    a rel="prev" data-page="["
                        href={ "?after=" (self.after.saturating_sub(self.n)) "&n=" (self.n) } {
                        "Older"
                    }
                }
                @if self.after + self.n < self.count {
                    a rel="next" data-page="]"
                        href={ "?after=" (self.after + self.n) "&n=" (self.n) } {
                        "Newer"
                    }
                }
            }
        }
    }

    fn go_on(&self) -> Markup {
        html! {
            @if let Some(next) = &self.place.next {
                nav.pages aria-label="Pages of dead letters" {
                    a rel="next" data-page="]"
                        href={
                            "?where=" (encode(self.filter.text())) "&cursor=" (encode(next))
                            "&n=" (self.n)
                        } {
                        "Go on"
                    }
                }
            }
        }
    }

    /// By the queue that they come from and the error, on this page.
    fn groups(&self) -> Markup {
        let mut groups: BTreeMap<(&str, &str, String), (u64, &JobId)> = BTreeMap::new();
        for (id, letter) in self.letters {
            let kind = kind_of(&letter.failure.message);
            let key = (letter.queue.as_str(), letter.failure.reason.as_str(), kind);
            groups.entry(key).or_insert((0, id)).0 += 1;
        }
        let base = self.visit.at(&format!("/dead/{}/", encode(self.queue)));
        html! {
            section.groups aria-label="Kinds of dead letters on this page" {
                ul { @for ((queue, reason, kind), (count, sample)) in &groups {
                    li {
                        b { (number(*count)) " × " }
                        (reason)
                        " in "
                        (queue)
                        ": "
                        a href={ (base) (encode(sample.as_str())) } { (kind) }
                    }
                } }
            }
        }
    }

    fn table(&self, app: &App) -> Markup {
        let base = self.visit.at(&format!("/dead/{}/", encode(self.queue)));
        html! {
            table.rows {
                thead { tr {
                    th scope="col" { input type="checkbox" data-all aria-label="All on this page"; }
                    @for title in ["Job", "From", "Name", "Error", "Payload", "Failed"] {
                        th scope="col" { (title) }
                    }
                } }
                tbody { @for (id, letter) in self.letters { tr data-row id={ "d-" (id) } {
                    td.check {
                        input type="checkbox" name="id" value=(id)
                            aria-label={ "Select " (letter.id) };
                    }
                    td.id {
                        a data-open data-id=(letter.id) href={ (base) (encode(id.as_str())) } {
                            (letter.id)
                        }
                    }
                    td {
                        a href=(self.visit.at_queue(letter.queue.as_str())) {
                            (letter.queue)
                        }
                    }
                    @match letter.record() {
                        Ok(record) => { td { (record.name) } },
                        Err(_) => { td { "–" } },
                    }
                    td {
                        b { (letter.failure.reason.as_str()) }
                        " "
                        (letter.failure.message.lines().next().unwrap_or_default().chars().take(120).collect::<String>())
                    }
                    td.preview {
                        @if let Ok(record) = letter.record() {
                            code { (payload(&record, &app.redaction, false).preview(80)) }
                        }
                    }
                    td { (ago(letter.failed_at)) }
                } } }
            }
        }
    }
}
