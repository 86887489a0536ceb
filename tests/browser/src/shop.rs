//! A small shop: jobs that are done, fail, wait and run, so that each page has something to show.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use jobqueue::{
    Client, Context, DurationExt as _, Failure, Flow, JobId, JobState, Rate, State, Worker,
    WorkerBuilder, job, schedule::Every, types::Value,
};
use jobqueue_tests::wait::eventually;
use serde_json::json;

use crate::Site;

/// Whether the gateway takes charges. It doesn't at first.
#[derive(Clone, Debug, Default)]
pub struct Gateway(Arc<AtomicBool>);

impl Gateway {
    /// From now on it does.
    pub fn open(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_open(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

fn given(payload: &Value, name: &str) -> Option<String> {
    payload.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Sends a mail: writes `log` and `progress` if the payload has them, fails with the words of `fail`,
/// and else returns `result`.
#[job(queue = "mails", attempts = 1, retain = count(1000), retain_failed = count(1000))]
pub async fn send(mail: Value, ctx: Context) -> Result<Value, Failure> {
    let told = |error: jobqueue::Error| Failure::permanent(error.to_string());
    if let Some(line) = given(&mail, "log") {
        ctx.log(line).await.map_err(told)?;
    }
    if let Some(progress) = mail.get("progress") {
        ctx.progress(progress).await.map_err(told)?;
    }
    match given(&mail, "fail") {
        Some(words) => Err(Failure::permanent(words)),
        None => Ok(mail.get("result").cloned().unwrap_or_else(|| json!({"sent": mail["to"]}))),
    }
}

/// Charges an order; the gateway refuses until it is [open](Gateway::open).
#[job(
    queue = "orders",
    attempts = 1,
    retain = count(1000),
    retain_failed = count(1000),
    dead_letter = "orders-dlq"
)]
pub async fn charge(order: Value, gateway: State<Gateway>) -> Result<Value, Failure> {
    if gateway.is_open() {
        return Ok(json!({"charged": order["cents"]}));
    }
    let words = given(&order, "fail").unwrap_or_else(|| "the gateway is closed".to_owned());
    Err(Failure::permanent(words))
}

/// A page of a report. Page 4 isn't there, and page 5 takes until the worker is stopped.
#[job(queue = "pages", attempts = 1)]
pub async fn page(number: u32, ctx: Context) -> Result<u32, Failure> {
    match number {
        4 => Err(Failure::permanent("there is no page 4")),
        5 => {
            let told = |error: jobqueue::Error| Failure::permanent(error.to_string());
            ctx.log("rendering 40 charts").await.map_err(told)?;
            ctx.progress(&json!({"charts": 17, "of": 40})).await.map_err(told)?;
            ctx.cancelled().await;
            Err(Failure::retry("told to stop"))
        }
        _ => Ok(number),
    }
}

/// A report, once its pages are there.
#[job(queue = "reports", retain = count(1000))]
pub async fn report(_title: String) {}

/// A worker of all of them.
pub fn worker(client: &Client, gateway: &Gateway) -> WorkerBuilder {
    let worker = Worker::builder(client).state(gateway.clone()).concurrency(10);
    worker.handler(send).handler(charge).handler(page).handler(report)
}

/// Jobs of the shop, by what they show.
#[derive(Debug)]
pub struct Shop {
    /// It failed, of `mails`.
    pub failed: JobId,
    /// It is delayed, of `mails`.
    pub delayed: JobId,
    /// It runs, of `pages`.
    pub active: JobId,
    /// Dead letters, of `orders-dlq`.
    pub letters: Vec<JobId>,
}

impl Shop {
    /// Every page of the dashboard, with a name for its picture.
    #[must_use]
    pub fn pages(&self) -> Vec<(&'static str, String)> {
        let Self { failed, delayed, active, letters } = self;
        vec![
            ("overview", "/".to_owned()),
            ("queue", "/q/mails/failed".to_owned()),
            ("waiting", "/q/webhooks/waiting".to_owned()),
            ("completed", "/q/mails/completed".to_owned()),
            ("delayed", "/q/mails/delayed".to_owned()),
            ("cancelled", "/q/mails/cancelled".to_owned()),
            ("active", "/q/pages/active".to_owned()),
            ("job", format!("/q/mails/job/{failed}")),
            ("job-active", format!("/q/pages/job/{active}")),
            ("job-delayed", format!("/q/mails/job/{delayed}")),
            ("edit", format!("/q/mails/job/{failed}/edit")),
            ("confirm", "/confirm?verb=remove&queue=mails&state=failed".to_owned()),
            ("search", "/jobs?where=state%3Afailed".to_owned()),
            ("workers", "/workers".to_owned()),
            ("schedules", "/schedules".to_owned()),
            ("schedule", "/schedules/mails/digest".to_owned()),
            ("history", "/history?queue=mails".to_owned()),
            ("doctor", "/doctor".to_owned()),
            ("flows", "/flows".to_owned()),
            ("flow", "/flows/reports/march".to_owned()),
            ("dead", "/dead".to_owned()),
            ("dead-letters", "/dead/orders-dlq".to_owned()),
            ("dead-letter", format!("/dead/orders-dlq/{}", letters[0])),
            ("compare", format!("/dead/orders-dlq/compare?id={}&id={}", letters[0], letters[1])),
            ("topics", "/topics".to_owned()),
            ("topic", "/topics/order-events".to_owned()),
            ("events", "/events?queue=mails".to_owned()),
            ("audit", "/audit".to_owned()),
            ("actions", "/actions".to_owned()),
            ("missing", "/q/nothing".to_owned()),
        ]
    }
}

/// Fills the site with work; the worker goes on.
///
/// # Panics
/// A job doesn't end as it should.
pub async fn fill(site: &Site) -> (Shop, crate::Running) {
    let (client, running) = (&site.client, site.work());
    let failed = mails(client).await;
    orders(client).await;
    report_of(client).await;
    let letters = dead_letters(client, 6).await;
    let pages = client.queue("pages").expect("a name");
    let active = eventually("a page that runs", async || {
        let counts = pages.counts().await.expect("counts");
        let active = pages.jobs(JobState::Active).ids(0, 1).await.expect("read");
        (counts.active == 1 && counts.waiting == 0).then(|| active.into_iter().next()).flatten()
    });
    let active = active.await;
    let delayed = steer(client).await;
    (Shop { failed, delayed, active, letters }, running)
}

/// A report that waits for its charts, and has failed since its appendix isn't there.
async fn report_of(client: &Client) {
    let flow = Flow::new("march");
    let cover = flow.node(page, 1).named("cover");
    let tables = flow.all(page, 2..=3).named("tables");
    let appendix = flow.node(page, 4).named("appendix");
    let charts = flow.node(page, 5).named("charts");
    let bound = flow.node(page, 6).named("bind").waits_for(&cover).waits_for(&tables);
    let bound = bound.waits_for(&charts);
    let end = flow.node(report, "march".to_owned()).waits_for(&bound).waits_for(&appendix);
    client.start(flow, end).await.expect("started");
}

async fn mails(client: &Client) -> JobId {
    for n in 0..40 {
        let to = format!("customer-{n}@example.org");
        client.add(send, json!({"to": to, "about": "your order"})).await.expect("added");
    }
    for (n, name) in ["ann", "bob", "cleo", "dan", "eve", "finn"].iter().enumerate() {
        let to = format!("{name}@example.org");
        client.add(send, json!({"to": to, "order": 1_200 + n})).await.expect("added");
        if n % 2 == 0 {
            let fail = format!("connection {n} to smtp.example.org timed out");
            client.add(send, json!({"to": to, "fail": fail})).await.expect("added");
        }
    }
    let mail = json!({
        "to": "grete",
        "customer": {"id": 4711, "name": "Grete Minde", "vip": true},
        "lines": [{"sku": "lamp-3", "cents": 4_900}, {"sku": "bulb", "cents": 350}],
        "log": "looking up the mailbox",
        "fail": "`grete` is no address: it has no @",
    });
    let failed = client.add(send, mail).tag("customer:4711").header("region", "eu").await;
    let failed = failed.expect("added");
    failed.result().await.expect_err("it fails");
    failed.id().clone()
}

async fn orders(client: &Client) {
    for (n, fail) in ["card of order 7 declined", "card of order 9 declined", "the gateway is busy"]
        .into_iter()
        .cycle()
        .take(6)
        .enumerate()
    {
        let order = json!({"order": 7 + n, "cents": 1_999, "fail": fail});
        client.add(charge, order).await.expect("added");
    }
}

/// The dead letters, once there are so many.
///
/// # Panics
/// They don't become so many.
pub async fn dead_letters(client: &Client, count: u64) -> Vec<JobId> {
    let letters = client.dead_letters("orders-dlq").expect("a name");
    eventually("the dead letters", async || letters.count().await.is_ok_and(|now| now >= count))
        .await;
    letters.page(0, count).await.expect("a page").into_iter().map(|(id, _)| id).collect()
}

/// What operators and deploys do: limits, schedules, topics, and a queue without a worker.
async fn steer(client: &Client) -> JobId {
    let queue = |name: &str| client.queue(name).expect("a name");
    let later = json!({"to": "ann@example.org", "about": "how was it?"});
    let delayed = client.add(send, later).delay(2.days()).await.expect("added");
    let rate = Rate::new(50, 1.seconds());
    queue("mails").set_limits().rate(rate).await.expect("set");
    let schedules = queue("mails").schedules();
    schedules
        .add("digest", Every::new(6.hours()), "send", &json!({"to": "all"}))
        .await
        .expect("added");
    let backup = queue("reports").schedules();
    backup.add("monthly", Every::new(30.days()), "report", &json!("month")).await.expect("added");
    let topic = client.topic("order-events").expect("a name");
    topic.bind("mails", "order.paid").await.expect("bound");
    topic.bind("webhooks", "order.*").await.expect("bound");
    for n in 0..9 {
        let event = json!({"order": 1_200 + n});
        client.publish("order-events", "order.shipped", event).await.expect("published");
    }
    topic.flush().await.expect("delivered");
    let olga = client.acting_as("olga");
    let webhooks = olga.queue("webhooks").expect("a name");
    webhooks.pause().await.expect("paused");
    webhooks.resume().await.expect("resumed");
    olga.queue("reports").expect("a name").pause().await.expect("paused");
    delayed.id().clone()
}
