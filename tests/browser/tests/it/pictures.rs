//! Pictures of the pages, for the README and the guide: `./dev pictures` keeps them. Every run of the
//! tests makes them, so that they can be made when they are needed.

use std::{env, fs, path::PathBuf};

use jobqueue_browser_tests::{Scheme, Site, Tab, shop};
use serde_json::json;

/// Where they are kept; nowhere without it.
const FOLDER: &str = "JOBQUEUE_PICTURES";

/// The pages that have a picture, by their names in the shop.
const PAGES: [&str; 17] = [
    "overview",
    "queue",
    "job",
    "edit",
    "search",
    "workers",
    "schedules",
    "schedule",
    "history",
    "doctor",
    "flows",
    "flow",
    "dead-letters",
    "compare",
    "topic",
    "audit",
    "confirm",
];

/// As high as the page, within bounds.
async fn take(tab: &Tab, width: u32) -> Vec<u8> {
    tab.has_size(width, 200).await;
    let height = tab.eval("document.documentElement.scrollHeight").await;
    let height = height.as_u64().and_then(|it| u32::try_from(it).ok()).expect("a height");
    let height = height.clamp(400, 900);
    tab.has_size(width, height).await;
    let picture = tab.picture().await;
    // The header of a PNG has its size.
    let number =
        |at: usize| picture[at..at + 4].iter().fold(0, |sum, it| sum << 8 | u32::from(*it));
    assert_eq!((number(16), number(20)), (width, height));
    picture
}

struct Album(Option<PathBuf>);

impl Album {
    fn keep(&self, name: &str, picture: &[u8]) {
        if let Some(folder) = &self.0 {
            fs::write(folder.join(format!("{name}.png")), picture).expect("the picture is kept");
        }
    }
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn each_page_has_a_picture() {
    let album = Album(env::var_os(FOLDER).map(PathBuf::from));
    let site = Site::start().await;
    let (shop, worker) = shop::fill(&site).await;
    let (visitor, tab) = site.visitor("ann").await;
    let pages = shop.pages();
    let path = |name: &str| {
        let page = pages.iter().find(|(known, _)| *known == name);
        &page.unwrap_or_else(|| panic!("no page {name}")).1
    };
    // The doctor looks when it is asked.
    tab.go(path("doctor")).await;
    tab.press_words("Look now").await;
    tab.until("findings", "document.querySelector('main tbody tr')").await;
    let mut seen = Vec::new();
    for name in PAGES {
        tab.go(path(name)).await;
        let picture = take(&tab, 1280).await;
        assert!(!seen.contains(&picture), "{name} looks like another page");
        album.keep(name, &picture);
        seen.push(picture);
    }
    tab.prefers(Scheme::Dark).await;
    tab.go(path("job")).await;
    album.keep("job-dark", &take(&tab, 1280).await);
    tab.prefers(Scheme::Light).await;
    tab.go(path("job")).await;
    album.keep("job-narrow", &take(&tab, 375).await);

    // These two show something only while it happens.
    let events = visitor.tab().await;
    events.go("/events?queue=orders").await;
    events.until("the stream", "document.querySelector('#live-state.on')").await;
    site.gateway.open();
    for n in 0..6 {
        site.client.add(shop::charge, json!({"cents": n})).await.expect("added");
    }
    tab.has_size(1280, 800).await;
    tab.go("/dead/orders-dlq").await;
    tab.press_words("Redrive all").await;
    tab.fill("input[name=rate]", "2").await;
    tab.press("main button[type=submit]").await;
    tab.until("the bar to move", "document.querySelector('progress')?.value > 0").await;
    album.keep("action", &take(&tab, 1280).await);
    events.until("events", "document.querySelectorAll('#events li').length > 12").await;
    album.keep("events", &take(&events, 1280).await);
    assert_eq!(tab.troubles(), Vec::<String>::new());
    worker.stop().await;
}
