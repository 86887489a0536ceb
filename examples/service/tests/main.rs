//! The service as its users meet it: requests in, jobs done, pages to look at.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use jobqueue::Client;
use jobqueue_service::{jobs, service, settings::Settings};
use jobqueue_tests::{names, shared, wait::eventually};
use serde_json::{Value, json};
use tower::ServiceExt as _;

struct Rig {
    client: Client,
    router: Router,
}

impl Rig {
    async fn new() -> Self {
        let builder = Client::builder(shared::url()).prefix(names::queue("s"));
        let client = builder.connect().await.expect("the server is there");
        let settings = Settings {
            redis_url: shared::url().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            monitor_listen: ([127, 0, 0, 1], 0).into(),
            admin_password: Some("a password of a test".to_owned()),
            concurrency: 4,
            traffic: false,
        };
        let router = service::router(&client, &settings).expect("a sound service");
        Self { client, router }
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, Value) {
        let answer = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, body) = (answer.status(), answer.into_body());
        let bytes = to_bytes(body, 1 << 20).await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn post(&self, path: &str, key: Option<&str>, body: Value) -> (StatusCode, Value) {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.ask(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Request::get(path).body(Body::empty()).expect("a request")).await
    }
}

#[tokio::test]
async fn an_order_is_taken_once_paid_and_done() {
    let rig = Rig::new().await;
    let order = json!({ "customer": "ann@example.org", "cents": 1_200 });
    for existed in [false, true] {
        let (status, taken) = rig.post("/orders", Some("order-1"), order.clone()).await;
        assert_eq!(status, StatusCode::ACCEPTED);
        assert_eq!(taken, json!({ "id": "order-1", "existed": existed }));
    }
    let worker = jobs::worker(&rig.client).build().expect("a sound worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let paid = rig.post("/orders/order-1/paid", None, json!({ "when": "today" })).await;
    assert_eq!(paid.0, StatusCode::NO_CONTENT);
    let done = eventually("the order to be done", async || {
        let (status, progress) = rig.get("/orders/order-1").await;
        assert_eq!(status, StatusCode::OK);
        (progress["state"] == "completed").then_some(progress)
    })
    .await;
    assert_eq!(done["receipt"]["paid"], "today");
    handle.stop(std::time::Duration::from_secs(5));
    running.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn an_order_that_is_declined_says_why_and_is_a_dead_letter() {
    let rig = Rig::new().await;
    let order = json!({ "customer": "bob@example.org", "cents": 1_213 });
    rig.post("/orders", Some("order-2"), order).await;
    let worker = jobs::worker(&rig.client).build().expect("a sound worker");
    let (handle, running) =
        (worker.handle(), tokio::spawn(worker.run_until(std::future::pending())));
    let letters = rig.client.dead_letters("orders-dlq").expect("a good name");
    eventually("the dead letter", async || letters.count().await.expect("counted") == 1).await;
    let letter = letters.page(0, 1).await.expect("read").remove(0).1;
    assert!(letter.failure.to_string().contains("declined"), "{}", letter.failure);
    handle.stop(std::time::Duration::from_secs(5));
    running.await.expect("no panic").expect("a clean end");
}

#[tokio::test]
async fn what_cannot_be_done_is_said() {
    let rig = Rig::new().await;
    let nothing = json!({ "customer": "ann@example.org", "cents": 0 });
    let (status, problem) = rig.post("/orders", None, nothing).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem["error"], "an order of nothing: give `cents`");
    assert_eq!(rig.get("/orders/nobody").await.0, StatusCode::NOT_FOUND);
    let unknown = rig.post("/orders/nobody/paid", None, json!({ "when": "now" })).await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_dashboard_is_under_jobs_and_asks_who_is_there() {
    let rig = Rig::new().await;
    assert_eq!(rig.get("/jobs").await.0, StatusCode::UNAUTHORIZED);
}
