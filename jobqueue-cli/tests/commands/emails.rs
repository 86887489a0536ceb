//! A queue with jobs in every state but `active`.

use jobqueue::{
    Client, Context, DurationExt as _, Failure, JobId, Worker, WorkerBuilder,
    dead_letter::DeadLetter, job, types::Value,
};
use jobqueue_tests::wait::eventually;

#[job(queue = "emails", attempts = 2, backoff = fixed("1ms"), retain = all, retain_failed = all)]
async fn send(mail: Value, ctx: Context) -> Result<String, Failure> {
    ctx.log("on its way").await.map_err(|error| Failure::permanent(error.to_string()))?;
    match mail["to"].as_str() {
        Some("nobody") => Err(Failure::permanent("no mailbox\u{1b}[31m for nobody")),
        Some(to) => Ok(format!("sent to {to}")),
        None => Err(Failure::permanent("no address")),
    }
}

/// Ids of jobs, by their states.
pub(crate) struct Emails {
    pub(crate) completed: JobId,
    pub(crate) failed: JobId,
    pub(crate) waiting: JobId,
    pub(crate) delayed: JobId,
    pub(crate) cancelled: JobId,
}

pub(crate) async fn fill(client: &Client) -> Emails {
    let queue = client.queue("emails").expect("a name");
    let mail = |to: &str| serde_json::json!({"to": to, "customer": 4711});
    let completed = client.add(send, mail("ann")).await.expect("added");
    let failed = client.add(send, mail("nobody")).tag("vip").await.expect("added");
    work(Worker::builder(client).handler(send), async || {
        let counts = queue.counts().await.expect("counts");
        (counts.completed, counts.failed) == (1, 1)
    })
    .await;
    let waiting = client.add(send, mail("bob")).priority(-3).await.expect("added");
    let delayed = client.add(send, mail("eve")).delay(1.hours()).await.expect("added");
    let cancelled = client.add(send, mail("dan")).await.expect("added");
    cancelled.cancel().by("ops").reason("not any more").await.expect("cancelled");
    Emails {
        completed: completed.id().clone(),
        failed: failed.id().clone(),
        waiting: waiting.id().clone(),
        delayed: delayed.id().clone(),
        cancelled: cancelled.id().clone(),
    }
}

/// Works until something holds.
async fn work(worker: WorkerBuilder, done: impl AsyncFnMut() -> bool) {
    let worker = worker.build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending::<()>()));
    eventually("the jobs to end", done).await;
    handle.stop(5.seconds());
    running.await.expect("no panic").expect("no error");
}

/// Adds mails, which are sent at once, until something holds.
pub(crate) async fn traffic(client: &Client, mut until: impl AsyncFnMut() -> bool) {
    work(Worker::builder(client).handler(send), async || {
        for n in 0..4 {
            let mail = serde_json::json!({"to": "bob", "order": n});
            client.add(send, mail).await.expect("added");
        }
        until().await
    })
    .await;
}

#[job(queue = "bills", attempts = 1)]
async fn charge(bill: Value) -> Result<(), Failure> {
    Err(Failure::permanent(format!("card\u{1b}[31m declined: {bill}")))
}

/// A job that failed for good, and waits in `dead`.
pub(crate) async fn letter(client: &Client) -> JobId {
    let bills = client.queue("bills").expect("a name");
    bills.set_limits().dead_letter("dead").await.expect("set");
    client.add(charge, serde_json::json!({"to": "nobody"})).await.expect("added");
    let dead = client.dead_letters("dead").expect("a name");
    let worker = Worker::builder(client).handler(charge);
    work(worker, async || dead.count().await.expect("a count") == 1).await;
    let (id, _): (JobId, DeadLetter) = dead.page(0, 1).await.expect("a page").remove(0);
    id
}
