//! News that reach pages by themselves.

use std::time::Duration;

use jobqueue_browser_tests::{Site, shop};
use jobqueue_tests::{commands, wait::eventually};
use serde_json::json;

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn two_tabs_hear_of_one_job_and_nothing_is_read_once_both_are_closed() {
    let site = Site::start().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    let (visitor, one) = site.visitor("vic").await;
    let other = visitor.tab().await;
    one.go("/q/mails/waiting").await;
    other.go("/").await;
    for tab in [&one, &other] {
        tab.until("the stream", "document.querySelector('#live-state.on')").await;
        tab.eval("window.neverLeft = true").await;
    }
    let job = site.client.add(shop::send, json!({"to": "ann"})).await.expect("added");
    one.until("its row", &format!("document.getElementById('j-{}')", job.id())).await;
    let row = "document.querySelector('#q-mails a[href=\"/q/mails/waiting\"]')?.innerText === '1'";
    other.until("the count", row).await;
    for tab in [&one, &other] {
        assert_eq!(tab.eval("window.neverLeft").await, true, "no reload");
        assert_eq!(tab.troubles(), Vec::<String>::new());
    }

    // Whoever still reads asks at least once a second.
    drop((one, other));
    let mut connection = site.server().connection();
    eventually("nothing to be read", async || {
        commands::count_from_now(&mut connection);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        commands::counted(&mut connection) == 0
    })
    .await;
}
