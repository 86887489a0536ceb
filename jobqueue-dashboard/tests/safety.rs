//! Who is let in, where changes may come from, and what answers say to browsers.

use jobqueue::JobState;
use jobqueue_dashboard::{
    Authentication, BuildError, Dashboard, Person, Redaction, Role, ServeError,
};
use serde_json::json;

use crate::site::{EVIL, Site, client, send};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self' data:; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

#[tokio::test]
async fn without_authentication_it_is_not_built_or_served_to_others() {
    let builder = Dashboard::builder(client().await);
    assert_eq!(builder.clone().build().err(), Some(BuildError::NoAuthentication));
    let open = builder.authentication(Authentication::open_on_loopback()).build().expect("sound");
    let error = open.serve(([0, 0, 0, 0], 0)).await.expect_err("refused");
    assert!(matches!(error, ServeError::Open { .. }), "{error}");
}

#[tokio::test]
async fn an_open_dashboard_is_for_this_machine_alone() {
    let mut site = Site::open().await;
    assert_eq!(site.get("/").await.status, 200);
    // A page of another site that has its name resolved to this machine.
    assert_eq!(site.with("host", "evil.example:9000").get("/").await.status, 403);
    assert_eq!(site.with("x-forwarded-for", "10.0.0.1").get("/").await.status, 403);
    site.peer = [10, 0, 0, 1].into();
    let answer = site.get("/").await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("only this machine"), "{}", answer.body);
}

#[tokio::test]
async fn basic_asks_for_a_name_and_a_password_and_bearer_for_a_token() {
    let site = Site::with_people().await;
    let stranger = site.get("/").await;
    assert_eq!(stranger.status, 401);
    assert!(stranger.header("www-authenticate").starts_with("Basic "));
    assert!(!stranger.body.contains("anns-secret"));
    assert_eq!(site.by("ann").get("/").await.status, 200);
    assert_eq!(site.with("authorization", "Basic YW5uOm5vcGU=").get("/").await.status, 401);

    let client = client().await;
    let bot = (Person::new("bot").may(Role::Viewer, "*"), "a-long-token".to_owned());
    let builder = Dashboard::builder(client.clone());
    let site = Site::of(client, builder.authentication(Authentication::bearer([bot])));
    assert!(site.get("/").await.header("www-authenticate").starts_with("Bearer "));
    assert_eq!(site.with("authorization", "Bearer a-long-token").get("/").await.status, 200);
    assert_eq!(site.with("authorization", "Bearer a-long-toke").get("/").await.status, 401);
}

#[tokio::test]
async fn a_proxys_header_counts_only_from_that_proxy() {
    let client = client().await;
    let proxy = [10, 0, 0, 2].into();
    let people = Authentication::proxy_header("x-user", [proxy], |name| {
        (name == "ann").then(|| Person::new(name).may(Role::Admin, "*"))
    });
    let mut site = Site::of(client.clone(), Dashboard::builder(client).authentication(people));
    assert_eq!(site.with("x-user", "ann").get("/").await.status, 403);
    site.peer = proxy;
    assert_eq!(site.with("x-user", "ann").get("/").await.status, 200);
    assert_eq!(site.with("x-user", "eve").get("/").await.status, 401);
    assert_eq!(site.get("/").await.status, 401);
}

#[tokio::test]
async fn a_hook_of_the_host_program_decides() {
    let client = client().await;
    let hook = Authentication::hook(|caller| async move {
        let known = caller.header("cookie")?.contains("session=7");
        known.then(|| Person::new("ann").may(Role::Viewer, "*"))
    });
    let builder = Dashboard::builder(client.clone()).authentication(hook).sign_out("/logout");
    let site = Site::of(client, builder);
    assert_eq!(site.get("/").await.status, 401);
    let page = site.with("cookie", "session=7").page("/").await;
    assert!(page.contains("<a href=\"/logout\">Sign out</a>"), "{page}");
    assert!(!Site::open().await.page("/").await.contains("Sign out"));
}

#[tokio::test]
async fn after_ten_wrong_tries_an_address_waits() {
    let mut site = Site::with_people().await;
    for _ in 0..10 {
        assert_eq!(site.with("authorization", "Basic YW5uOm5vcGU=").get("/").await.status, 401);
    }
    let answer = site.by("ann").get("/").await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").parse::<u64>().expect("seconds") <= 61);
    site.peer = [127, 0, 0, 9].into();
    assert_eq!(site.by("ann").get("/").await.status, 200);
}

#[tokio::test]
async fn changes_come_from_our_own_pages() {
    let site = Site::open().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    let form = [("queue", "mails")];
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "none")] {
        let answer = site.with(name, value).post("/do/pause", &form).await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("Sec-Fetch-Site"), "{}", answer.body);
    }
    let old = site.without("sec-fetch-site");
    let answer = old.with("origin", "http://evil.example").post("/do/pause", &form).await;
    assert!(
        answer.status == 403 && answer.body.contains("http://localhost:9000"),
        "{}",
        answer.body
    );
    assert_eq!(old.post("/do/pause", &form).await.status, 403);
    let paused =
        async || site.client.queue("mails").expect("a name").counts().await.expect("read").paused;
    assert!(!paused().await);
    assert_eq!(
        old.with("origin", "http://localhost:9000").post("/do/pause", &form).await.status,
        303
    );
    assert!(paused().await);
}

#[tokio::test]
async fn every_answer_has_the_policy_and_pages_are_not_kept() {
    let site = Site::with_people().await;
    let ann = site.by("ann");
    let style = ann.page("/").await;
    let style = style.split("href=\"").find(|it| it.contains("style.css")).expect("a style");
    let style = style.split('"').next().expect("a path").to_owned();
    for answer in [
        ann.get("/").await,
        ann.get("/nothing").await,
        site.get("/").await,
        ann.get(&style).await,
        ann.get("/index.json").await,
        ann.post("/do/nothing", &[]).await,
    ] {
        assert_eq!(answer.header("content-security-policy"), POLICY);
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
    assert_eq!(ann.get("/").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn what_producers_write_stays_text_everywhere() {
    let site = Site::open().await;
    let payload = json!({"fail": EVIL, EVIL: EVIL, "deep": [EVIL]});
    let worker = site.worker();
    let job = site.client.add(send, payload).header(EVIL_HEADER, EVIL).tag("<b>tag</b>");
    let job = job.await.expect("added");
    job.result().await.expect_err("it fails");
    let queue = site.client.queue("mails").expect("a name");
    let waits = queue.add(EVIL, &json!({"a": EVIL})).await.expect("added");
    worker.stop().await;
    queue.cancel_all([waits.id()]).reason(EVIL).by(EVIL).await.expect("cancelled");
    for path in [
        "/".to_owned(),
        "/q/mails/failed".to_owned(),
        "/q/mails/cancelled".to_owned(),
        format!("/q/mails/job/{}", job.id()),
        format!("/q/mails/job/{}", waits.id()),
        format!("/q/mails/job/{}/edit", job.id()),
        format!("/jobs?where={}", job.id()),
        format!("/confirm?verb=remove&queue=mails&id={}", job.id()),
        "/jobs?where=%3Cimg%20src=x%20onerror=alert(1)%3E".to_owned(),
        "/nothing/%3Cscript%3E".to_owned(),
        "/history?queue=mails".to_owned(),
        "/history?queue=mails&name=%22%3E%3Cscript%3E".to_owned(),
        "/q/mails/failed?where=%22%3E%3Cscript%3E".to_owned(),
        "/dead/mails?where=name:%22%3E%3Cscript%3E".to_owned(),
        "/audit?who=%22%3E%3Cscript%3E".to_owned(),
    ] {
        let body = site.get(&path).await.body;
        for raw in ["<img", "<script>alert", "\"><script>", "<b>tag"] {
            assert!(!body.contains(raw), "{path} has {raw}:\n{body}");
        }
    }
    let page = site.page(&format!("/q/mails/job/{}", job.id())).await;
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"), "{page}");
}

const EVIL_HEADER: &str = "x-<script>";

#[tokio::test]
async fn secrets_are_hidden_in_pages_lists_data_and_searches() {
    let client = client().await;
    let builder = Dashboard::builder(client.clone())
        .authentication(Authentication::open_on_loopback())
        .redaction(Redaction::default().hook(|path| path == ["guest", "name"]));
    let site = Site::of(client, builder);
    let secret = json!({"fail": "x", "password": "hunter2", "guest": {"name": "hunter2"}, "n": 7});
    let id = site.failed(secret).await;
    for path in [
        format!("/q/mails/job/{id}"),
        format!("/q/mails/job/{id}.json"),
        "/q/mails/failed".to_owned(),
        "/q/mails/failed.json".to_owned(),
        format!("/jobs?where={id}"),
        format!("/jobs.json?where={id}"),
        format!("/confirm?verb=retry&queue=mails&id={id}"),
    ] {
        let body = site.page(&path).await;
        assert!(!body.contains("hunter2"), "{path}: {body}");
    }
    let page = site.page(&format!("/q/mails/job/{id}")).await;
    assert!(page.contains("hidden by rule `password`") && page.contains("hidden by rule `hook`"));
    // A search would tell by its answer, and an edit would write what stands for it.
    let search = site.get("/q/mails/failed?where=payload.password%3Dhunter2").await;
    assert_eq!(search.status, 403, "{}", search.body);
    assert_eq!(site.get("/jobs?where=payload.guest.name%3Dhunter2").await.status, 403);
    assert_eq!(site.get(&format!("/q/mails/job/{id}/edit")).await.status, 403);
    let form = [("queue", "mails"), ("state", "failed"), ("where", "payload.password=hunter2")];
    assert_eq!(site.post("/do/retry", &form).await.status, 403);
    site.becomes(&id, JobState::Failed).await;
}

#[tokio::test]
async fn parameters_have_limits() {
    let site = Site::open().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    for path in [
        "/q/mails/waiting?n=200000",
        "/q/mails/waiting?n=0",
        "/q/mails/waiting?after=999999999999",
        "/q/mails/waiting?after=-1",
        "/q/nothing%7B/waiting",
        "/confirm?verb=retry",
        "/confirm?verb=retry&queue=mails",
        "/events?queue=%7B",
        "/q/%FF/waiting",
    ] {
        assert_eq!(site.get(path).await.status, 400, "{path}");
    }
    let data = site.get("/q/%FF/waiting.json").await;
    assert_eq!(data.status, 400);
    assert!(data.json()["error"].is_string(), "{}", data.body);
    let long = format!("/q/mails/waiting?where={}", "a".repeat(2_000));
    assert_eq!(site.get(&long).await.status, 400);
    let longer = format!("/q/mails/waiting?x={}", "a".repeat(40_000));
    assert_eq!(site.get(&longer).await.status, 414);
    let form = [("queue", "mails"), ("payload", &*"a".repeat(3 << 20))];
    assert_eq!(site.post("/do/edit", &form).await.status, 413);
}

#[tokio::test]
async fn wrong_addresses_have_their_statuses() {
    let site = Site::open().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    for (path, status) in [
        ("/nothing", 404),
        ("/q/none", 404),
        ("/q/mails/burning", 404),
        ("/q/mails/job/01J", 404),
        ("/actions/7", 404),
        ("/flows/mails/none", 404),
        ("/topics/none", 404),
        ("/dead/mails/01J", 404),
        ("/do/pause", 405),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.contains("<nav"), "{path}: {}", answer.body);
        let data = site.with("accept", "application/json").get(path).await;
        assert_eq!(data.json()["status"], status, "{path}");
    }
    assert_eq!(site.post("/do/nothing", &[]).await.status, 404);
}

#[tokio::test]
async fn no_server_is_no_panic() {
    let mut server = jobqueue_tests::server::RedisServer::start();
    let builder = jobqueue::Client::builder(&server.url());
    let builder = builder.retry_timeout(std::time::Duration::from_millis(50));
    let client = builder.connect().await.expect("connected");
    let builder = Dashboard::builder(client.clone());
    let site = Site::of(client, builder.authentication(Authentication::open_on_loopback()));
    server.kill();
    for path in [
        "/",
        "/q/mails",
        "/workers",
        "/audit",
        "/topics",
        "/schedules",
        "/history?queue=a",
        "/jobs?where=x",
    ] {
        assert_eq!(site.get(path).await.status, 503, "{path}");
    }
}
