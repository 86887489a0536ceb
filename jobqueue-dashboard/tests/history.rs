//! What has happened, in charts and numbers.

use jobqueue_tests::{commands::counted_of, wait::eventually};
use serde_json::json;

use crate::site::{Site, send};

/// A site with a queue of which something is known: two jobs completed, one failed.
async fn with_history() -> Site {
    let site = Site::open().await;
    let worker = site.worker();
    for payload in [json!({}), json!({}), json!({"fail": "x"})] {
        let job = site.client.add(send, payload).await.expect("added");
        let _ = job.result().await;
    }
    worker.stop().await;
    let queue = site.client.queue("mails").expect("a name");
    eventually("its history", async || {
        let total = queue.history().await.expect("read").total();
        total.completed == 2 && total.failed == 1
    })
    .await;
    site
}

#[tokio::test]
async fn a_queues_history_is_drawn_and_told_in_a_table() {
    let site = with_history().await;
    let page = site.page("/history?queue=mails&last=1h").await;
    for words in ["2 completed", "1 failed", "<figure", "In numbers", "Waited", "Depth", "Lag"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("class=\"line st-failed dashed\""), "{page}");
    // Each part is a link to itself; so is each row.
    assert!(page.matches("class=\"part\"").count() >= 12, "{page}");
    assert!(page.contains("?queue=mails&amp;from="), "{page}");
    let data = site.get("/history.json?queue=mails&last=1h").await.json();
    let points = data["points"].as_array().expect("points");
    assert!((60..=61).contains(&points.len()), "{}", points.len());
    assert_eq!((&data["total"]["completed"], &data["total"]["failed"]), (&json!(2), &json!(1)));
    assert_eq!(points.iter().map(|it| it["completed"].as_u64().expect("a count")).sum::<u64>(), 2);
    assert!(data["total"]["run"]["p95_ms"].as_f64().expect("a time") > 0.0);
    assert_eq!(data["names"]["names"], json!(["send"]));
    for (range, most) in [("24h", 61), ("7d", 61), ("90d", 61)] {
        let data = site.get(&format!("/history.json?queue=mails&last={range}")).await.json();
        let points = data["points"].as_array().expect("points").len();
        assert!(points > 20 && points <= most, "{range}: {points}");
    }
}

#[tokio::test]
async fn a_part_of_a_history_and_one_name_are_addresses() {
    let site = with_history().await;
    let page = site.page("/history?queue=mails&name=send").await;
    assert!(page.contains("2 completed") && !page.contains("Depth</b>"), "{page}");
    assert!(page.contains("<option value=\"send\" selected>"), "{page}");
    let page = site.page("/history?queue=mails&name=other").await;
    assert!(page.contains("Nothing is known of this time"), "{page}");
    let part = "from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z";
    let page = site.page(&format!("/history?queue=mails&{part}")).await;
    assert!(page.contains("Nothing is known of this time"), "{page}");
    for wrong in [
        "last=2h",
        "from=yesterday",
        "to=2026-01-01T01:00:00Z",
        "from=2026-01-01T02:00:00Z&to=2026-01-01T01:00:00Z",
    ] {
        let answer = site.get(&format!("/history?queue=mails&{wrong}")).await;
        assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
    }
    assert_eq!(site.get("/history?queue=none").await.status, 404);
}

#[tokio::test]
async fn versions_that_came_are_marked_though_their_workers_have_gone() {
    let site = Site::open().await;
    let worker = site.worker();
    let job = site.client.add(send, json!({})).await.expect("added");
    job.result().await.expect("it runs");
    let data = eventually("a version", async || {
        let data = site.get("/history.json?queue=mails&last=1h").await.json();
        data["deploys"].as_array().is_some_and(|them| them.len() == 1).then_some(data)
    })
    .await;
    worker.stop().await;
    let program = data["deploys"][0]["program"].as_str().expect("a name").to_owned();
    eventually("its mark", async || {
        let page = site.page("/history?queue=mails&last=1h").await;
        page.contains("class=\"mark\"") && page.contains(&format!("▾ {program}"))
    })
    .await;
}

#[tokio::test]
async fn queues_are_chosen_among_those_that_are_seen() {
    let site = Site::with_people().await;
    for name in ["mails", "other-1"] {
        site.client.queue(name).expect("a name").create().await.expect("made");
    }
    let nora = site.by("nora");
    let page = nora.page("/history").await;
    assert!(page.contains("other-1") && !page.contains("mails"), "{page}");
    assert_eq!(nora.get("/history?queue=mails").await.status, 403);
    assert!(Site::open().await.page("/history").await.contains("No queue yet"));
}

#[tokio::test]
async fn the_last_hour_stands_at_a_queues_name_and_in_its_row() {
    let site = with_history().await;
    let page = site.page("/").await;
    assert!(page.contains("Last hour: 2 completed, 1 failed"), "{page}");
    assert!(
        page.contains("data-label=\"failed in 24 h\"><a href=\"/history?queue=mails\">1</a>"),
        "{page}"
    );
    let page = site.page("/q/mails/failed").await;
    assert!(page.contains("id=\"trend\"") && page.contains("Last hour: 2 completed"), "{page}");
    let row = &site.get("/index.json").await.json()["queues"][0];
    assert_eq!(row["trend"]["failed_24h"], 1);
    assert_eq!(row["trend"]["completed"].as_array().expect("numbers").len(), 30);
}

#[tokio::test]
async fn histories_are_read_once_a_minute_however_many_look() {
    let server = jobqueue_tests::server::RedisServer::start();
    let client = jobqueue::Client::builder(&server.url()).connect().await.expect("connected");
    for n in 0..5 {
        client.queue(format!("q{n}")).expect("a name").create().await.expect("made");
    }
    let builder = jobqueue_dashboard::Dashboard::builder(client.clone());
    let authentication = jobqueue_dashboard::Authentication::open_on_loopback();
    let site = Site::of(client, builder.authentication(authentication));
    // Only histories ask for these; each of the two reads of a queue does so once.
    let reads = || counted_of(&mut server.connection(), "hgetall");
    site.page("/").await;
    let once = reads();
    assert!(once >= 10, "{once}");
    for _ in 0..5 {
        site.page("/").await;
    }
    assert_eq!(reads(), once);
}
