//! What the doctor says, to whom, and how often it is asked.

use jobqueue_dashboard::Role;

use crate::site::Site;

#[tokio::test]
async fn who_may_asks_the_doctor_and_is_told_what_mends_it() {
    let site = Site::open().await;
    assert!(site.page("/doctor").await.contains("Nobody has asked"));
    assert!(site.page("/").await.contains("href=\"/doctor\""));
    site.client.queue("mails").expect("a name").create().await.expect("made");
    assert_eq!(site.post("/doctor", &[]).await.header("location"), "/doctor");
    let page = site.page("/doctor").await;
    // A server of tests keeps nothing on disk.
    assert!(page.contains("What mends it") && page.contains("persistence"), "{page}");
    assert!(page.contains("more checks: "), "{page}");
    let data = site.get("/doctor.json").await.json();
    let found = data["findings"].as_array().expect("findings");
    assert!(
        found.iter().any(|it| it["check"] == "persistence" && it["mend"].is_string()),
        "{data}"
    );
    assert_eq!(data["queues"], 1);
}

#[tokio::test]
async fn the_doctor_is_asked_at_most_twice_a_minute_for_all_together() {
    let site = Site::open().await;
    let at = async || site.get("/doctor.json").await.json()["at"].clone();
    assert!(at().await.is_null());
    assert_eq!(site.post("/doctor", &[]).await.status, 303);
    let first = at().await;
    assert!(first.is_string());
    for _ in 0..3 {
        assert_eq!(site.post("/doctor", &[]).await.status, 303);
    }
    assert_eq!(at().await, first);
}

#[tokio::test]
async fn viewers_do_not_ask_and_nobody_hears_of_queues_that_they_do_not_see() {
    let site = Site::with_people().await;
    let (mails, other) = ("mails", "other-1");
    for name in [mails, other] {
        site.client.queue(name).expect("a name").add("x", &1).await.expect("added");
    }
    let refused = site.by("vic").post("/doctor", &[]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains(&format!("the role `{}`", Role::Operator)), "{}", refused.body);
    assert!(!site.by("vic").page("/doctor").await.contains("Look now"));
    assert_eq!(site.by("olga").post("/doctor", &[]).await.status, 303);
    let vic = site.by("vic").page("/doctor").await;
    assert!(vic.contains(mails) && vic.contains(other) && vic.contains("persistence"), "{vic}");
    let nora = site.by("nora").page("/doctor").await;
    assert!(nora.contains(other) && !nora.contains(mails), "{nora}");
    assert!(!nora.contains("persistence") && !nora.contains("127.0.0.1"), "{nora}");
}
