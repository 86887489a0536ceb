//! Queues that are paused, and dead letters that go back.

use std::time::{Duration, Instant};

use jobqueue_browser_tests::{Site, Tab, shop};
use serde_json::json;

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn a_queue_is_paused_and_goes_on() {
    let site = Site::start().await;
    let mails = site.client.queue("mails").expect("a name");
    mails.create().await.expect("made");
    let worker = site.work();
    let (_visitor, tab) = site.visitor("olga").await;
    tab.go("/q/mails/waiting").await;
    tab.press_words("Pause").await;
    tab.shows("‖ paused").await;
    assert!(mails.counts().await.expect("counts").paused);

    let job = site.client.add(shop::send, json!({"to": "ann"})).await.expect("added");
    tab.until("the job", &format!("document.getElementById('j-{}')", job.id())).await;
    tab.press_words("Resume").await;
    tab.until("the other button", "document.querySelector('form[action$=\"/do/pause\"]')").await;
    job.result().await.expect("it runs");
    tab.go("/q/mails/completed").await;
    tab.until("the job", &format!("document.getElementById('j-{}')", job.id())).await;
    worker.stop().await;
    assert_eq!(tab.troubles(), Vec::<String>::new());
}

/// Dead letters of charges that the gateway refused.
async fn refused(site: &Site, count: u64) {
    let worker = site.work();
    for n in 0..count {
        site.client.add(shop::charge, json!({"cents": n})).await.expect("added");
    }
    shop::dead_letters(&site.client, count).await;
    worker.stop().await;
}

/// Begins to send all back, at a rate; the tab is then at the page of that work.
async fn redrive(tab: &Tab, rate: u32) {
    tab.go("/dead/orders-dlq").await;
    tab.press_words("Redrive all").await;
    tab.is_at("/confirm?verb=redrive").await;
    tab.fill("input[name=rate]", &rate.to_string()).await;
    tab.press("main button[type=submit]").await;
    tab.is_at("/actions/").await;
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn dead_letters_go_back_at_a_rate_and_the_bar_goes_to_its_end() {
    let site = Site::start().await;
    refused(&site, 30).await;
    site.gateway.open();
    let worker = site.work();
    let (_visitor, tab) = site.visitor("ann").await;
    let began = Instant::now();
    redrive(&tab, 10).await;
    tab.eval("window.neverLeft = true").await;
    let bar = "document.querySelector('progress')";
    let under_way = format!("{bar}.value > 0 && {bar}.value < {bar}.max && {bar}.max === 30");
    tab.until("the bar to move", &under_way).await;
    tab.shows("✓ done").await;
    // Ten at once, ten a second later, ten another second later.
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());
    tab.until("the bar's end", &format!("{bar}.value === 30 && {bar}.max === 30")).await;
    tab.shows("30 of 30 done").await;
    assert_eq!(tab.eval("window.neverLeft").await, true, "no reload");
    tab.go("/dead/orders-dlq").await;
    tab.shows("No dead letter is kept here.").await;
    tab.go("/q/orders/completed").await;
    tab.until("all of them", "document.querySelectorAll('#job-rows tr').length === 30").await;
    worker.stop().await;
    assert_eq!(tab.troubles(), Vec::<String>::new());
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn work_that_is_stopped_leaves_the_rest_as_it_is() {
    let site = Site::start().await;
    refused(&site, 30).await;
    let (_visitor, tab) = site.visitor("ann").await;
    redrive(&tab, 1).await;
    tab.until("the bar to move", "document.querySelector('progress').value > 0").await;
    tab.press_words("Stop").await;
    tab.shows("⊘ stopped").await;
    let letters = site.client.dead_letters("orders-dlq").expect("a name");
    let left = letters.count().await.expect("a count");
    assert!((15..30).contains(&left), "{left} left");
    let orders = site.client.queue("orders").expect("a name").counts().await.expect("counts");
    assert_eq!(orders.waiting, 30 - left);
}
