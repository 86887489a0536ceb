//! Jobs that move between queues and states keep what they are: their id, their key, their place
//! and their history. Of two that would be one, neither vanishes.

use std::sync::{Arc, Mutex};

use jobqueue::{
    Client, DurationExt, Error, Failure, JobId, JobState, Queue, State,
    dead_letter::{DeadLetter, DeadLetters},
    error::{FailureReason, Refused},
    job,
    manage::Overflow,
};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
    wait::{at_once, eventually},
};

use crate::support::{Count, Running, client, worker};

/// Fails for good unless the order is 100 or more.
#[job(queue = "orders", attempts = 1, dead_letter = "orders-dlq")]
async fn ship(order: u32, shipped: State<Shipped>) -> Result<(), Failure> {
    if order < 100 {
        return Err(Failure::permanent("no address"));
    }
    shipped.0.0.lock().expect("no panic").push(order);
    Ok(())
}

/// The same without a dead-letter queue.
#[job(queue = "bills", attempts = 1)]
async fn bill(order: u32) -> Result<(), Failure> {
    if order < 100 { Err(Failure::permanent("no address")) } else { Ok(()) }
}

#[derive(Clone, Default)]
struct Shipped(Arc<Mutex<Vec<u32>>>);

impl Shipped {
    fn get(&self) -> Vec<u32> {
        self.0.lock().expect("no panic").clone()
    }
}

/// The queue, paused and with no worker, and its dead letters, as soon as `count` have come of
/// orders that failed.
async fn failed(client: &Client, count: u64) -> (Queue, DeadLetters) {
    let (orders, dead) = (queue(client, "orders"), dead(client));
    dead.wait_for(count).await.expect("they arrive");
    orders.create().await.expect("there");
    orders.pause().await.expect("paused");
    (orders, dead)
}

/// Two clients of one server: one directly, and one by way of a proxy.
async fn connect(url: &str) -> Client {
    Client::connect(url).await.expect("redis is there")
}

fn queue(client: &Client, name: &str) -> Queue {
    client.queue(name).expect("a good name")
}

fn dead(client: &Client) -> DeadLetters {
    client.dead_letters("orders-dlq").expect("a good name")
}

async fn waiting(queue: &Queue) -> Vec<JobId> {
    queue.jobs(JobState::Waiting).ids(0, 100).await.expect("read")
}

#[tokio::test]
async fn of_two_dead_letters_of_one_id_the_second_waits_until_the_first_has_ended() {
    let client = client().await;
    let shipped = Shipped::default();
    let running = Running::start(worker(&client).handler(ship).state(shipped.clone()));
    for count in 1..=2 {
        client.add(ship, 1).id("order-1").await.expect("added");
        dead(&client).wait_for(count).await.expect("it fails");
        queue(&client, "orders")
            .job("order-1".parse::<JobId>().expect("good"))
            .remove()
            .await
            .expect("nothing is left of it there");
    }
    let (orders, dead) = failed(&client, 2).await;
    for (number, (letter, _)) in (100_u32..).zip(dead.page(0, 2).await.expect("read")) {
        dead.edit(letter, &number).await.expect("edited");
    }
    let told = Mutex::new(Vec::new());
    let tell = |id: &JobId, it: &DeadLetter, other: &JobId| {
        told.lock().expect("no panic").push((id.clone(), it.id.clone(), other.clone()));
    };
    assert_eq!(dead.redrive().on_kept(tell).await.expect("sent back"), 1);
    assert_eq!((dead.count().await.expect("counted"), waiting(&orders).await.len()), (1, 1));
    let stays = dead.page(0, 1).await.expect("read").remove(0);
    let told = told.into_inner().expect("no panic");
    assert_eq!(told, [(stays.0, stays.1.id.clone(), stays.1.id)]);
    assert_eq!(dead.redrive().await.expect("none"), 0);

    orders.resume().await.expect("resumed");
    at_once("the first to end", async || shipped.get() == [100]).await;
    eventually("the second to go", async || dead.redrive().await.expect("asked") == 1).await;
    at_once("the second to end", async || shipped.get() == [100, 101]).await;
    running.stop().await;
}

#[tokio::test]
async fn a_dead_letter_stays_while_a_job_of_its_id_waits() {
    let client = client().await;
    let shipped = Shipped::default();
    let running = Running::start(worker(&client).handler(ship).state(shipped.clone()));
    client.add(ship, 1).id("order-1").await.expect("added");
    let (orders, dead) = failed(&client, 1).await;
    let (letter, _) = dead.page(0, 1).await.expect("read").remove(0);
    dead.edit(&letter, &101_u32).await.expect("edited");
    let id: JobId = "order-1".parse().expect("a good id");
    orders.job(&id).remove().await.expect("removed");
    client.add(ship, 200).id("order-1").await.expect("added anew");
    assert_eq!(dead.redrive().ids([&letter]).await.expect("asked"), 0);
    orders.resume().await.expect("resumed");
    at_once("the other to end", async || shipped.get() == [200]).await;
    assert_eq!(dead.redrive().ids([&letter]).await.expect("sent back"), 1);
    at_once("it to come back", async || shipped.get() == [200, 101]).await;
    running.stop().await;
}

#[tokio::test]
async fn jobs_of_one_id_do_not_meet_in_a_dead_letter_queue() {
    let client = client().await;
    for name in ["orders", "bills"] {
        let set = queue(&client, name).set_limits().max_length(0);
        set.overflow(Overflow::DeadLetter).dead_letter("orders-dlq").await.expect("set");
        let job = queue(&client, name).add("any", &1_u8).id("order-42").await.expect("added");
        assert!(job.overflowed());
    }
    let again = queue(&client, "orders").add("any", &2_u8).id("order-42").await.expect("added");
    assert!(again.overflowed());
    let dead = dead(&client);
    assert_eq!(dead.wait_for(3).await.expect("they arrive"), 3);
    let page = dead.page(0, 9).await.expect("read");
    assert!(page.iter().all(|(_, it)| it.id.as_str() == "order-42"));
    // One comes back to each queue, and one must wait.
    assert_eq!(dead.redrive().await.expect("sent back"), 2);
    assert_eq!(dead.count().await.expect("counted"), 1);
}

#[tokio::test]
async fn a_redrive_counts_what_went_although_an_answer_was_lost() {
    let server = RedisServer::start();
    let client = connect(&server.url()).await;
    let running = Running::start(worker(&client).handler(ship).state(Shipped::default()));
    client.add_all(ship, std::iter::repeat_n(1, 300)).await.expect("added");
    let (orders, dead) = failed(&client, 300).await;
    running.stop().await;
    let proxy = Proxy::start(server.address());
    let far = connect(&server.url_through(&proxy)).await;
    let far = far.dead_letters("orders-dlq").expect("a good name");
    let redrive = tokio::spawn(async move { far.redrive().await });
    eventually("some to be back", async || waiting(&orders).await.len() >= 30).await;
    proxy.set(Mode::CutReplies(0));
    tokio::time::sleep(300.millis()).await;
    proxy.set(Mode::Forward);
    assert_eq!(redrive.await.expect("no panic").expect("sent back"), 300);
    assert_eq!(dead.count().await.expect("counted"), 0);
    assert_eq!(orders.counts().await.expect("counted").waiting, 300);
}

#[tokio::test]
async fn a_retry_by_hand_takes_the_unique_key_again_or_says_who_has_it() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(bill));
    let first = client.add(bill, 1).unique("acct-7").await.expect("added");
    first.result().await.expect_err("it fails");
    let bills = queue(&client, "bills");
    bills.create().await.expect("there");
    bills.pause().await.expect("paused");
    let second = client.add(bill, 101).unique("acct-7").await.expect("added");
    assert!(!second.existed());
    let refused = first.retry().await.expect_err("its key is taken");
    let Error::Refused(Refused::KeyHeld { holder, .. }) = &refused else { panic!("{refused}") };
    assert_eq!(holder, second.id());
    assert_eq!(bills.retry_failed().await.expect("none"), 0);
    assert_eq!(bills.counts().await.expect("counted").failed, 1);

    second.remove().await.expect("removed");
    first.retry().await.expect("it waits again");
    let third = client.add(bill, 102).unique("acct-7").await.expect("asked");
    assert!(third.existed() && third.id() == first.id());
    running.stop().await;
}

#[tokio::test]
async fn a_redriven_job_takes_its_unique_key_again_or_stays() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship).state(Shipped::default()));
    client.add(ship, 1).unique("k").await.expect("added");
    let (orders, dead) = failed(&client, 1).await;
    running.stop().await;
    let other = client.add(ship, 2).unique("k").await.expect("added");
    assert!(!other.existed());
    assert_eq!(dead.redrive().await.expect("asked"), 0);
    other.remove().await.expect("removed");
    assert_eq!(dead.redrive().await.expect("sent back"), 1);
    let late = client.add(ship, 3).unique("k").await.expect("asked");
    assert!(late.existed());
    assert_eq!(waiting(&orders).await, [late.id().clone()]);
}

#[tokio::test]
async fn a_job_that_overflows_comes_back_to_its_own_place() {
    let client = client().await;
    let orders = queue(&client, "orders");
    let set = orders.set_limits().max_length(1).overflow(Overflow::DeadLetter);
    set.dead_letter("orders-dlq").await.expect("set");
    orders.add("any", &0).delay(1.hours()).await.expect("added");
    let add = orders.add("any", &1).delay(2.hours()).unique("k").ttl(3.hours()).priority(-5);
    let job = add.await.expect("sent away");
    assert!(job.overflowed());
    let dead = dead(&client);
    dead.wait_for(1).await.expect("it arrives");
    orders.set_limits().max_length(None).await.expect("set");
    assert_eq!(dead.redrive().await.expect("sent back"), 1);
    let info = job.info().await.expect("it is back");
    assert_eq!((info.state, info.priority), (JobState::Delayed, -5));
    assert_eq!(info.due_at, info.record.options.due_at);
    assert_eq!(info.record.options.ttl, Some(3.hours()));
    assert!(orders.add("any", &2).unique("k").await.expect("asked").existed());
}

#[tokio::test]
async fn the_oldest_take_along_what_was_changed_while_they_waited() {
    let client = client().await;
    let orders = queue(&client, "orders");
    let set = orders.set_limits().max_length(1).overflow(Overflow::DropOldest);
    set.dead_letter("orders-dlq").await.expect("set");
    let job = orders.add("any", &0).delay(1.hours()).await.expect("added");
    job.set_priority(7).await.expect("set");
    job.set_delay(5.hours()).await.expect("set");
    let due = job.info().await.expect("it is there").due_at;
    orders.add("any", &1).await.expect("added");
    let dead = dead(&client);
    dead.wait_for(1).await.expect("it arrives");
    orders.set_limits().max_length(None).await.expect("set");
    assert_eq!(dead.redrive().await.expect("sent back"), 1);
    let info = job.info().await.expect("it is back");
    assert_eq!((info.priority, info.due_at), (7, due));
}

#[tokio::test]
async fn the_oldest_is_dropped_and_not_the_most_urgent() {
    let client = client().await;
    let orders = queue(&client, "orders");
    orders.set_limits().max_length(4).overflow(Overflow::DropOldest).await.expect("set");
    orders.add("any", &0).delay(1.hours()).await.expect("added");
    let mut jobs = Vec::new();
    for (number, priority) in [(1, 100), (2, -1_000), (3, 0), (4, 1_000), (5, -5)] {
        jobs.push(orders.add("any", &number).priority(priority).await.expect("added"));
        // Ages differ by milliseconds.
        tokio::time::sleep(2.millis()).await;
    }
    let mut there = Vec::new();
    for job in &jobs {
        there.push(job.state().await.expect("read").is_some());
    }
    assert_eq!(there, [false, false, true, true, true]);
    assert_eq!(orders.counts().await.expect("counted").delayed, 1);
}

#[tokio::test]
async fn a_dead_letter_of_a_job_that_did_not_run_tells_of_the_runs_before() {
    let client = client().await;
    let orders = queue(&client, "orders");
    let receiver = orders.receiver().max_receives(3).dead_letter("orders-dlq");
    let receiver = receiver.visibility(200.millis());
    let job = orders.add("any", &0).attempts(9).await.expect("added");
    job.set_priority(-3).await.expect("set");
    let receive = async || receiver.receive(1, 5.seconds()).await.expect("received").remove(0);
    receive().await.fail(Failure::retry_after(1.millis(), "card declined")).await.expect("failed");
    drop(receive().await);
    drop(receive().await);
    assert!(receiver.receive(1, 1.seconds()).await.expect("received").is_empty());
    let dead = dead(&client);
    dead.wait_for(1).await.expect("it arrives");
    let (_, letter) = dead.page(0, 1).await.expect("read").remove(0);
    assert_eq!(letter.failure.reason, FailureReason::Stalled);
    assert!(letter.failure.message.contains("2 visibility timeouts ran out, 1 attempts failed"));
    let errors: Vec<_> = letter.errors.iter().map(|it| (&it.message[..], it.attempt)).collect();
    assert_eq!(errors, [("card declined", 1)]);
    assert_eq!(letter.record().expect("a record").options.priority.get(), -3);
}

#[tokio::test]
async fn the_last_receive_that_fails_fails_its_job_for_that_reason() {
    let client = client().await;
    let orders = queue(&client, "orders");
    let receiver = orders.receiver().max_receives(2).dead_letter("orders-dlq");
    orders.add("any", &0).attempts(9).await.expect("added");
    for reason in ["card declined", "card expired"] {
        let job = receiver.receive(1, 5.seconds()).await.expect("received").remove(0);
        job.fail(Failure::retry_after(1.millis(), reason)).await.expect("failed");
    }
    let dead = dead(&client);
    dead.wait_for(1).await.expect("it arrives");
    let (_, letter) = dead.page(0, 1).await.expect("read").remove(0);
    let JobFailureParts { reason, message, attempt } = parts(&letter);
    assert_eq!((reason, message, attempt), (FailureReason::Error, "card expired", 2));
    assert_eq!(letter.errors.len(), 1);
    assert_eq!(letter.errors[0].message, "card declined");
}

struct JobFailureParts<'a> {
    reason: FailureReason,
    message: &'a str,
    attempt: u32,
}

fn parts(letter: &DeadLetter) -> JobFailureParts<'_> {
    let failure = &letter.failure;
    JobFailureParts { reason: failure.reason, message: &failure.message, attempt: failure.attempt }
}

#[tokio::test]
async fn a_dead_letter_has_its_history_although_redis_was_away_when_the_last_run_ended() {
    #[job(queue = "orders", attempts = 2, backoff = fixed("1ms"), dead_letter = "orders-dlq")]
    async fn away(_n: u32, runs: State<Count>, proxy: State<Arc<Proxy>>) -> Result<(), Failure> {
        if runs.up() == 1 {
            proxy.0.set(Mode::Refuse);
            let back = proxy.0.clone();
            tokio::spawn(async move {
                tokio::time::sleep(1.seconds()).await;
                back.set(Mode::Forward);
            });
        }
        Err(Failure::retry("the gateway is down"))
    }

    let server = RedisServer::start();
    let proxy = Arc::new(Proxy::start(server.address()));
    let far = connect(&server.url_through(&proxy)).await;
    let builder = worker(&far).handler(away).state(Count::default()).state(proxy.clone());
    let running = Running::start(builder.lease(30.seconds()));
    let client = connect(&server.url()).await;
    client.add(away, 1).await.expect("added");
    let dead = dead(&client);
    dead.wait_for(1).await.expect("it arrives");
    let (_, letter) = dead.page(0, 1).await.expect("read").remove(0);
    assert_eq!(letter.errors.iter().map(|it| it.attempt).collect::<Vec<_>>(), [1]);
    running.stop().await;
}
