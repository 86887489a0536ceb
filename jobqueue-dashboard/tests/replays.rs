//! Messages of a topic once more.

use jobqueue::Retain;
use jobqueue_tests::wait::eventually;
use serde_json::json;

use crate::site::Site;

#[tokio::test]
async fn kept_messages_are_sent_to_a_queue_after_a_question() {
    let site = Site::with_people().await;
    let topic = site.client.topic("mails-orders").expect("a name");
    topic.bind("mails", "order.*").await.expect("bound");
    let ann = site.by("ann");
    assert!(!ann.page("/topics/mails-orders").await.contains("/replay"));
    topic.keep(Retain::count(100)).await.expect("set");
    for n in 0..3 {
        site.client.publish("mails-orders", "order.paid", json!({"n": n})).await.expect("sent");
    }
    site.client.queue("mails-new").expect("a name").create().await.expect("made");
    assert!(
        ann.page("/topics/mails-orders").await.contains("action=\"/topics/mails-orders/replay\"")
    );
    let path = "/topics/mails-orders/replay?queue=mails-new&pattern=order.%23";
    let page = ann.page(path).await;
    assert!(page.contains("Up to 3 are kept") && page.contains("/do/replay"), "{page}");
    let ask = ann.get("/topics/mails-orders/replay.json?queue=mails&pattern=order.*").await.json();
    assert_eq!((&ask["bound"], &ask["kept"]), (&json!(true), &json!(3)));

    let form = [
        ("queue", "mails-new"),
        ("topic", "mails-orders"),
        ("pattern", "order.#"),
        ("from", "beginning"),
    ];
    let began = ann.post("/do/replay", &form).await;
    assert_eq!(began.status, 303, "{}", began.body);
    let task = eventually("it to end", async || {
        let task = ann.get(&format!("{}.json", began.header("location"))).await.json();
        (!task["ended_at"].is_null()).then_some(task)
    })
    .await;
    assert_eq!((&task["answer"], &task["done"]), (&json!("done"), &json!(3)), "{task}");
    let counts = site.client.queue("mails-new").expect("a name").counts().await.expect("read");
    assert_eq!(counts.waiting, 3);
    let log = ann.page("/audit?who=ann&action=bind").await;
    assert!(log.contains("mails-orders") && log.contains("mails-new"), "{log}");
}

#[tokio::test]
async fn a_replay_needs_a_role_on_the_topic_and_on_the_queue() {
    let site = Site::with_people().await;
    for name in ["other-orders", "mails-orders"] {
        let topic = site.client.topic(name).expect("a name");
        topic.keep(Retain::count(100)).await.expect("set");
        topic.bind("mails", "#").await.expect("bound");
    }
    let olga = site.by("olga");
    let form = [("queue", "mails"), ("topic", "other-orders")];
    let refused = olga.post("/do/replay", &form).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let log = site.client.audit_log().who("olga").action("replay").newest(1).await.expect("read");
    assert_eq!(log.first().expect("an entry").queue.as_str(), "other-orders");
    let path = "/topics/other-orders/replay?queue=mails";
    assert_eq!(olga.get(path).await.status, 403);
    assert_eq!(site.by("vic").get("/topics/mails-orders/replay?queue=mails").await.status, 403);
    // It keeps none yet.
    let none = olga.get("/topics/mails-orders/replay?queue=mails").await;
    assert!(none.status == 409 && none.body.contains("keeps no messages"), "{}", none.body);
    let wrong = olga.get("/topics/mails-orders/replay?queue=mails&from=yesterday").await;
    assert_eq!(wrong.status, 400);
}
