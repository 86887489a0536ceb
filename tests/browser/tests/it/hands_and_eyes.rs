//! Keys instead of a mouse, and the look that a reader prefers.

use jobqueue_browser_tests::{Scheme, Site, shop};

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn keys_search_move_open_and_retry() {
    let site = Site::start().await;
    let (_shop, worker) = shop::fill(&site).await;
    worker.stop().await;
    let (_visitor, tab) = site.visitor("ann").await;
    tab.go("/q/mails/failed").await;

    let marked =
        "[...document.querySelectorAll('#job-rows tr')].findIndex((it) => it.matches('.here'))";
    assert_eq!(tab.eval(marked).await, -1);
    tab.keys("j").await;
    assert_eq!(tab.eval(marked).await, 0);
    tab.keys("jj").await;
    assert_eq!(tab.eval(marked).await, 2);
    tab.keys("k").await;
    assert_eq!(tab.eval(marked).await, 1);

    tab.keys("?").await;
    tab.until("the list of keys", "document.querySelector('#keys-help').open").await;
    tab.shows("retry, edit, cancel, pause").await;
    tab.press_words("Close").await;
    tab.until("no list", "!document.querySelector('#keys-help').open").await;

    let second = tab.eval("document.querySelector('tr.here [data-id]').dataset.id").await;
    let second = second.as_str().expect("an id").to_owned();
    tab.keys("\r").await;
    tab.is_at(&format!("/q/mails/job/{second}")).await;
    // News may say so before the page is the next one.
    tab.eval("window.before = true").await;
    tab.keys("r").await;
    let waits =
        "!window.before && document.querySelector('#job-state')?.innerText.includes('waiting')";
    tab.until("it to wait", waits).await;
    tab.is_at(&format!("/q/mails/job/{second}")).await;

    tab.keys("/").await;
    tab.until("the search", "document.activeElement.matches('header [data-search]')").await;
    // Letters are letters there.
    tab.keys("jr?").await;
    assert_eq!(tab.eval("document.querySelector('header [data-search]').value").await, "jr?");
    assert_eq!(tab.path().await, format!("/q/mails/job/{second}"));
    assert_eq!(tab.troubles(), Vec::<String>::new());
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn it_is_dark_for_those_who_like_it_and_as_they_choose() {
    let site = Site::start().await;
    let (_visitor, tab) = site.visitor("vic").await;
    let ground = "getComputedStyle(document.body).backgroundColor";
    let (white, black) = ("rgb(255, 255, 255)", "rgb(18, 23, 29)");
    tab.prefers(Scheme::Light).await;
    assert_eq!(tab.eval(ground).await, white);
    tab.prefers(Scheme::Dark).await;
    assert_eq!(tab.eval(ground).await, black);
    // Whoever chooses has it so, whatever the system prefers, and on the next page too.
    tab.press_words("light").await;
    tab.until("the choice", "document.documentElement.dataset.theme === 'light'").await;
    assert_eq!(tab.eval(ground).await, white);
    tab.go("/workers").await;
    assert_eq!(tab.eval(ground).await, white);
    tab.press_words("system").await;
    tab.until("the choice", "document.documentElement.dataset.theme === 'system'").await;
    assert_eq!(tab.eval(ground).await, black);
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn what_cannot_be_made_good_looks_like_it() {
    let site = Site::start().await;
    let (shop, worker) = shop::fill(&site).await;
    worker.stop().await;
    let (_visitor, tab) = site.visitor("ann").await;
    tab.prefers(Scheme::Light).await;
    tab.go(&format!("/q/mails/job/{}", shop.failed)).await;
    let color = async |words: &str| {
        let find =
            "[...document.querySelectorAll('main a, main button')].find((it) => it.innerText === ";
        tab.eval(&format!("getComputedStyle({find}'{words}')).color")).await
    };
    assert_eq!(color("Remove").await, "rgb(114, 17, 1)");
    assert_eq!(color("Edit & retry").await, "rgb(22, 32, 42)");
}
