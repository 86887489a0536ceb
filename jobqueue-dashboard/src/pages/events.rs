//! `/events?queue=`: what happens in a queue, as it happens.

use axum::{Router, extract::State, routing::get};
use maud::html;

use crate::{
    state::App,
    view::{Page, show},
    web::{Params, Reply, Visit, encode, queue_name},
};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/events", get(page))
}

async fn page(State(app): State<App>, visit: Visit, params: Params) -> Reply {
    let chosen = params.text("queue")?.map(queue_name).transpose()?;
    if let Some(name) = &chosen {
        visit.queue(name).await?;
    }
    let queues = app.readings.queues().await?;
    let names: Vec<&str> = queues.iter().map(|entry| entry.name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| visit.sees(name)).take(1_000).collect();
    let jobs = chosen.as_ref().map(|name| visit.at(&format!("/q/{}/job/", encode(name.as_str()))));
    let body = html! {
        h1 { "Events" }
        form.filter method="get" {
            label {
                "Queue "
                input type="text" name="queue" list="queues"
                    value=[chosen.as_ref().map(ToString::to_string)] maxlength="128" required;
            }
            datalist #queues { @for name in &names { option value=(name) {} } }
            button type="submit" { "Follow" }
        }
        @if let Some(name) = &chosen {
            p.quiet { "What happens in " (name) " from now on, the newest first." }
            ol.events #events data-jobs=[jobs] aria-label="Events" {}
            noscript { p { "Events need the page's script." } }
        } @else { p.empty { "Choose a queue." } }
    };
    let mut page = Page::new("Events", "/events", body);
    if let Some(name) = &chosen {
        page = page.live(format!("/live/events?queue={}", encode(name.as_str())));
    }
    show(&visit, page, &names)
}
