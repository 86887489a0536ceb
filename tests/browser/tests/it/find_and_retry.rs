//! From signing in to a failed job that is mended.

use jobqueue_browser_tests::{Site, shop};

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn the_browser_asks_who_it_is_until_the_password_is_right() {
    let site = Site::start().await;
    let stranger = site.stranger().await;
    let (tab, asked) = stranger.sign_in("ann", "not-her-secret").await;
    assert_eq!(asked, 2, "asked once more after the wrong one");
    tab.shows("Unauthorized").await;
    drop(tab);
    let (_visitor, tab) = site.visitor("ann").await;
    tab.shows("No queue yet").await;
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn a_failed_job_is_found_read_edited_and_seen_to_complete() {
    let site = Site::start().await;
    let (shop, worker) = shop::fill(&site).await;
    // What is retried is to be seen waiting first.
    worker.stop().await;
    let (_visitor, tab) = site.visitor("ann").await;

    tab.fill("header [data-search]", "payload.customer.id=4711 state:failed").await;
    tab.keys("\r").await;
    tab.is_at("/jobs?where=").await;
    tab.press(&format!("[data-id='{}']", shop.failed)).await;
    tab.is_at(&format!("/q/mails/job/{}", shop.failed)).await;
    tab.shows("`grete` is no address: it has no @").await;
    tab.shows("looking up the mailbox").await;

    tab.press_words("Edit & retry").await;
    tab.is_at(&format!("/q/mails/job/{}/edit", shop.failed)).await;
    tab.fill("#payload", r#"{"to": "grete@example.org", "result": {"mailbox": 12}}"#).await;
    tab.press_words("Show what changes").await;
    tab.shows("grete@example.org").await;
    tab.press_words("Save and retry").await;
    tab.until("the new job", "document.querySelector('#job-state')?.innerText.includes('waiting')")
        .await;
    assert_ne!(
        tab.path().await,
        format!("/q/mails/job/{}", shop.failed),
        "it has an id of its own"
    );

    // Whatever loads the page anew forgets this.
    tab.eval("window.neverLeft = true").await;
    let worker = site.work();
    tab.until("its end", "document.querySelector('#job-state').innerText.includes('completed')")
        .await;
    assert_eq!(tab.eval("window.neverLeft").await, true, "no reload");
    worker.stop().await;
    assert_eq!(tab.troubles(), Vec::<String>::new());
}
