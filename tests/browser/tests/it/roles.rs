//! What somebody can't do who may only look, whatever they try.

use std::collections::BTreeSet;

use jobqueue::JobState;
use jobqueue_browser_tests::{Site, Tab, shop};
use serde_json::{Value, json};

/// The table of all that can be done.
const VERBS: &str = include_str!("../../../../jobqueue-dashboard/src/verb.rs");

/// The names of all verbs, as they stand in the table.
fn verbs() -> BTreeSet<&'static str> {
    let table = VERBS.split("const TABLE").nth(1).and_then(|rest| rest.split("];").next());
    let entries = table.expect("a table").split("Verb::").skip(1);
    entries.filter_map(|entry| entry.split('"').nth(1)).collect()
}

/// What a form would send, from the page itself; the answer's status and words.
async fn post(tab: &Tab, verb: &str, fields: &Value) -> (u64, String) {
    let script = format!(
        "fetch('/do/{verb}', {{method: 'POST', redirect: 'manual', \
         body: new URLSearchParams({fields})}}).then(async (it) => [it.status, await it.text()])"
    );
    let answer = tab.eval(&script).await;
    (answer[0].as_u64().expect("a status"), answer[1].as_str().expect("words").to_owned())
}

#[tokio::test]
#[cfg_attr(not(browser), ignore = "needs a browser: ./dev test, or JOBQUEUE_BROWSER=1")]
async fn who_may_only_look_sees_no_buttons_and_is_refused_each_action() {
    let site = Site::start().await;
    let (shop, worker) = shop::fill(&site).await;
    let (_ann, anns) = site.visitor("ann").await;
    let (_vic, tab) = site.visitor("vic").await;
    let pages = [
        "/q/mails/failed".to_owned(),
        format!("/q/mails/job/{}", shop.failed),
        "/dead/orders-dlq".to_owned(),
        format!("/dead/orders-dlq/{}", shop.letters[0]),
        "/schedules".to_owned(),
        "/flows/reports/march".to_owned(),
    ];
    // Whatever changes something is a form that posts to `/do/`, or leads to one.
    let controls = "document.querySelectorAll('form[action*=\"/do/\"], a[href*=\"/confirm\"], \
                    a[href$=\"/edit\"], button[name=verb]').length";
    for page in &pages {
        anns.go(page).await;
        assert_ne!(anns.eval(controls).await, 0, "ann has buttons at {page}");
        tab.go(page).await;
        assert_eq!(tab.eval(controls).await, 0, "vic has none at {page}");
    }

    let before = site.client.queue("mails").expect("a name").counts().await.expect("counts");
    // Work that can be stopped.
    let begun = json!({"queue": "orders-dlq", "state": "waiting", "rate": 1});
    anns.go("/").await;
    // A redirect that isn't followed has status 0.
    assert_eq!(post(&anns, "redrive", &begun).await.0, 0);
    let verbs = verbs();
    assert!(verbs.len() >= 18 && verbs.contains("stop"), "{verbs:?}");
    tab.go("/").await;
    for verb in &verbs {
        let fields = json!({
            "queue": if *verb == "redrive" { "orders-dlq" } else { "mails" },
            "id": shop.failed.as_str(),
            "task": 1,
        });
        let (status, words) = post(&tab, verb, &fields).await;
        assert_eq!(status, 403, "{verb}: {words}");
        assert!(words.contains("the role"), "{verb}: {words}");
        let log = site.client.audit_log().who("vic").action(*verb).newest(1).await.expect("read");
        let entry = log.first().unwrap_or_else(|| panic!("{verb} isn't in the audit log"));
        assert!(format!("{:?}", entry.answer).contains("needs the role"), "{verb}: {entry:?}");
    }
    // The same as somebody who may, so that a 403 means what it says.
    assert_eq!(post(&anns, "pause", &json!({"queue": "mails"})).await.0, 0);
    assert_eq!(post(&anns, "resume", &json!({"queue": "mails"})).await.0, 0);
    let mails = site.client.queue("mails").expect("a name");
    assert_eq!(mails.counts().await.expect("counts").failed, before.failed);
    let state = mails.job(&shop.failed).state().await.expect("read");
    assert_eq!(state, Some(JobState::Failed));

    anns.go("/audit?who=vic").await;
    anns.shows("needs the role").await;
    let lines = anns.eval("document.querySelectorAll('main li, main tbody tr').length").await;
    assert!(lines.as_u64().is_some_and(|lines| lines >= verbs.len() as u64), "{lines} lines");
    worker.stop().await;
}
