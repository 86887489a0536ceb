//! What producers write stays text, on every page and in all news.

use jobqueue::{Client, DurationExt as _, Flow, JobId, JobState, schedule::Every};
use jobqueue_browser_tests::{Running, Site, Tab, shop};
use jobqueue_tests::wait::eventually;
use serde_json::json;

/// It runs as soon as it is anything but text. Without spaces, so that it can be a tag.
const EVIL: &str = "<img/src=x/onerror=hacked=1>\"'><svg/onload=hacked=1>\
                    <script>hacked=1;alert(1)</script><a/href=javascript:hacked=1>x";

/// As long as labels may be.
const SHORT: &str = "\"'><img/src=x/onerror=hacked=1>";

/// What a script has left behind, and elements that only an injection could have made.
const HACKED: &str = "typeof hacked !== 'undefined' ? 'it ran' :
  [...document.querySelectorAll('img, iframe, svg[onload], [onerror], [onload], main script, a[href^=\"javascript:\"]')]
    .map((it) => it.outerHTML).join(' ') || null";

/// Nothing has run or could.
async fn is_text(tab: &Tab, place: &str) {
    let hacked = tab.eval(HACKED).await;
    assert!(hacked.is_null(), "{place}: {hacked}");
    assert_eq!(tab.troubles(), Vec::<String>::new(), "{place}");
}

async fn shows_as_text(tab: &Tab, text: &str) {
    let shown = format!("document.body.textContent.includes({})", json!(text));
    tab.until("the text", &shown).await;
}

/// Jobs with it in every field.
struct Evil {
    failed: JobId,
    completed: JobId,
    waiting: JobId,
    letter: JobId,
}

async fn fill(client: &Client) -> Evil {
    let payload = json!({"fail": EVIL, "log": EVIL, "progress": {EVIL: EVIL}, EVIL: [EVIL]});
    let failed = client.add(shop::send, payload).header(EVIL, EVIL).tag(SHORT).unique(EVIL);
    let failed = failed.await.expect("added");
    failed.result().await.expect_err("it fails");
    let payload = json!({"result": {EVIL: EVIL}, "progress": EVIL});
    let completed = client.add(shop::send, payload).await.expect("added");
    completed.result().await.expect("it completes");

    // Nobody serves these: names of jobs and queues that look like something else.
    let odd = client.queue("constructor.json:__proto__").expect("a name");
    let waiting = odd.add(EVIL, &json!({EVIL: EVIL})).header(EVIL, EVIL).await.expect("added");
    odd.add(EVIL, &json!(EVIL)).delay(1.hours()).await.expect("added");
    let ended = odd.add(EVIL, &json!(1)).await.expect("added");
    ended.cancel().by(EVIL).reason(EVIL).await.expect("cancelled");
    let actor = client.acting_as(EVIL);
    actor.queue(odd.name()).expect("a name").pause().await.expect("paused");

    client.add(shop::charge, json!({"fail": EVIL, EVIL: EVIL})).await.expect("added");
    let letter = shop::dead_letters(client, 1).await.remove(0);
    let every = Every::new(1.hours());
    odd.schedules().add(SHORT, every, EVIL, &json!({EVIL: EVIL})).await.expect("added");
    let topic = client.topic("__proto__").expect("a name");
    topic.bind(odd.name().as_str(), "#").job(EVIL).await.expect("bound");
    client.publish("__proto__", "a.b", json!(EVIL)).header(EVIL, EVIL).await.expect("published");
    flow(client).await;
    Evil {
        failed: failed.id().clone(),
        completed: completed.id().clone(),
        waiting: waiting.id().clone(),
        letter,
    }
}

async fn flow(client: &Client) {
    let flow = Flow::new("evil");
    let leaf = flow.node(shop::send, json!({"fail": EVIL})).named(EVIL);
    let end = flow.node(shop::report, EVIL.to_owned()).waits_for(&leaf);
    client.start(flow, end).await.expect("started");
    let handle = client.queue("reports").expect("a name").flow("evil").await.expect("read");
    let handle = handle.expect("a flow");
    eventually("the flow to fail", async || {
        handle.info().await.is_ok_and(|info| info.summary.failed > 0)
    })
    .await;
}

async fn site() -> (Site, Running) {
    let site = Site::start_with(|client| client.program(SHORT, SHORT).label(SHORT, SHORT)).await;
    let running = site.work();
    (site, running)
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn what_producers_write_stays_text_on_every_page() {
    let (site, worker) = site().await;
    let Evil { failed, completed, waiting, letter } = fill(&site.client).await;
    let (_visitor, tab) = site.visitor("ann").await;
    let odd = "/q/constructor%2Ejson%3A__proto__";
    // Each page, and what it must show as text.
    let pages = [
        ("/".to_owned(), "constructor.json:__proto__"),
        ("/q/mails/failed".to_owned(), "<img/src=x"),
        ("/q/mails/completed".to_owned(), "<img/src=x"),
        (format!("{odd}/waiting"), EVIL),
        (format!("{odd}/delayed"), EVIL),
        (format!("{odd}/cancelled"), EVIL),
        (format!("/q/mails/job/{failed}"), EVIL),
        (format!("/q/mails/job/{completed}"), EVIL),
        (format!("{odd}/job/{waiting}"), EVIL),
        (format!("/q/mails/job/{failed}/edit"), "<img/src=x"),
        (format!("/confirm?verb=remove&queue=mails&id={failed}"), "<img/src=x"),
        ("/jobs?where=state%3Afailed".to_owned(), "<img/src=x"),
        ("/jobs?where=%22%3Cimg/src=x/onerror=hacked=1%3E%22".to_owned(), ""),
        ("/workers".to_owned(), SHORT),
        ("/schedules".to_owned(), SHORT),
        (
            "/schedules/constructor%2Ejson%3A__proto__/\
             %22%27%3E%3Cimg%2Fsrc%3Dx%2Fonerror%3Dhacked%3D1%3E"
                .to_owned(),
            SHORT,
        ),
        ("/history?queue=constructor%2Ejson%3A__proto__".to_owned(), "constructor.json:__proto__"),
        ("/history?queue=mails&name=%3Cimg%2Fsrc%3Dx%2Fonerror%3Dhacked%3D1%3E".to_owned(), ""),
        ("/doctor".to_owned(), ""),
        ("/flows".to_owned(), "evil"),
        ("/flows/reports/evil".to_owned(), "<img/src=x"),
        ("/dead".to_owned(), "orders-dlq"),
        ("/dead/orders-dlq".to_owned(), "<img/src=x"),
        (format!("/dead/orders-dlq/{letter}"), EVIL),
        ("/topics".to_owned(), "__proto__"),
        ("/topics/__proto__".to_owned(), "__proto__"),
        ("/events?queue=mails".to_owned(), "mails"),
        ("/audit".to_owned(), EVIL),
        ("/audit?who=%22%3E%3Cimg/src=x/onerror=hacked=1%3E".to_owned(), ""),
        ("/actions".to_owned(), ""),
        ("/nothing/%3Cimg/src=x/onerror=hacked=1%3E".to_owned(), ""),
    ];
    for (page, shown) in &pages {
        tab.go(page).await;
        shows_as_text(&tab, shown).await;
        is_text(&tab, page).await;
    }
    worker.stop().await;
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn what_producers_write_stays_text_in_news() {
    let (site, worker) = site().await;
    worker.stop().await;
    let mails = site.client.queue("mails").expect("a name");
    mails.create().await.expect("made");
    let (visitor, list) = site.visitor("ann").await;
    let (page, events) = (visitor.tab().await, visitor.tab().await);
    list.go("/q/mails/failed").await;
    events.go("/events?queue=mails").await;
    let payload = json!({"fail": EVIL, "log": EVIL, "progress": {EVIL: EVIL}, EVIL: EVIL});
    let job = site.client.add(shop::send, payload).await.expect("added");
    page.go(&format!("/q/mails/job/{}", job.id())).await;
    page.shows("waiting").await;
    for tab in [&list, &page, &events] {
        tab.until("the stream", "document.querySelector('#live-state.on')").await;
    }
    let worker = site.work();
    job.result().await.expect_err("it fails");
    shows_as_text(&page, EVIL).await;
    shows_as_text(&list, "<img/src=x").await;
    shows_as_text(&events, job.id().as_str()).await;
    for (tab, place) in [(&list, "list"), (&page, "job"), (&events, "events")] {
        is_text(tab, place).await;
    }
    assert_eq!(mails.jobs(JobState::Failed).ids(0, 2).await.expect("read").len(), 1);
    worker.stop().await;
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn a_script_that_runs_a_violation_and_a_dialog_are_noticed() {
    let site = Site::start().await;
    let (_visitor, tab) = site.visitor("ann").await;
    is_text(&tab, "at first").await;
    tab.eval(
        "document.querySelector('main').insertAdjacentHTML('beforeend', \
              '<img src=\"data:,\" onerror=\"hacked=1\">')",
    )
    .await;
    assert!(!tab.eval(HACKED).await.is_null());
    eventually("the violation", async || {
        tab.troubles().iter().any(|it| it.starts_with("a violation"))
    })
    .await;
    tab.eval("alert('hello')").await;
    eventually("the dialog", async || {
        tab.troubles().iter().any(|it| it.contains("a dialog: \"hello\""))
    })
    .await;
    tab.eval("setTimeout(() => { throw new Error('oh') }), 0").await;
    eventually("the error", async || tab.troubles().iter().any(|it| it.contains("Error: oh")))
        .await;
}
