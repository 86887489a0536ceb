//! Schedules: all, and one by itself.

use std::time::Duration;

use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn schedules_can_be_looked_at_paused_and_run() {
    let site = Site::open().await;
    assert!(site.page("/schedules").await.contains("No schedule"));
    let queue = site.client.queue("mails").expect("a name");
    let every = jobqueue::schedule::Every::new(Duration::from_secs(300));
    queue.schedules().add("digest", every, "send", &json!({"a": 1})).await.expect("added");
    let page = site.page("/schedules").await;
    assert!(
        page.contains("digest") && page.contains("every 5m") && page.contains("/do/run-schedule"),
        "{page}"
    );
    let form = [("queue", "mails"), ("id", "digest")];
    assert_eq!(site.post("/do/pause-schedule", &form).await.status, 303);
    assert!(site.page("/schedules").await.contains("/do/resume-schedule"));
    assert_eq!(site.post("/do/resume-schedule", &form).await.status, 303);
    let ran = site.post("/do/run-schedule", &form).await;
    assert!(ran.header("location").starts_with("/q/mails/job/"), "{}", ran.header("location"));
    assert_eq!(site.get("/schedules.json").await.json()[0]["id"], "digest");
    assert_eq!(
        site.post("/do/run-schedule", &[("queue", "mails"), ("id", "none")]).await.status,
        404
    );
}

#[tokio::test]
async fn a_schedule_has_a_page_with_its_ticks_and_its_jobs() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    let every = jobqueue::schedule::Every::new(Duration::from_secs(300));
    let payload = json!({"a": 1, "password": "hunter2"});
    queue.schedules().add("digest", every, "send", &payload).await.expect("added");
    let path = "/schedules/mails/digest";
    assert!(site.page("/schedules").await.contains(&format!("href=\"{path}\"")));
    let page = site.page(path).await;
    assert!(page.contains("every 5m") && page.contains("None of its jobs is kept"), "{page}");
    assert_eq!(page.matches("data-exact").count(), 10, "{page}");
    assert!(page.contains("name=send") && !page.contains("hunter2"), "{page}");

    let ran = queue.schedules().run_now("digest").await.expect("added");
    queue.add("send", &json!({})).await.expect("added");
    let page = site.page(path).await;
    assert!(page.contains(&format!("data-id=\"{}\"", ran.id())), "{page}");
    assert_eq!(page.matches("data-id=").count(), 1, "{page}");
    let data = site.get(&format!("{path}.json")).await;
    assert!(!data.body.contains("hunter2"), "{}", data.body);
    let data = data.json();
    assert_eq!(data["jobs"][0]["id"], ran.id().as_str());
    assert_eq!(data["next_ticks"].as_array().expect("ticks").len(), 10);

    let form = [("queue", "mails"), ("id", "digest"), ("own_page", "1")];
    let paused = site.post("/do/pause-schedule", &form).await;
    assert_eq!(paused.header("location"), path);
    let page = site.page(path).await;
    assert!(page.contains("It is paused") && page.contains("/do/resume-schedule"), "{page}");
    let none = site.get("/schedules/mails/none").await;
    assert!(none.status == 404 && none.body.contains("All schedules"), "{}", none.body);
    let job = site.page(&format!("/q/mails/job/{}", ran.id())).await;
    assert!(job.contains(&format!("href=\"{path}\"")), "{job}");
}
