//! Filters: one grammar in boxes, addresses and actions, and nothing that is hidden can be asked for.

use std::time::Duration;

use jobqueue::{JobId, JobState, Retain, Worker};
use jobqueue_tests::wait::eventually;
use serde_json::{Value, json};

use crate::site::Site;

/// A text as it stands in an address.
fn encoded(text: &str) -> String {
    serde_urlencoded::to_string([("where", text)]).expect("a query")
}

#[tokio::test]
async fn the_librarys_grammar_is_that_of_boxes_and_addresses() {
    let site = Site::open().await;
    let a =
        site.failed(json!({"fail": "smtp down", "to": {"mail": "ann@example.org"}, "n": 7})).await;
    let b = site.failed(json!({"fail": "timeout", "n": 8})).await;
    for (text, finds) in [
        ("payload.to.mail:ann@", [true, false]),
        ("payload.n=7,8", [true, true]),
        ("payload.n>7", [false, true]),
        ("-error:smtp name:send", [false, true]),
        ("ended<1h attempts:1 kind:error", [true, true]),
        ("added>1h", [false, false]),
        ("\"smtp down\"", [true, false]),
    ] {
        for path in ["/q/mails/failed", "/jobs"] {
            let page = site.page(&format!("{path}?{}", encoded(text))).await;
            for (id, found) in [&a, &b].into_iter().zip(finds) {
                assert_eq!(
                    page.contains(&format!("data-id=\"{id}\"")),
                    found,
                    "{path} {text}: {page}"
                );
            }
        }
    }
    // The next filter takes the place of this one.
    let page = site.page(&format!("/q/mails/failed?{}", encoded("payload.n=7"))).await;
    assert!(page.contains("hx-get=\"/q/mails/failed\""), "{page}");
    // Only of this tab: a state in the text narrows it.
    let none = site.page(&format!("/q/mails/failed?{}", encoded("state:waiting"))).await;
    assert!(none.contains("No job matches"), "{none}");
    let one = site.get(&format!("/jobs.json?{}", encoded(&a))).await.json();
    assert_eq!(
        (&one["jobs"][0]["queue"], &one["jobs"][0]["job"]["id"]),
        (&json!("mails"), &json!(a))
    );
    assert_eq!(one["next"], Value::Null);
}

#[tokio::test]
async fn what_can_not_be_read_is_shown_with_its_place() {
    let site = Site::open().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    let wrong = encoded("name:send state:stuck");
    for path in ["/jobs", "/q/mails/failed", "/dead/mails"] {
        let answer = site.get(&format!("{path}?{wrong}")).await;
        assert_eq!(answer.status, 400, "{path}");
        let pointed = format!("name:send state:stuck\n{}^^^^^ expected waiting", " ".repeat(16));
        assert!(answer.body.contains(&pointed), "{path}: {}", answer.body);
        // What was typed can be mended.
        assert!(answer.body.contains("value=\"name:send state:stuck\""), "{path}: {}", answer.body);
        assert!(answer.body.contains(&format!("action=\"{path}\"")), "{path}: {}", answer.body);
    }
    let form = [("queue", "mails"), ("state", "failed"), ("where", "name:send state:stuck")];
    let answer = site.with("accept", "application/json").post("/do/retry", &form).await;
    assert_eq!(answer.status, 400);
    let told = answer.json();
    assert!(told["pointed"].as_str().expect("a place").contains("^^^^^ expected"), "{told}");
    let ask = format!("/confirm?verb=retry&queue=mails&state=failed&{wrong}");
    assert!(site.get(&ask).await.body.contains("^^^^^ expected"));
}

#[jobqueue::job(queue = "parcels", attempts = 1, dead_letter = "parcels-dlq")]
async fn pack(parcel: Value) -> Result<(), std::io::Error> {
    Err(std::io::Error::other(format!("no box for {}", parcel["n"])))
}

/// So many dead letters, with secrets.
async fn with_letters(many: u64) -> (Site, Vec<String>) {
    let site = Site::open().await;
    let worker = Worker::builder(&site.client).handler(pack).build().expect("sound");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    for n in 0..many {
        let parcel = json!({"n": n, "password": "hunter2"});
        site.client.add(pack, parcel).retain(Retain::count(100)).await.expect("added");
    }
    let letters = site.client.dead_letters("parcels-dlq").expect("a name");
    eventually("the letters", async || letters.count().await.expect("read") == many).await;
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
    let ids = letters.page(0, many).await.expect("read").into_iter().map(|(id, _)| id.to_string());
    (site, ids.collect())
}

#[tokio::test]
async fn dead_letters_are_found_and_redriven_by_the_jobs_that_failed() {
    let (site, ids) = with_letters(2).await;
    let page = site.page(&format!("/dead/parcels-dlq?{}", encoded("payload.n=1 name:pack"))).await;
    assert!(page.contains("1 found") && page.matches("name=\"id\"").count() == 1, "{page}");
    assert!(page.contains("Redrive all that match"), "{page}");
    let none = site.page(&format!("/dead/parcels-dlq?{}", encoded("payload.n=7"))).await;
    assert!(none.contains("No dead letter matches"), "{none}");
    let ask = format!(
        "/confirm?verb=redrive&queue=parcels-dlq&state=waiting&{}",
        encoded("error:\"no box for 0\"")
    );
    assert!(site.page(&ask).await.contains("Redrive 1 job in parcels-dlq?"));
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn dead_letters_that_are_found_have_pages() {
    let (site, all) = with_letters(45).await;
    let filter = encoded("name:pack error:\"no box\"");
    let (mut seen, mut pages) = (Vec::new(), 0);
    let mut path = format!("/dead/parcels-dlq?n=20&{filter}");
    loop {
        let page = site.page(&path).await;
        let ids = page.split("name=\"id\" value=\"").skip(1);
        seen.extend(ids.map(|it| it.split('"').next().expect("its end").to_owned()));
        pages += 1;
        let Some((link, _)) = page.split_once("rel=\"next\"") else { break };
        let behind = &page[link.len()..];
        let next = behind.split("href=\"").nth(1).and_then(|it| it.split('"').next());
        path = format!("/dead/parcels-dlq{}", next.expect("a link").replace("&amp;", "&"));
    }
    seen.sort();
    let mut all = all;
    all.sort();
    assert_eq!((seen, pages), (all, 3));
    let data = site.get(&format!("/dead/parcels-dlq.json?n=20&{filter}")).await.json();
    assert_eq!((&data["count"], &data["looked"]["found"]), (&json!(45), &json!(20)), "{data}");
    assert!(data["next"].is_string(), "{data}");
    assert_eq!(site.get("/dead/parcels-dlq?where=x&cursor=1").await.status, 400);
}

#[tokio::test]
async fn what_is_hidden_can_be_asked_for_nowhere() {
    let (site, ids) = with_letters(2).await;
    let id = site.failed(json!({"fail": "x", "password": "hunter2", "api": {"token": "t"}})).await;
    for text in [
        "payload.password=hunter2",
        "payload.password:exists",
        "-payload.password~h",
        "payload={\"password\":\"hunter2\"}",
        "payload.api={\"token\":\"t\"}",
        "result.password=x",
        "header.authorization:x",
    ] {
        let (text, whole) = (encoded(text), text);
        for path in [
            format!("/q/mails/failed?{text}"),
            format!("/q/mails/failed.json?{text}"),
            format!("/jobs?{text}"),
            format!("/jobs.json?{text}"),
            format!("/dead/parcels-dlq?{text}"),
            format!("/dead/parcels-dlq.json?{text}"),
            format!("/confirm?verb=retry&queue=mails&state=failed&{text}"),
            format!("/confirm?verb=redrive&queue=parcels-dlq&state=waiting&{text}"),
        ] {
            let answer = site.get(&path).await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.body);
            assert!(answer.body.contains("is hidden by the rule"), "{path}: {}", answer.body);
        }
        for (verb, queue, state) in [
            ("retry", "mails", "failed"),
            ("cancel", "mails", "failed"),
            ("remove", "mails", "failed"),
            ("redrive", "parcels-dlq", "waiting"),
        ] {
            let form = [("queue", queue), ("state", state), ("where", whole), ("confirm", queue)];
            let answer = site.post(&format!("/do/{verb}"), &form).await;
            assert_eq!(answer.status, 403, "{verb} {whole}: {}", answer.body);
        }
    }
    // By `[*]`, which would stand for the hidden one as well; and in the bytes of a dead letter.
    for (path, text) in [
        ("/q/mails/failed", "payload[*]=hunter2"),
        ("/jobs", "payload[*]:hunter2"),
        ("/jobs", "payload[*]~hun"),
        ("/q/parcels-dlq/waiting", "payload.raw:exists"),
        ("/q/parcels-dlq/waiting", "payload.r:exists"),
        ("/jobs", "queue:parcels-dlq payload.queue:exists"),
        ("/jobs", "queue:parcels-dlq payload.q:exists"),
        ("/dead/parcels-dlq", "payload[*]=hunter2"),
    ] {
        let page = site.page(&format!("{path}?{}", encoded(text))).await;
        assert!(
            page.contains("o job matches") || page.contains("No dead letter matches"),
            "{text}: {page}"
        );
        for id in ids.iter().chain([&id]) {
            assert!(!page.contains(&format!("data-id=\"{id}\"")), "{path} {text}: {page}");
        }
    }
    // What isn't hidden can, elements of lists as well.
    let list = site.failed(json!({"fail": "x", "items": [{"sku": 1}, {"sku": 2}]})).await;
    let page = site.page(&format!("/jobs?{}", encoded("payload.items[*].sku=2"))).await;
    assert!(page.contains(&list), "{page}");
    site.becomes(&id, JobState::Failed).await;
}

#[tokio::test]
async fn a_search_goes_on_where_a_page_has_ended_and_looks_in_no_other_queue() {
    let site = Site::with_people().await;
    for name in ["mails", "other-1"] {
        let queue = site.client.queue(name).expect("a name");
        queue.add_all("hello", 0..60_u32).await.expect("added");
    }
    let ann = site.by("ann");
    let first = ann.page(&format!("/q/mails/waiting?n=20&{}", encoded("name:hello"))).await;
    assert_eq!(first.matches("name=\"id\"").count(), 20, "{first}");
    let next = |page: &str| {
        let link = page.split("rel=\"next\"").next().expect("a page");
        let cursor = link.rsplit("cursor=").next().expect("a cursor");
        cursor.split('"').next().expect("its end").to_owned()
    };
    let ids = |page: &str| -> Vec<JobId> {
        let each = page.split("data-id=\"").skip(1);
        each.map(|it| it.split('"').next().expect("its end").parse().expect("an id")).collect()
    };
    let cursor = next(&first);
    let path = format!("/q/mails/waiting?n=20&{}&cursor={cursor}", encoded("name:hello"));
    let second = ann.page(&path).await;
    let (before, after) = (ids(&first), ids(&second));
    assert!(after.len() == 20 && after.iter().all(|id| !before.contains(id)), "{second}");
    assert!(second.contains("40 found"), "{second}");

    // Of all queues, those that somebody sees; a page of somebody else's leads nowhere else.
    let all = ann.get(&format!("/jobs.json?{}", encoded("name:hello"))).await.json();
    assert_eq!(all["jobs"].as_array().expect("jobs").len(), 100);
    let cursor = all["next"].as_str().expect("a cursor").to_owned();
    let nora = site.by("nora");
    for more in [
        String::new(),
        format!("&{}", serde_urlencoded::to_string([("cursor", &cursor)]).expect("a query")),
    ] {
        let found = nora.get(&format!("/jobs.json?{}{more}", encoded("name:hello"))).await.json();
        let found = found["jobs"].as_array().expect("jobs").clone();
        assert!(!found.is_empty() && found.iter().all(|it| it["queue"] == "other-1"), "{found:?}");
    }
    let named = nora.get(&format!("/jobs.json?{}", encoded("name:hello queue:mails"))).await.json();
    assert_eq!(named["jobs"], json!([]));
    assert_eq!(ann.get("/jobs?where=x&cursor=1%2C2").await.status, 400);
}
