//! The programs that users write first, with the public API alone.

use jobqueue::{
    DurationExt, Error, Failure, JobId, JobState, Rate, State, Worker,
    dead_letter::DeadLetter,
    error::Refused,
    event::{EventId, EventKind},
    job,
    types::Value,
};

use crate::support::{Running, client, worker};

#[derive(Clone)]
struct Tax(u64);

#[job(queue = "prices")]
async fn price(net: u64, tax: State<Tax>) -> u64 {
    net + net * tax.0.0 / 100
}

#[tokio::test(flavor = "multi_thread")]
async fn add_and_await() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(price).state(Tax(25)));
    let job = client.add(price, 100).priority(-1).await.expect("added");
    assert_eq!(job.result().await.expect("a price"), 125);
    // The same job, by its id alone, as another program sees it.
    let queue = client.queue("prices").expect("a good name");
    let same = queue.job(job.id()).typed::<u64>();
    assert_eq!(same.result().await.expect("a price"), 125);
    let json = serde_json::to_value(same.info().await.expect("kept")).expect("json");
    assert_eq!(json["outcome"]["result"], 125);
    assert_eq!((&json["state"], &json["record"]["payload"]), (&"completed".into(), &100.into()));
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, dead_letter = "orders-dlq")]
async fn ship(order: u64, even: State<bool>) -> Result<u64, Failure> {
    match even.0 && order % 2 == 1 {
        true => Err(Failure::permanent(format!("order {order} has no address"))),
        false => Ok(order),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn inspect_and_retry_failed_jobs() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship).state(true));
    let jobs = client.add_all(ship, 0..4).await.expect("added");
    for job in &jobs {
        let _ = job.result().await;
    }
    running.stop().await;
    let orders = client.queue("orders").expect("a good name");
    let failed = orders.jobs(JobState::Failed).newest_first().page(0, 10).await.expect("read");
    let payloads: Vec<u64> = failed.iter().map(|job| job.payload().expect("a number")).collect();
    assert_eq!(payloads.len(), 2, "{payloads:?}");

    let [one, other] = &failed[..] else { panic!("two have failed") };
    assert_eq!(one.record.name, "ship");
    orders.job(&one.id).remove().await.expect("removed");
    let gone = orders.job(&one.id).retry().await.expect_err("it is gone");
    assert!(matches!(gone, Error::Refused(Refused::NotFound { id, .. }) if id == one.id));
    // It comes back from where its dead letter waits, and from nowhere else.
    let there = orders.job(&other.id).retry().await.expect_err("it went to the dead letters");
    assert!(matches!(there, Error::Refused(Refused::DeadLettered { .. })), "{there}");
    assert_eq!(orders.retry_failed().await.expect("none"), 0);
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    let letter = dead.redrive().filter(|it| it.id == other.id);
    assert_eq!(letter.await.expect("it waits again"), 1);

    let running = Running::start(worker(&client).handler(ship).state(false));
    let retried = orders.job(&other.id).typed::<u64>().result().await.expect("it ships");
    assert_eq!(Ok(retried), other.payload());
    running.stop().await;

    let mut events = orders.events_after(&EventId::beginning());
    let first = events.next().await.expect("endless").expect("readable");
    assert_eq!(first.kind, EventKind::Added);
    assert!(first.jobs.contains(jobs[0].id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_and_redrive() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship).state(true));
    client.add_all(ship, 0..8).await.expect("added");
    let dead = client.dead_letters("orders-dlq").expect("a good name");
    let mut alerts = dead.length_alerts(4);
    assert_eq!(alerts.next().await.expect("endless").expect("counted"), 4);
    running.stop().await;

    let page = dead.page(0, 10).await.expect("read");
    let ids: Vec<&JobId> = page.iter().map(|(id, _)| id).collect();
    let order = |it: &DeadLetter| it.payload::<u64>().expect("a number");
    assert!(page.iter().all(|(_, it)| it.queue == "orders" && order(it) % 2 == 1));

    dead.edit(ids[0], &100_u64).await.expect("edited");
    let edited = dead.get(ids[0]).await.expect("read").expect("it is there");
    assert_eq!(order(&edited), 100);
    // By ids and by a filter: of the first two only the edited one is even.
    let even = dead.redrive().ids(ids[..2].to_vec()).filter(|it| order(it).is_multiple_of(2));
    assert_eq!(even.await.expect("sent back"), 1);
    let paced = dead.redrive().rate(Rate::new(100, 1.seconds()));
    assert_eq!(paced.await.expect("sent back"), 3);
    assert_eq!(dead.count().await.expect("counted"), 0);

    let running = Running::start(worker(&client).handler(ship).state(false));
    let orders = client.queue(page[0].1.queue.clone()).expect("a good name");
    let shipped = orders.job(&page[0].1.id).typed::<u64>().result().await.expect("it ships");
    assert_eq!(shipped, 100);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn receive_by_hand() {
    let client = client().await;
    let orders = client.queue("parcels").expect("a good name");
    let added = orders.add("parcel", &[1, 2]).await.expect("added");
    for job in orders.receive(10, 20.seconds()).await.expect("received") {
        assert_eq!(job.payload::<[u8; 2]>(), Ok([1, 2]));
        job.complete_with("done").await.expect("acknowledged");
    }
    assert_eq!(added.result().await.expect("a result"), Value::from("done"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_tells_what_it_lacks() {
    let client = client().await;
    let error = Worker::builder(&client).handler(ship).build().expect_err("no state");
    assert!(error.to_string().contains("bool"), "{error}");
}
