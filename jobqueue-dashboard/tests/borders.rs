//! Where what somebody may do ends: dead letters of others' jobs, flows and topics over others' queues,
//! and the log that all share.

use std::time::Duration;

use jobqueue::{Flow, JobId, JobState, Worker};
use jobqueue_tests::wait::eventually;
use serde_json::{Value, json};

use crate::site::Site;

/// Its dead letters lie where olga is operator; on itself she is a viewer.
#[jobqueue::job(queue = "parcels", attempts = 1, dead_letter = "mails-dead")]
async fn ship(_parcel: Value) -> Result<(), std::io::Error> {
    Err(std::io::Error::other("no stock"))
}

#[jobqueue::job(queue = "other-1")]
async fn report(_parcels: Value) {}

/// A site with one dead letter of `parcels`: its id, and that of the job.
async fn with_letter() -> (Site, String, JobId) {
    let site = Site::with_people().await;
    let worker = Worker::builder(&site.client).handler(ship).build().expect("sound");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let job = site.client.add(ship, json!({"to": "ann"})).await.expect("added");
    job.result().await.expect_err("it fails");
    let letters = site.client.dead_letters("mails-dead").expect("a name");
    let one = async || letters.page(0, 1).await.expect("read").pop();
    let (letter, _) = eventually("a letter", one).await;
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
    (site, letter.to_string(), job.id().clone())
}

/// The fingerprint that a page's form sends.
fn seen(page: &str) -> &str {
    let rest = page.split("name=\"payload_seen\" value=\"").nth(1);
    rest.and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("no form in {page}"))
}

#[tokio::test]
async fn whoever_may_nothing_with_a_job_may_nothing_with_its_dead_letter() {
    let (site, letter, _) = with_letter().await;
    let (olga, ann) = (site.by("olga"), site.by("ann"));
    let page = ann.page(&format!("/dead/mails-dead/{letter}")).await;
    let edit = [
        ("queue", "mails-dead"),
        ("id", &*letter),
        ("payload_seen", seen(&page)),
        ("payload", r#"{"to":"olga"}"#),
        ("sure", "yes"),
    ];
    assert_eq!(olga.post("/do/edit-letter", &edit).await.status, 403);
    let redrive = [("queue", "mails-dead"), ("id", &*letter)];
    let began = olga.post("/do/redrive", &redrive).await;
    let path = format!("{}.json", began.header("location"));
    let task = eventually("the work to end", async || {
        let task = olga.get(&path).await.json();
        (!task["ended_at"].is_null()).then_some(task)
    });
    let task = task.await;
    assert_eq!((&task["done"], &task["skipped"]), (&json!(0), &json!(1)), "{task}");
    // To cancel it is as good as to remove it.
    let cancel = olga.post("/do/cancel", &redrive).await;
    assert_eq!(cancel.status, 403);
    assert!(cancel.body.contains("the role `admin` on `mails-dead`"), "{}", cancel.body);
    let refused = site.client.audit_log().who("olga").queue("parcels").newest(9).await;
    let refused: Vec<String> = refused.expect("read").into_iter().map(|it| it.action).collect();
    assert_eq!(refused, ["edit-letter"], "it stands in the log, as any refusal");
    let letters = site.client.dead_letters("mails-dead").expect("a name");
    assert_eq!(letters.count().await.expect("read"), 1);
    assert_eq!(ann.post("/do/edit-letter", &edit).await.status, 303);
}

#[tokio::test]
async fn a_dead_letter_is_no_job_to_edit_or_clone_and_its_job_none_to_replace() {
    let (site, letter, job) = with_letter().await;
    let ann = site.by("ann");
    let form =
        [("queue", "mails-dead"), ("id", &*letter), ("payload_seen", "x"), ("payload", "{}")];
    for verb in ["edit", "clone"] {
        let answer = ann.post(&format!("/do/{verb}"), &form).await;
        assert_eq!(answer.status, 400, "{verb}: {}", answer.body);
    }
    let queue = site.client.queue("mails-dead").expect("a name");
    let as_job = queue.job(letter.parse::<JobId>().expect("an id"));
    let error = as_job.edit_payload(&json!({})).await.expect_err("it has a job's whole record");
    assert!(format!("{error:?}").contains("dead_letters"), "{error:?}");
    let id = job.to_string();
    let form = [("queue", "parcels"), ("id", &*id), ("payload_seen", "x"), ("payload", "{}")];
    let answer = ann.post("/do/edit-retry", &form).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains("edit and redrive it there"), "{}", answer.body);
}

#[tokio::test]
async fn a_flow_over_others_queues_is_neither_shown_whole_nor_changed() {
    let site = Site::with_people().await;
    let flow = Flow::new("borders");
    let parcels = flow.all(ship, [json!(1), json!(2)]);
    let root = flow.node(report, json!(0)).after(&parcels);
    site.client.start(flow, root).await.expect("started");
    let (nora, ann) = (site.by("nora"), site.by("ann"));
    for verb in ["cancel-flow", "retry-flow"] {
        let form = [("queue", "other-1"), ("id", "borders")];
        let answer = nora.post(&format!("/do/{verb}"), &form).await;
        assert_eq!(answer.status, 403, "{verb}: {}", answer.body);
    }
    for path in ["/flows/other-1/borders", "/flows/other-1/borders.json"] {
        let (hers, all) = (nora.page(path).await, ann.page(path).await);
        assert!(!hers.contains("parcels") && hers.contains("other-1"), "{path}: {hers}");
        assert!(all.contains("parcels"), "{path}: {all}");
    }
    let data = nora.get("/flows/other-1/borders.json").await.json();
    let graph = &data["graph"];
    assert_eq!((&graph["root"], &graph["nodes"][0]["needs"]), (&json!(0), &json!([])), "{graph}");
    let form = [("queue", "other-1"), ("id", "borders")];
    assert_eq!(ann.post("/do/cancel-flow", &form).await.status, 303);
}

#[tokio::test]
async fn a_topic_shows_nobody_the_queues_of_others() {
    let site = Site::with_people().await;
    let topic = site.client.topic("other-topic").expect("a name");
    for queue in ["mails", "other-1"] {
        topic.bind(queue, "#").await.expect("bound");
    }
    for path in ["/topics/other-topic", "/topics/other-topic.json"] {
        let page = site.by("nora").page(path).await;
        assert!(page.contains("other-1") && !page.contains("mails"), "{path}: {page}");
        assert!(site.by("ann").page(path).await.contains("mails"), "{path}");
    }
}

#[tokio::test]
async fn refusals_push_nobody_out_of_the_log() {
    let site = Site::with_people().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    for _ in 0..60 {
        assert_eq!(site.by("vic").post("/do/pause", &[("queue", "mails")]).await.status, 403);
    }
    let noted = site.client.audit_log().who("vic").newest(100).await.expect("read");
    assert_eq!(noted.len(), 20, "of a minute");
    let last = format!("{:?}", noted[0].answer);
    assert!(last.contains("aren't noted"), "{last}");
}

#[tokio::test]
async fn the_log_goes_on_behind_what_is_not_to_be_seen() {
    let site = Site::with_people().await;
    for name in ["mails", "other-1"] {
        site.client.queue(name).expect("a name").create().await.expect("made");
    }
    let nora = site.by("nora");
    assert_eq!(nora.post("/do/pause", &[("queue", "other-1")]).await.status, 303);
    let mails = site.client.acting_as("somebody").queue("mails").expect("a name");
    for _ in 0..60 {
        mails.pause().await.expect("paused");
        mails.resume().await.expect("resumed");
    }
    let log = nora.get("/audit.json").await.json();
    assert_eq!(log.as_array().map(Vec::len), Some(1), "{log}");
    assert_eq!(nora.get("/audit?before=yesterday").await.status, 400);
}

#[tokio::test]
async fn a_jobs_page_has_no_word_of_ids_that_begin_alike() {
    let site = Site::with_people().await;
    let queue = site.client.queue("mails").expect("a name");
    for id in ["c1", "c11"] {
        queue.add("send", &json!(0)).id(id.parse::<JobId>().expect("an id")).await.expect("added");
    }
    let ann = site.by("ann");
    assert_eq!(ann.post("/do/cancel", &[("queue", "mails"), ("id", "c11")]).await.status, 303);
    assert!(!ann.page("/q/mails/job/c1").await.contains("c11"));
    assert!(ann.page("/q/mails/job/c11").await.contains("cancel"));
    let state = queue.job("c11".parse::<JobId>().expect("an id")).state().await.expect("read");
    assert_eq!(state, Some(JobState::Cancelled));
}
