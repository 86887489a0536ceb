//! What is done, by forms as pages have them.

use std::time::Duration;

use jobqueue::{JobId, JobState, Retain};
use jobqueue_tests::wait::eventually;
use serde_json::{Value, json};

use crate::site::{Answer, Site, send};

/// The value of a hidden field in a page.
fn field(page: &str, name: &str) -> String {
    let begin = format!("name=\"{name}\" value=\"");
    let rest = page.split(&begin).nth(1).unwrap_or_else(|| panic!("no {name} in {page}"));
    let value = rest.split('"').next().expect("its end");
    value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// A task, once it has ended.
async fn ended(site: &Site, began: &Answer) -> Value {
    assert_eq!(began.status, 303, "{}", began.body);
    let path = format!("{}.json", began.header("location"));
    eventually("the work to end", async || {
        let task = site.get(&path).await.json();
        (!task["ended_at"].is_null()).then_some(task)
    })
    .await
}

#[tokio::test]
async fn a_queue_is_paused_and_resumed_and_the_log_says_by_whom() {
    let site = Site::with_people().await;
    let queue = site.client.queue("mails").expect("a name");
    queue.create().await.expect("made");
    let olga = site.by("olga");
    assert!(olga.page("/q/mails").await.contains("/do/pause"));
    assert_eq!(olga.post("/do/pause", &[("queue", "mails")]).await.status, 303);
    assert!(queue.counts().await.expect("read").paused);
    assert!(olga.page("/q/mails").await.contains("/do/resume"));
    assert_eq!(olga.post("/do/resume", &[("queue", "mails")]).await.status, 303);
    assert!(!queue.counts().await.expect("read").paused);
    let log = olga.page("/audit").await;
    assert!(log.contains("olga") && log.contains("127.0.0.1") && log.contains("resume"), "{log}");
    // A name that was mistyped makes no new queue.
    assert_eq!(olga.post("/do/pause", &[("queue", "mails2")]).await.status, 404);
}

#[tokio::test]
async fn a_failed_job_is_retried_once_and_what_changed_is_said() {
    let site = Site::open().await;
    let id = site.failed(json!({"fail": "x"})).await;
    let form = [("queue", "mails"), ("id", &*id), ("expect", "failed")];
    let answer = site.post("/do/retry", &form).await;
    assert_eq!(answer.header("location"), format!("/q/mails/job/{id}"));
    site.becomes(&id, JobState::Waiting).await;
    let again = site.post("/do/retry", &form).await;
    assert_eq!(again.status, 409);
    assert!(
        again.body.contains("was failed when you looked, and is waiting now"),
        "{}",
        again.body
    );
}

#[tokio::test]
async fn a_waiting_job_is_edited_after_a_look_at_what_changes() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    let job = queue.add("send", &json!({"to": "ann", "n": 1})).await.expect("added");
    let id = job.id().to_string();
    let page = site.page(&format!("/q/mails/job/{id}/edit")).await;
    let seen = field(&page, "payload_seen");
    let form = [
        ("queue", "mails"),
        ("id", &*id),
        ("expect", "waiting"),
        ("payload_seen", &*seen),
        ("payload", r#"{"to":"bob","n":1}"#),
    ];
    let diff = site.post("/do/edit", &form).await;
    assert_eq!(diff.status, 200, "{}", diff.body);
    assert!(diff.body.contains("d-gone") && diff.body.contains("&quot;bob&quot;"), "{}", diff.body);
    assert_eq!(job.info().await.expect("read").payload::<Value>().expect("JSON")["to"], "ann");
    let sure = [&form[..], &[("sure", "yes")]].concat();
    assert_eq!(site.post("/do/edit", &sure).await.status, 303);
    assert_eq!(job.info().await.expect("read").payload::<Value>().expect("JSON")["to"], "bob");
    // It looks otherwise than when it was shown.
    let late = site.post("/do/edit", &sure).await;
    assert!(late.status == 409 && late.body.contains("changed meanwhile"), "{}", late.body);
    for (payload, words) in [
        ("{", "isn't JSON"),
        ("{\"n\":18446744073709551616}", "would be rounded"),
        ("{\"n\":1,\"n\":2}", "there twice"),
    ] {
        let page = site.page(&format!("/q/mails/job/{id}/edit")).await;
        let seen = field(&page, "payload_seen");
        let form = [
            ("queue", "mails"),
            ("id", &*id),
            ("payload_seen", &*seen),
            ("payload", payload),
            ("sure", "yes"),
        ];
        let answer = site.post("/do/edit", &form).await;
        assert!(answer.status == 400 && answer.body.contains(words), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_failed_job_is_edited_and_runs_again_under_a_new_id() {
    let site = Site::open().await;
    let id = site.failed(json!({"fail": "x", "keep": 7})).await;
    let page = site.page(&format!("/q/mails/job/{id}/edit")).await;
    let seen = field(&page, "payload_seen");
    let form = [
        ("queue", "mails"),
        ("id", &*id),
        ("expect", "failed"),
        ("payload_seen", &*seen),
        ("payload", r#"{"keep":7}"#),
        ("sure", "yes"),
    ];
    let answer = site.post("/do/edit-retry", &form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let new = answer.header("location").rsplit('/').next().expect("an id").to_owned();
    assert_ne!(new, id);
    let worker = site.worker();
    site.becomes(&new, JobState::Completed).await;
    worker.stop().await;
    assert_eq!(site.get(&format!("/q/mails/job/{id}")).await.status, 404);
    assert!(site.page(&format!("/q/mails/job/{new}")).await.contains(&id));
}

/// Under an id that it had before, with the payload that it had before.
#[tokio::test]
async fn a_job_that_fails_twice_alike_is_edited_twice() {
    let site = Site::open().await;
    let mut made = Vec::new();
    for fix in [1, 2, 2] {
        let worker = site.worker();
        let job = site.client.add(send, json!({"fail": "x"})).id("invoice-7");
        job.await.expect("added").result().await.expect_err("it fails");
        let page = site.page("/q/mails/job/invoice-7/edit").await;
        let (payload, seen) = (format!("{{\"fix\":{fix}}}"), field(&page, "payload_seen"));
        let form = [
            ("queue", "mails"),
            ("id", "invoice-7"),
            ("payload_seen", &*seen),
            ("payload", &*payload),
            ("sure", "yes"),
        ];
        let answer = site.post("/do/edit-retry", &form).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let new = answer.header("location").rsplit('/').next().expect("an id").to_owned();
        site.becomes(&new, JobState::Completed).await;
        let queue = site.client.queue("mails").expect("a name");
        let ran = queue.job(new.parse::<JobId>().expect("an id")).info().await.expect("there");
        assert_eq!(ran.payload::<Value>().expect("JSON"), json!({"fix": fix}));
        assert!(!made.contains(&new), "{new} was there before");
        made.push(new);
        worker.stop().await;
    }
    let log = site.client.audit_log().action("edit-retry").newest(10).await.expect("read");
    assert_eq!(log.len(), 3, "{log:?}");
}

/// Another job has its unique key by now: the failed one stays as it is.
#[tokio::test]
async fn a_job_that_another_stands_for_is_not_replaced() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    let worker = site.worker();
    let add = || site.client.add(send, json!({"fail": "x"})).unique(jobqueue::Unique::by("k"));
    let job = add().await.expect("added");
    job.result().await.expect_err("it fails");
    worker.stop().await;
    let other = add().await.expect("added");
    let id = job.id().to_string();
    let seen = field(&site.page(&format!("/q/mails/job/{id}/edit")).await, "payload_seen");
    let form = [
        ("queue", "mails"),
        ("id", &*id),
        ("payload_seen", &*seen),
        ("payload", "{}"),
        ("sure", "yes"),
    ];
    let answer = site.post("/do/edit-retry", &form).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains(other.id().as_str()), "{}", answer.body);
    assert_eq!(queue.job(job.id()).state().await.expect("read"), Some(JobState::Failed));
}

#[tokio::test]
async fn what_is_done_to_many_says_by_whom_and_is_for_those_of_its_states() {
    let site = Site::with_people().await;
    let queue = site.client.queue("mails").expect("a name");
    for id in ["a", "b"] {
        queue.add("send", &json!(0)).id(id).await.expect("added");
    }
    let form = [("queue", "mails"), ("id", "a"), ("id", "b"), ("confirm", "mails")];
    let olga = site.by("olga");
    ended(&olga, &olga.post("/do/cancel", &form).await).await;
    for id in ["a", "b"] {
        let job = queue.job(id.parse::<JobId>().expect("an id")).info().await.expect("there");
        let Some(jobqueue::Outcome::Cancelled(why)) = &job.outcome else { panic!("{job:?}") };
        assert_eq!((&why.by, why.reason.is_some()), (&Some("olga".to_owned()), true));
    }
    let form = [("queue", "mails"), ("state", "completed")];
    assert_eq!(olga.post("/do/retry", &form).await.status, 400);
    let worker = site.worker();
    for id in ["c", "d"] {
        let job = site.client.add(send, json!({"n": 1})).id(id).await.expect("added");
        job.result().await.expect("it completes");
    }
    worker.stop().await;
    let form = [("queue", "mails"), ("id", "c"), ("id", "d"), ("id", "a")];
    let task = ended(&olga, &olga.post("/do/retry", &form).await).await;
    assert_eq!((&task["done"], &task["skipped"]), (&json!(1), &json!(2)), "{task}");
}

#[tokio::test]
async fn jobs_are_cloned_promoted_cancelled_and_removed() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    let later =
        queue.add("send", &json!({"a": 1})).delay(Duration::from_secs(600)).header("h", "v");
    let id = later.await.expect("added").id().to_string();
    let form = [("queue", "mails"), ("id", &*id)];
    let copy = site.post("/do/clone", &form).await;
    let copy = copy.header("location").rsplit('/').next().expect("an id").to_owned();
    let info = queue.job(copy.parse::<JobId>().expect("an id")).info().await.expect("there");
    assert_eq!(
        (info.state, &*info.record.options.headers["cloned-from"]),
        (JobState::Delayed, &*id)
    );
    assert_eq!(info.record.options.headers["h"], "v");
    assert_eq!(site.post("/do/promote", &form).await.status, 303);
    site.becomes(&id, JobState::Waiting).await;
    assert_eq!(site.post("/do/promote", &form).await.status, 409);
    assert_eq!(site.post("/do/cancel", &form).await.status, 303);
    site.becomes(&id, JobState::Cancelled).await;
    let gone = site.post("/do/remove", &form).await;
    assert_eq!(gone.header("location"), "/q/mails/cancelled");
    assert_eq!(site.post("/do/remove", &form).await.status, 404);
}

#[tokio::test]
async fn all_that_a_filter_means_is_retried_in_the_background() {
    let site = Site::with_people().await;
    for n in 0..4 {
        site.failed(json!({"fail": if n == 0 { "other" } else { "smtp" }})).await;
    }
    let ann = site.by("ann");
    let ask = "/confirm?verb=retry&queue=mails&state=failed&where=error%3Asmtp";
    let page = ann.page(ask).await;
    assert!(
        page.contains("Retry 3 jobs in mails?") && page.contains("failed jobs where error:smtp"),
        "{page}"
    );
    assert_eq!(field(&page, "expect"), "3");
    let form = [("queue", "mails"), ("state", "failed"), ("where", "error:smtp"), ("expect", "2")];
    let changed = ann.post("/do/retry", &form).await;
    assert!(
        changed.status == 409 && changed.body.contains("it would be 3 now"),
        "{}",
        changed.body
    );
    let began = ann.post("/do/retry", &[&form[..3], &[("expect", "3")]].concat()).await;
    let task = ended(&ann, &began).await;
    assert_eq!(
        (&task["done"], &task["skipped"], &task["answer"]),
        (&json!(3), &json!(0), &json!("done"))
    );
    let counts = site.client.queue("mails").expect("a name").counts().await.expect("read");
    assert_eq!((counts.failed, counts.waiting), (1, 3));
    assert!(ann.page("/actions").await.contains("failed jobs where error:smtp"));
    assert!(
        ann.page("/audit").await.contains("▶ begun") || ann.page("/audit").await.contains("✓ done")
    );
    assert_eq!(site.by("nora").get(began.header("location")).await.status, 404);
}

#[tokio::test]
async fn to_remove_many_the_queues_name_is_typed() {
    let site = Site::open().await;
    for _ in 0..2 {
        site.failed(json!({"fail": "x"})).await;
    }
    let form = [("queue", "mails"), ("state", "failed"), ("expect", "2")];
    let refused = site.post("/do/remove", &form).await;
    assert!(refused.status == 400 && refused.body.contains("Type the queue"), "{}", refused.body);
    let wrong = site.post("/do/remove", &[&form[..], &[("confirm", "mail")]].concat()).await;
    assert_eq!(wrong.status, 400);
    let page = site.page("/confirm?verb=remove&queue=mails&state=failed").await;
    assert!(page.contains("name=\"confirm\"") && page.contains("Remove 2 jobs</button>"), "{page}");
    let began = site.post("/do/remove", &[&form[..], &[("confirm", "mails")]].concat()).await;
    assert_eq!(ended(&site, &began).await["done"], 2);
    assert_eq!(site.client.queue("mails").expect("a name").counts().await.expect("read").failed, 0);
}

#[tokio::test]
async fn what_moved_on_meanwhile_is_skipped_and_told() {
    let site = Site::open().await;
    let a = site.failed(json!({"fail": "x"})).await;
    let b = site.client.add(send, json!({})).await.expect("added").id().to_string();
    let began = site.post("/do/retry", &[("queue", "mails"), ("id", &*a), ("id", &*b)]).await;
    let task = ended(&site, &began).await;
    assert_eq!((&task["done"], &task["skipped"]), (&json!(1), &json!(1)));
    assert!(task["refusals"][0].as_str().expect("words").contains(&b), "{task}");
    let page = site.page(began.header("location")).await;
    assert!(page.contains("1 skipped"), "{page}");
}

#[jobqueue::job(queue = "orders", attempts = 1, dead_letter = "orders-dlq")]
async fn ship(order: Value) -> Result<(), std::io::Error> {
    if order["ok"] == true { Ok(()) } else { Err(std::io::Error::other("no <stock>")) }
}

#[tokio::test]
async fn dead_letters_are_compared_edited_and_redriven() {
    let site = Site::open().await;
    let worker = jobqueue::Worker::builder(&site.client).handler(ship).build().expect("sound");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    for n in 0..3 {
        let order = json!({"n": n, "token": "hunter2"});
        let order = if n == 2 { json!({"n": 2}) } else { order };
        site.client.add(ship, order).retain(Retain::count(10)).await.expect("added");
    }
    let page = eventually("three letters", async || {
        let page = site.get("/dead/orders-dlq").await.body;
        (page.matches("name=\"id\"").count() == 3).then_some(page)
    })
    .await;
    assert!(page.contains("no &lt;stock&gt;") && page.contains("kept, not waiting"), "{page}");
    assert!(site.page("/dead").await.contains("orders-dlq"));
    let letters = site.get("/dead/orders-dlq.json").await;
    assert!(!letters.body.contains("hunter2") && !letters.body.contains("raw"), "{}", letters.body);
    let letters = letters.json();
    let id = |n: usize| {
        let all = letters["letters"].as_array().expect("letters");
        let one = all.iter().find(|it| it["record"]["payload"]["n"] == n).expect("it is there");
        one["letter"].as_str().expect("an id").to_owned()
    };
    let job = site.page(&format!("/q/orders-dlq/job/{}.json", id(0))).await;
    assert!(!job.contains("hunter2"), "{job}");
    let both = site.page(&format!("/dead/orders-dlq/compare?id={}&id={}", id(0), id(2))).await;
    assert!(both.contains("d-gone") && !both.contains("hunter2"), "{both}");
    assert_eq!(site.get(&format!("/dead/orders-dlq/compare?id={}", id(0))).await.status, 400);

    let path = format!("/dead/orders-dlq/{}", id(2));
    let page = site.page(&path).await;
    let (seen, letter) = (field(&page, "payload_seen"), id(2));
    let form = [
        ("queue", "orders-dlq"),
        ("id", &*letter),
        ("payload_seen", &*seen),
        ("payload", r#"{"n":2,"ok":true}"#),
    ];
    assert!(site.post("/do/edit-letter", &form).await.body.contains("d-new"));
    let saved = site.post("/do/edit-letter", &[&form[..], &[("sure", "yes")]].concat()).await;
    assert_eq!(saved.header("location"), path, "{}", saved.body);
    let redrive = [("queue", "orders-dlq"), ("id", &*letter), ("rate", "100")];
    let task = ended(&site, &site.post("/do/redrive", &redrive).await).await;
    assert_eq!(task["done"], 1, "{task}");
    let orders = site.client.queue("orders").expect("a name");
    eventually("it to be shipped", async || orders.counts().await.expect("read").completed == 1)
        .await;
    let all = [("queue", "orders-dlq"), ("state", "waiting"), ("expect", "2")];
    let task = ended(&site, &site.post("/do/redrive", &all).await).await;
    assert_eq!(task["done"], 2, "{task}");
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
}

#[tokio::test]
async fn a_redrive_at_a_rate_can_be_stopped() {
    let site = Site::open().await;
    let worker = jobqueue::Worker::builder(&site.client).handler(ship).build().expect("sound");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    for n in 0..20 {
        site.client.add(ship, json!({"n": n})).await.expect("added");
    }
    let letters = site.client.dead_letters("orders-dlq").expect("a name");
    eventually("all letters", async || letters.count().await.expect("read") == 20).await;
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
    let form = [("queue", "orders-dlq"), ("state", "waiting"), ("rate", "2")];
    let began = site.post("/do/redrive", &form).await;
    let path = began.header("location").to_owned();
    let done = async || site.get(&format!("{path}.json")).await.json()["done"].as_u64();
    eventually("some to go", async || done().await.is_some_and(|done| done > 0)).await;
    let id = path.rsplit('/').next().expect("an id");
    assert_eq!(site.post("/do/stop", &[("task", id)]).await.header("location"), path);
    let task = ended(&site, &began).await;
    assert_eq!(task["answer"], "stopped");
    assert!(letters.count().await.expect("read") > 0);
}
