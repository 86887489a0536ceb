//! What pages show, under any prefix, as pages and as data.

use std::time::Duration;

use axum::Router;
use jobqueue::{Flow, Rate, Worker, job};
use jobqueue_dashboard::{Authentication, Dashboard};
use jobqueue_tests::wait::eventually;
use serde_json::json;

use crate::site::{Site, client};

#[tokio::test]
async fn the_overview_shows_trouble_first() {
    let site = Site::open().await;
    assert!(site.page("/").await.contains("No queue yet"));
    let site = Site::strict().await;
    for name in ["a-quiet", "z-stuck"] {
        site.client.queue(name).expect("a name").create().await.expect("made");
    }
    site.client.queue("z-stuck").expect("a name").add("x", &1).await.expect("added");
    let page = stuck(&site, "/").await;
    assert!(page.contains("z-stuck: 1 job, no worker for"), "{page}");
    let at = |name: &str| page.find(&format!("id=\"q-{name}\"")).expect("a row");
    assert!(at("z-stuck") < at("a-quiet"));
    let data = site.get("/index.json").await.json();
    assert_eq!(data["needs_a_look"][0]["queue"], "z-stuck");
    assert_eq!(data["queues"][0]["waiting"], 1);
}

/// The page, once the overview knows that a job waits in vain.
async fn stuck(site: &Site, path: &str) -> String {
    eventually("a finding", async || {
        let page = site.page(path).await;
        page.contains("no worker for").then_some(page)
    })
    .await
}

#[tokio::test]
async fn the_overview_has_pages_and_the_first_has_what_is_worst() {
    let site = Site::strict().await;
    for n in 0..24 {
        site.client.queue(format!("q{n:02}")).expect("a name").create().await.expect("made");
    }
    site.client.queue("q23").expect("a name").add("x", &1).await.expect("added");
    let first = stuck(&site, "/?n=20").await;
    assert_eq!(first.matches("id=\"q-q").count(), 20, "{first}");
    assert!(first.contains("id=\"q-q23\"") && first.contains("1–20 of 24"), "{first}");
    assert!(first.contains("data-live=\"/live/overview?after=0&amp;n=20\""), "{first}");
    let second = site.page("/?after=20&n=20").await;
    assert_eq!(second.matches("id=\"q-q").count(), 4, "{second}");
    assert!(second.contains("q23: 1 job, no worker"), "{second}");
    assert_eq!(site.get("/?n=5000").await.status, 400);
}

#[tokio::test]
async fn a_queue_has_tabs_with_counts_and_pages_of_jobs() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    for n in 0..55 {
        queue.add("send", &json!({"n": n})).await.expect("added");
    }
    queue.add("later", &json!({})).delay(Duration::from_secs(3_600)).await.expect("added");
    let page = site.page("/q/mails").await;
    assert!(page.contains("<b>55</b>") && page.contains("data-tab=\"2\""), "{page}");
    assert_eq!(page.matches("name=\"id\"").count(), 50);
    let older = site.page("/q/mails/waiting?after=50&n=50").await;
    assert_eq!(older.matches("name=\"id\"").count(), 5);
    assert!(older.contains("Newer") && !older.contains("Older"));
    let delayed = site.page("/q/mails/delayed").await;
    assert!(delayed.contains("delay of 1 h") && delayed.contains("in 59 min"), "{delayed}");
    let data = site.get("/q/mails/waiting.json?n=20").await.json();
    assert_eq!(data["jobs"].as_array().expect("jobs").len(), 20);
    assert_eq!(data["stats"]["counts"]["waiting"], 55);
}

#[tokio::test]
async fn failures_are_grouped_above_their_table() {
    let site = Site::open().await;
    for words in ["order 17 not found", "order 18 not found", "smtp is down"] {
        site.failed(json!({"fail": words})).await;
    }
    let page = site.page("/q/mails").await;
    assert!(page.contains("2 × ") && page.contains("1 × "), "{page}");
    assert!(page.contains("smtp is down"));
    let found = site.page("/q/mails/failed?where=error%3Asmtp").await;
    assert_eq!(found.matches("name=\"id\"").count(), 1, "{found}");
    assert!(found.contains("looked at"));
}

#[tokio::test]
async fn a_failed_job_shows_its_error_first_and_its_numbers_as_written() {
    let site = Site::open().await;
    let text = r#"{"fail":"smtp is down","order":12000430000000000019,"price":1.10}"#;
    let id = site.failed(serde_json::from_str(text).expect("JSON")).await;
    let page = site.page(&format!("/q/mails/job/{id}")).await;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
    assert!(at("smtp is down") < at("What happened") && at("What happened") < at("<h2>Log"));
    at("12000430000000000019");
    at("last run: started");
    let data = site.page(&format!("/q/mails/job/{id}.json")).await;
    assert!(data.contains("12000430000000000019"), "{data}");
    let gone = site.get("/q/mails/job/01JGONE").await;
    assert!(gone.status == 404 && gone.body.contains("Look in all queues"), "{}", gone.body);
}

#[tokio::test]
async fn json_payloads_are_shown_to_the_last_digit() {
    let builder = jobqueue::Client::builder(jobqueue_tests::shared::url())
        .prefix(jobqueue_tests::names::queue("d"))
        .codec(jobqueue::Codec::Json);
    let client = builder.connect().await.expect("connected");
    let text = r#"{"id":1200043000000000000000001,"price":1.10}"#;
    let raw: Box<serde_json::value::RawValue> = serde_json::from_str(text).expect("JSON");
    let job = client.queue("mails").expect("a name").add("x", &raw).await.expect("added");
    let builder = Dashboard::builder(client.clone());
    let site = Site::of(client, builder.authentication(Authentication::open_on_loopback()));
    let page = site.page(&format!("/q/mails/job/{}", job.id())).await;
    assert!(page.contains(">1200043000000000000000001<") && page.contains(">1.10<"), "{page}");
    let data = site.page(&format!("/q/mails/job/{}.json", job.id())).await;
    assert!(data.contains(text), "{data}");
}

#[tokio::test]
async fn large_payloads_are_shown_only_if_asked_for() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    let job = queue.add("x", &json!({"big": "a".repeat(70_000)})).await.expect("added");
    let path = format!("/q/mails/job/{}", job.id());
    let page = site.page(&path).await;
    assert!(page.len() < 20_000 && page.contains("Show all of it"), "{}", page.len());
    assert!(site.page(&format!("{path}?payload=all")).await.len() > 70_000);
}

#[tokio::test]
async fn workers_say_who_they_are_and_what_they_run() {
    let site = Site::open().await;
    assert!(site.page("/workers").await.contains("No worker is there"));
    let worker = site.worker();
    let page = eventually("a worker", async || {
        let page = site.page("/workers").await;
        page.contains("mails").then_some(page)
    });
    let page = page.await;
    assert!(page.contains(&format!(":{}", std::process::id())) && page.contains("send"), "{page}");
    worker.stop().await;
}

#[tokio::test]
async fn topics_show_their_bindings_and_lag() {
    let site = Site::open().await;
    let topic = site.client.topic("orders").expect("a name");
    topic.bind("mails", "order.*").await.expect("bound");
    assert!(site.page("/topics").await.contains("/topics/orders"));
    let page = site.page("/topics/orders").await;
    assert!(page.contains("order.*") && page.contains("/q/mails"), "{page}");
    assert_eq!(site.get("/topics/orders.json").await.json()["bindings"][0]["pattern"], "order.*");
}

#[tokio::test]
async fn limits_and_throttles_stand_at_a_queues_name() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    queue.create().await.expect("made");
    let rate = Rate::new(10, Duration::from_secs(60));
    queue.set_limits().rate(rate).max_active(3).await.expect("set");
    let page = site.page("/q/mails").await;
    assert!(page.contains("10 per 1 min") && page.contains("at most 3 active"), "{page}");
}

#[tokio::test]
async fn names_are_encoded_in_addresses_and_can_look_like_data() {
    let site = Site::open().await;
    for name in ["a:b", "notes.json"] {
        site.client.queue(name).expect("a name").add("x", &1).await.expect("added");
    }
    let page = site.page("/").await;
    assert!(page.contains("/q/a%3Ab") && page.contains("/q/notes%2Ejson"), "{page}");
    assert!(site.page("/q/notes%2Ejson").await.contains("<h1>notes.json</h1>"));
    assert_eq!(site.get("/q/notes%2Ejson.json").await.json()["stats"]["queue"], "notes.json");
    assert!(site.page("/q/a%3Ab/waiting").await.contains("<h1>a:b</h1>"));
}

#[tokio::test]
async fn it_works_behind_a_path_and_a_proxy_that_is_trusted() {
    let client = client().await;
    let dashboard = |trusted: bool| {
        let builder =
            Dashboard::builder(client.clone()).authentication(Authentication::hook(|_| async {
                Some(jobqueue_dashboard::Person::new("x").may(jobqueue_dashboard::Role::Admin, "*"))
            }));
        if trusted { builder.trusted_proxy([127, 0, 0, 1].into()) } else { builder }
    };
    client.queue("mails").expect("a name").add("x", &1).await.expect("added");
    let mut site = Site::of(client.clone(), dashboard(true));
    let inner = site.router.clone();
    site.router = Router::new().nest("/tools/jobs", inner.clone());
    assert!(site.page("/tools/jobs").await.contains("href=\"/tools/jobs/q/mails\""));
    assert!(
        site.page("/tools/jobs/q/mails").await.contains("class=\"brand\" href=\"/tools/jobs\"")
    );
    site.router = Router::new().nest_service("/tools/jobs", inner);
    for path in ["/tools/jobs/", "/tools/jobs"] {
        let page = site.page(path).await;
        assert!(page.contains("href=\"/tools/jobs/q/mails\""), "{page}");
        assert!(!page.contains("href=\"/q/"), "{page}");
    }
    let style = site.page("/tools/jobs/").await;
    let style = style.split('"').find(|it| it.ends_with("style.css")).expect("a style").to_owned();
    assert_eq!(site.get(&style).await.status, 200);
    assert!(site.page("/tools/jobs/q/mails").await.contains("/tools/jobs/live/q/mails/waiting"));
    let paused = site.post("/tools/jobs/do/pause", &[("queue", "mails")]).await;
    assert_eq!(paused.header("location"), "/tools/jobs/q/mails");
    let missing = site.get("/tools/jobs/nothing").await;
    assert!(
        missing.status == 404 && missing.body.contains("href=\"/tools/jobs\""),
        "{}",
        missing.body
    );

    let behind = site.with("x-forwarded-prefix", "/intern/");
    assert!(behind.page("/tools/jobs/").await.contains("href=\"/intern/tools/jobs/q/mails\""));
    for wrong in ["//evil.example", "\"><script>", "https://evil.example"] {
        let page = site.with("x-forwarded-prefix", wrong).page("/tools/jobs/").await;
        assert!(page.contains("href=\"/tools/jobs/q/mails\""), "{page}");
    }
    let distrusting = Site::of(client.clone(), dashboard(false));
    let page = distrusting.with("x-forwarded-prefix", "/intern").page("/").await;
    assert!(!page.contains("/intern"), "{page}");
}

#[tokio::test]
async fn the_theme_is_kept_in_a_cookie_and_leads_to_no_other_site() {
    let site = Site::open().await;
    assert!(site.page("/").await.contains("data-theme=\"system\""));
    let answer = site.post("/theme", &[("theme", "dark"), ("back", "/q/mails?n=20")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/q/mails?n=20"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("jobqueue_theme=dark; Path=/;") && cookie.contains("SameSite=Lax"));
    let dark = site.with("cookie", "a=b; jobqueue_theme=dark").page("/").await;
    assert!(dark.contains("data-theme=\"dark\""));
    for back in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let answer = site.post("/theme", &[("theme", "dark"), ("back", back)]).await;
        assert_eq!(answer.header("location"), "/", "{back}");
    }
    assert_eq!(site.post("/theme", &[("theme", "pink")]).await.status, 400);
}

#[job(queue = "leaves", attempts = 1)]
async fn leaf(n: u32) -> Result<u32, std::io::Error> {
    if n == 3 { Err(std::io::Error::other("three")) } else { Ok(n) }
}

#[job(queue = "roots")]
async fn root(_title: String) {}

#[tokio::test]
async fn a_flow_is_drawn_and_told_in_a_table() {
    let site = Site::open().await;
    assert!(site.page("/flows").await.contains("No flow is kept"));
    let flow = Flow::new("report");
    let evil = flow.node(leaf, 1).named("a<b>");
    let leaves = flow.all(leaf, 2..=3);
    let end = flow.node(root, "x".to_owned()).waits_for(&evil).waits_for(&leaves);
    site.client.start(flow, end).await.expect("started");
    let list = site.page("/flows").await;
    assert!(list.contains("/flows/roots/report") && list.contains("0 of 4"), "{list}");
    let page = site.page("/flows/roots/report").await;
    assert!(page.contains("<svg") && page.contains("(root)"), "{page}");
    assert!(page.contains("a&lt;b&gt;") && !page.contains("a<b>"), "{page}");
    assert!(page.contains("nobody serves its queue"), "{page}");
    let leaves = site.client.queue("leaves").expect("a name").jobs(jobqueue::JobState::Waiting);
    let id = leaves.ids(0, 1).await.expect("read").remove(0);
    let path = format!("/q/leaves/job/{}", id.as_str().replace('@', "%40"));
    let job = site.page(&path).await;
    assert!(job.contains("<dt>Flow</dt>") && job.contains("href=\"/flows/roots/report\""), "{job}");
    let job = site.get(&format!("{path}.json")).await.json();
    assert_eq!((&job["flow"]["home"], &job["flow"]["id"]), (&json!("roots"), &json!("report")));
    let data = site.get("/flows/roots/report.json").await.json();
    assert_eq!(data["graph"]["nodes"].as_array().expect("nodes").len(), 3);

    let worker = Worker::builder(&site.client).handler(leaf).build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending()));
    let failed = eventually("it to fail", async || {
        let page = site.page("/flows/roots/report").await;
        page.contains("/do/retry-flow").then_some(page)
    });
    assert!(failed.await.contains("Failed by"));
    handle.stop(Duration::ZERO);
    running.await.expect("no panic").expect("no error");
    let form = [("queue", "roots"), ("id", "report")];
    let again = site.post("/do/retry-flow", &form).await;
    assert_eq!((again.status.as_u16(), again.header("location")), (303, "/flows/roots/report"));
    assert!(site.page("/flows/roots/report").await.contains("/do/cancel-flow"));
    assert_eq!(site.post("/do/cancel-flow", &form).await.status, 303);
}
