//! What holds on every page: people with disabilities can use it, narrow screens have it whole, and
//! nothing on it breaks the page's own policy.

use jobqueue_browser_tests::{
    Scheme, Site,
    axe::{self, Rules},
    shop,
};

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn axe_finds_nothing_serious_in_light_or_dark() {
    let site = Site::start().await;
    let (shop, worker) = shop::fill(&site).await;
    let (_visitor, tab) = site.visitor("ann").await;
    axe::prepare(&tab).await;
    let mut found = Vec::new();
    for (_, page) in shop.pages() {
        tab.prefers(Scheme::Light).await;
        tab.go(&page).await;
        let mut troubles = axe::troubles(&tab, Rules::All).await;
        // Only colours are others in the dark.
        tab.prefers(Scheme::Dark).await;
        troubles.extend(axe::troubles(&tab, Rules::Contrast).await);
        found.extend(troubles.into_iter().map(|it| format!("{page}: {it}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert_eq!(tab.troubles(), Vec::<String>::new());
    worker.stop().await;
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn axe_finds_what_is_wrong() {
    let site = Site::start().await;
    let (_visitor, tab) = site.visitor("ann").await;
    axe::prepare(&tab).await;
    tab.go("/").await;
    tab.eval(
        "document.querySelector('header [data-search]').removeAttribute('aria-label'), \
              document.querySelector('header [data-search]').removeAttribute('placeholder')",
    )
    .await;
    let found = axe::troubles(&tab, Rules::All).await;
    assert!(found.iter().any(|it| it.starts_with("critical label:")), "{found:?}");
    assert_eq!(axe::troubles(&tab, Rules::Contrast).await, Vec::<String>::new());
    tab.eval("document.querySelector('main h2').style.color = '#eee'").await;
    let found = axe::troubles(&tab, Rules::Contrast).await;
    assert!(found.iter().any(|it| it.starts_with("serious color-contrast:")), "{found:?}");
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn a_narrow_screen_has_all_of_it_without_scrolling_sideways() {
    let site = Site::start().await;
    let (shop, worker) = shop::fill(&site).await;
    let (_visitor, tab) = site.visitor("ann").await;
    tab.has_size(375, 667).await;
    let mut wide = Vec::new();
    for (_, page) in shop.pages() {
        tab.go(&page).await;
        // What sticks out of the window, and isn't in a part that scrolls by itself.
        let out = tab.eval("(() => {
          const inner = (it) => it && (getComputedStyle(it).overflowX !== 'visible' || inner(it.parentElement));
          if (document.documentElement.scrollWidth <= 375) return null;
          const out = [...document.body.querySelectorAll('*')].filter((it) =>
            it.getBoundingClientRect().right > 375.5 && !inner(it.parentElement));
          return document.documentElement.scrollWidth + ' px: ' + out.slice(0, 3).map((it) => it.outerHTML.slice(0, 200)).join(' | ');
        })()").await;
        if let Some(out) = out.as_str() {
            wide.push(format!("{page}: {out}"));
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
    worker.stop().await;
}
