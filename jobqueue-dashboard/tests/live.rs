//! What browsers hear, and what that costs Redis.

use axum::{
    body::{Body, BodyDataStream},
    http::Request,
};
use futures_util::StreamExt as _;
use jobqueue_tests::{
    commands::counted,
    wait::{LIMIT, eventually},
};
use serde_json::json;

use crate::site::Site;

/// A browser that listens.
struct Listener {
    body: BodyDataStream,
    heard: String,
}

impl Listener {
    async fn at(site: &Site, path: &str) -> Self {
        let response =
            site.respond(Request::get(path).body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        assert!(response.headers().contains_key("content-security-policy"));
        Self { body: response.into_body().into_data_stream(), heard: String::new() }
    }

    /// Listens until it has heard this.
    async fn hears(&mut self, text: &str) {
        let listen = async {
            while !self.heard.contains(text) {
                let part = self.body.next().await.expect("it goes on").expect("no error");
                self.heard.push_str(&String::from_utf8_lossy(&part));
            }
        };
        let heard = tokio::time::timeout(LIMIT, listen).await;
        assert!(heard.is_ok(), "never heard {text}: {}", self.heard);
    }
}

#[tokio::test]
async fn a_queues_page_hears_of_new_jobs() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    queue.create().await.expect("made");
    assert!(site.page("/q/mails/waiting").await.contains("data-live=\"/live/q/mails/waiting\""));
    let mut listener = Listener::at(&site, "/live/q/mails/waiting").await;
    listener.hears("event: hello").await;
    // Browsers drop events without data.
    listener.hears("\ndata: -\n").await;
    let job = queue.add("greet", &json!({"password": "hunter2"})).await.expect("added");
    listener.hears(&format!("id=\"j-{}\"", job.id())).await;
    assert!(listener.heard.contains("event: part") && !listener.heard.contains("hunter2"));
    listener.hears("<b>1</b>").await;
}

#[tokio::test]
async fn a_job_page_hears_of_its_end() {
    let site = Site::open().await;
    let job =
        site.client.add(crate::site::send, json!({"fail": "smtp <is> down"})).await.expect("added");
    let mut listener = Listener::at(&site, &format!("/live/q/mails/job/{}", job.id())).await;
    listener.hears("waiting").await;
    let worker = site.worker();
    listener.hears("smtp &lt;is&gt; down").await;
    worker.stop().await;
}

#[tokio::test]
async fn the_overview_tells_each_of_the_queues_that_they_see() {
    let site = Site::with_people().await;
    for name in ["mails", "other-1"] {
        site.client.queue(name).expect("a name").create().await.expect("made");
    }
    let mut nora = Listener::at(&site.by("nora"), "/live/overview").await;
    let mut vic = Listener::at(&site.by("vic"), "/live/overview").await;
    vic.hears("id=\"q-mails\"").await;
    nora.hears("id=\"q-other-1\"").await;
    site.client.queue("other-1").expect("a name").add("x", &1).await.expect("added");
    nora.hears("href=\"/q/other-1/waiting\">1</a>").await;
    assert!(!nora.heard.contains("mails"), "{}", nora.heard);
}

#[tokio::test]
async fn who_has_missed_frames_is_told_to_load_anew() {
    let site = Site::open().await;
    site.client.queue("mails").expect("a name").create().await.expect("made");
    let mut first = Listener::at(&site, "/live/q/mails/waiting").await;
    first.hears("event: part").await;
    let mut behind =
        Listener::at(&site.with("last-event-id", "another-7"), "/live/q/mails/waiting").await;
    behind.hears("event: reload").await;
}

#[tokio::test]
async fn events_of_a_queue_come_as_they_happen() {
    let site = Site::open().await;
    let queue = site.client.queue("mails").expect("a name");
    queue.create().await.expect("made");
    assert!(
        site.page("/events?queue=mails").await.contains("data-live=\"/live/events?queue=mails\"")
    );
    let mut listener = Listener::at(&site, "/live/events?queue=mails").await;
    listener.hears("event: hello").await;
    // The stream begins when it is first polled: what comes then is heard.
    let adds = async {
        loop {
            queue.add("x", &1).await.expect("added");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = listener.hears("event: event") => {}
        () = adds => {}
    }
    assert!(listener.heard.contains("data: added"), "{}", listener.heard);
}

#[tokio::test]
async fn a_hundred_watchers_cost_what_one_costs_and_nobody_costs_nothing() {
    let server = jobqueue_tests::server::RedisServer::start();
    let client = jobqueue::Client::builder(&server.url()).connect().await.expect("connected");
    for n in 0..5 {
        client.queue(format!("q{n}")).expect("a name").create().await.expect("made");
    }
    let builder = jobqueue_dashboard::Dashboard::builder(client.clone());
    let authentication = jobqueue_dashboard::Authentication::open_on_loopback();
    let site = Site::of(client.clone(), builder.authentication(authentication));

    // How many commands it takes until something new is heard of `rounds` times.
    let cost = async |listeners: &mut [Listener], name: &str, rounds: usize| {
        let before = counted(&mut server.connection());
        for round in 0..rounds {
            client.queue(name).expect("a name").add("x", &1).await.expect("added");
            let row = format!("href=\"/q/{name}/waiting\">{}</a>", round + 1);
            for listener in &mut *listeners {
                listener.hears(&row).await;
            }
        }
        counted(&mut server.connection()) - before
    };
    let mut one = vec![Listener::at(&site, "/live/overview").await];
    one[0].hears("q-q0").await;
    let single = cost(&mut one, "q1", 3).await;
    for _ in 1..100 {
        one.push(Listener::at(&site, "/live/overview").await);
    }
    let hundred = cost(&mut one, "q2", 3).await;
    assert!(hundred <= single * 2, "{hundred} commands for a hundred, {single} for one");

    drop(one);
    // The reader ends at its next tick, and then the count stays.
    let mut last = counted(&mut server.connection());
    let mut same = 0;
    eventually("nothing to be read", async || {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let now = counted(&mut server.connection());
        same = if now == last { same + 1 } else { 0 };
        last = now;
        same >= 4
    })
    .await;
}
