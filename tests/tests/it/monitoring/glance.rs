//! `client.glance`: many queues at once.

use std::{sync::Arc, time::Duration};

use jobqueue::{Client, QueueName, State, job, stats::QueueGlance};
use jobqueue_tests::{
    commands::{count_from_now, counted},
    server::RedisServer,
    wait,
};
use tokio::sync::Notify;

use crate::support::{Running, blocking, client, client_of, worker};

#[job(queue = "glanced")]
async fn hang(_: (), gate: State<Arc<Notify>>) {
    gate.notified().await;
}

fn names<const N: usize>(names: [&str; N]) -> Vec<QueueName> {
    names.map(|name| name.parse().expect("a good name")).to_vec()
}

async fn glance_at(client: &Client, name: &str) -> QueueGlance {
    let found = client.glance(&names([name])).await.expect("redis is there");
    found.into_iter().next().expect("the queue exists")
}

#[tokio::test]
async fn queues_come_in_the_order_of_their_names_and_those_that_do_not_exist_are_left_out() {
    let client = client().await;
    let [mail, bills] = ["mail", "bills"].map(|name| client.queue(name).expect("a good name"));
    mail.add_all("x", [1, 2, 3]).await.expect("added");
    mail.add("x", &4).delay(Duration::from_secs(3_600)).await.expect("added");
    bills.create().await.expect("there");
    bills.pause().await.expect("paused");
    let found = client.glance(&names(["mail", "none", "bills", "mail"])).await.expect("read");
    let found: Vec<_> =
        found.iter().map(|it| (it.queue.as_str(), it.waiting, it.delayed, it.paused)).collect();
    assert_eq!(found, [("mail", 3, 1, false), ("bills", 0, 0, true), ("mail", 3, 1, false)]);
    assert!(client.glance(&[]).await.expect("nothing to read").is_empty());
}

#[tokio::test]
async fn it_agrees_with_the_statistics() {
    let client = client().await;
    let gate = Arc::new(Notify::new());
    let running = Running::start(worker(&client).handler(hang).state(gate.clone()).concurrency(1));
    let jobs = client.add_all(hang, [(), ()]).await.expect("added");
    let queue = client.queue("glanced").expect("a good name");
    let first = wait::at_once("a job to run", async || {
        let glance = glance_at(&client, "glanced").await;
        (glance.active == 1).then_some(glance)
    })
    .await;
    let stats = queue.stats().await.expect("redis is there");
    assert_eq!((first.waiting, first.total_added), (stats.counts.waiting, 2));
    assert_eq!((first.workers, first.workers_alive), (stats.counts.workers, stats.workers_alive()));
    let passed = (stats.at - first.at).to_std().expect("the server's clock goes on");
    assert_eq!(stats.oldest_waiting, first.oldest_waiting.map(|age| age + passed));
    for job in jobs {
        gate.notify_one();
        job.result().await.expect("it completes");
    }
    let last = wait::at_once("time to pass", async || {
        let glance = glance_at(&client, "glanced").await;
        (glance.at > first.at).then_some(glance)
    })
    .await;
    assert_eq!((last.total_completed, last.active), (2, 0));
    assert!(last.since(&first).completed > 0.0);
    running.stop().await;
}

#[tokio::test]
async fn an_idle_queue_costs_seven_commands() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let names: Vec<QueueName> =
        (0..20).map(|n| format!("q{n}").parse().expect("a good name")).collect();
    for name in &names {
        client.queue(name).expect("a good name").create().await.expect("there");
    }
    client.glance(&names).await.expect("the script is known from now on");
    let mut connection = blocking(&server.url());
    count_from_now(&mut connection);
    assert_eq!(client.glance(&names).await.expect("read").len(), 20);
    assert_eq!(counted(&mut connection), 20 * 7);
}

#[tokio::test]
async fn more_queues_than_go_into_one_step() {
    let client = client().await;
    let mut names: Vec<QueueName> =
        (0..2_500).map(|n| format!("none-{n}").parse().expect("a good name")).collect();
    let queue = client.queue("last").expect("a good name");
    queue.add("x", &1).await.expect("added");
    names.push(queue.name().clone());
    let found = client.glance(&names).await.expect("read");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].waiting, 1);
}
