//! A dashboard of its own for each test, and somebody who asks it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request, StatusCode, header},
};
use jobqueue::{Client, Retain, Worker, WorkerHandle, job};
use jobqueue_dashboard::{Authentication, Dashboard, DashboardBuilder, Person, Role, Thresholds};
use jobqueue_tests::{names, shared, wait::eventually};
use serde_json::Value;
use tower::ServiceExt as _;

/// What no page may have as it is: it would run.
pub(crate) const EVIL: &str = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>";

#[job(
    queue = "mails",
    retain_failed = Retain::count(100),
    retain = Retain::count(100),
    attempts = 1
)]
pub(crate) async fn send(payload: Value) -> Result<Value, std::io::Error> {
    match payload.get("fail").and_then(Value::as_str) {
        Some(words) => Err(std::io::Error::other(words.to_owned())),
        None => Ok(payload),
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A dashboard, and what it looks at.
pub(crate) struct Site {
    pub(crate) client: Client,
    pub(crate) router: Router,
    pub(crate) peer: IpAddr,
    pub(crate) headers: Vec<(String, String)>,
}

/// Whatever waits without a worker is a finding.
fn strict() -> Thresholds {
    let mut thresholds = Thresholds::default();
    thresholds.unserved = Duration::from_millis(1);
    thresholds
}

/// A client with keys of its own.
pub(crate) async fn client() -> Client {
    let builder = Client::builder(shared::url()).prefix(names::queue("d"));
    builder.connect().await.expect("the server is there")
}

impl Site {
    /// Open to this machine.
    pub(crate) async fn open() -> Self {
        let client = client().await;
        let builder = Dashboard::builder(client.clone());
        Self::of(client, builder.authentication(Authentication::open_on_loopback()))
    }

    /// Open to this machine, where a queue needs a look as soon as a job waits without a worker.
    pub(crate) async fn strict() -> Self {
        let client = client().await;
        let builder = Dashboard::builder(client.clone()).thresholds(strict());
        Self::of(client, builder.authentication(Authentication::open_on_loopback()))
    }

    /// With a viewer, an operator of `mails`, and an admin; as strict.
    pub(crate) async fn with_people() -> Self {
        let client = client().await;
        let people = [
            (Person::new("vic").may(Role::Viewer, "*"), "vics-secret".to_owned()),
            (
                Person::new("olga").may(Role::Viewer, "*").may(Role::Operator, "mails*"),
                "olgas-secret".to_owned(),
            ),
            (Person::new("ann").may(Role::Admin, "*"), "anns-secret".to_owned()),
            (Person::new("nora").may(Role::Admin, "other*"), "noras-secret".to_owned()),
        ];
        let builder = Dashboard::builder(client.clone()).thresholds(strict());
        Self::of(client, builder.authentication(Authentication::basic(people)))
    }

    pub(crate) fn of(client: Client, builder: DashboardBuilder) -> Self {
        let router = builder.build().expect("a sound dashboard").router();
        let headers = vec![
            ("host".to_owned(), "localhost:9000".to_owned()),
            ("sec-fetch-site".to_owned(), "same-origin".to_owned()),
        ];
        Self { client, router, peer: [127, 0, 0, 1].into(), headers }
    }

    /// The same, as somebody.
    pub(crate) fn by(&self, name: &str) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let secret = STANDARD.encode(format!("{name}:{name}s-secret"));
        self.with("authorization", &format!("Basic {secret}"))
    }

    /// The same, with another header.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| known != name);
        headers.push((name.to_owned(), value.to_owned()));
        let Self { client, router, peer, .. } = self;
        Self { client: client.clone(), router: router.clone(), peer: *peer, headers }
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        let mut site = self.with(name, "");
        site.headers.retain(|(known, _)| known != name);
        site
    }

    pub(crate) async fn respond(&self, request: Request<Body>) -> axum::response::Response {
        let mut request = request;
        for (name, value) in &self.headers {
            request.headers_mut().insert(
                name.parse::<header::HeaderName>().expect("a name"),
                value.parse().expect("a value"),
            );
        }
        let address = SocketAddr::new(self.peer, 40_000);
        request.extensions_mut().insert(ConnectInfo(address));
        self.router.clone().oneshot(request).await.expect("an answer")
    }

    async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.respond(request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), 8 << 20).await.expect("a body");
        Answer { status, headers, body: String::from_utf8(bytes.to_vec()).expect("text") }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// A page that is there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let form = serde_urlencoded::to_string(form).expect("a form");
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form));
        self.ask(request.expect("a request")).await
    }

    /// A job that failed with these words.
    pub(crate) async fn failed(&self, payload: Value) -> String {
        let worker = self.worker();
        let job = self.client.add(send, payload).await.expect("added");
        job.result().await.expect_err("it fails");
        worker.stop().await;
        job.id().to_string()
    }

    /// A worker of `mails` that runs until it is stopped.
    pub(crate) fn worker(&self) -> Running {
        let worker = Worker::builder(&self.client).handler(send).build().expect("sound");
        let handle = worker.handle();
        let task = tokio::spawn(worker.run_until(std::future::pending()));
        Running { handle, task }
    }

    /// The state of a job, once it is this one.
    pub(crate) async fn becomes(&self, id: &str, state: jobqueue::JobState) {
        let job = self
            .client
            .queue("mails")
            .expect("a name")
            .job(id.parse::<jobqueue::JobId>().expect("an id"));
        eventually("a state", async || job.state().await.expect("read") == Some(state)).await;
    }
}

/// A worker that runs.
pub(crate) struct Running {
    handle: WorkerHandle,
    task: tokio::task::JoinHandle<jobqueue::Result<()>>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.handle.stop(Duration::ZERO);
        self.task.await.expect("no panic").expect("no error");
    }
}
