//! Queues that take nothing: what stands for them costs the others of their topic nothing, and they
//! get all of it in the end.

use std::time::Duration;

use jobqueue::{Client, DurationExt as _, JobState, topic::Topic};
use jobqueue_tests::{
    commands::{count_from_now, counted},
    server::RedisServer,
    wait::{at_once, eventually, eventually_within},
};
use redis::{Connection, cmd};
use tokio::{runtime::Handle, time::sleep};

use super::arrived;
use crate::support::{Running, worker};

#[jobqueue::job(queue = "bills", attempts = 1, dead_letter = "refused")]
async fn fails(_n: u32) -> Result<(), std::io::Error> {
    Err(std::io::Error::other("the card was declined"))
}

/// A client of a server, whose keys begin with `jq`.
async fn client_of(server: &RedisServer) -> Client {
    Client::connect(&server.url()).await.expect("the server is there")
}

/// A queue of another version refuses all.
fn refuses(queue: &str, raw: &mut Connection) {
    let meta = format!("jq:{{{queue}}}:meta");
    let (): () = cmd("HSET").arg(meta).arg("layout").arg(9).query(raw).expect("set");
}

fn takes_again(queue: &str, raw: &mut Connection) {
    let (): () = cmd("DEL").arg(format!("jq:{{{queue}}}:meta")).query(raw).expect("removed");
}

async fn topic(client: &Client, bindings: &[(&str, &str)]) -> Topic {
    let topic = client.topic("news").expect("a good name");
    for (queue, pattern) in bindings {
        topic.bind(queue, pattern).await.expect("bound");
    }
    topic
}

#[tokio::test]
async fn what_stands_for_a_stuck_queue_is_read_once() {
    let server = RedisServer::start();
    let (client, mut raw) = (client_of(&server).await, server.connection());
    topic(&client, &[("refused", "bad"), ("taken", "good")]).await;
    refuses("refused", &mut raw);
    client.publish_all("news", "bad", 0..6_000_u32).await.expect("published");
    client.publish("news", "good", 0_u32).await.expect("published");
    arrived(&client, "taken", 1).await;
    count_from_now(&mut raw);
    for n in 2..12 {
        client.publish("news", "good", 0_u32).await.expect("published");
        let taken = client.queue("taken").expect("a good name");
        let come = async || taken.counts().await.expect("counted").total_added == n;
        at_once("a message of another queue", come).await;
    }
    let reads: String = cmd("INFO").arg("commandstats").query(&mut raw).expect("stats");
    let reads = reads.lines().find_map(|line| line.strip_prefix("cmdstat_xrange:calls="));
    let reads: u64 = reads.and_then(|it| it.split(',').next()?.parse().ok()).expect("some");
    // Each pass through all that stands there would be 375 and more.
    assert!(reads < 300, "{reads} reads for ten messages");
}

/// Each gets all of its own, once, whatever the others do meanwhile.
#[tokio::test]
async fn stuck_queues_catch_up_on_their_own() {
    let server = RedisServer::start();
    let (client, mut raw) = (client_of(&server).await, server.connection());
    let all = [("one", "#"), ("two", "#"), ("taken", "#")];
    let topic = topic(&client, &all).await;
    refuses("one", &mut raw);
    refuses("two", &mut raw);
    let far = client_of(&server).await;
    for round in 0..4_u64 {
        let from = if round % 2 == 0 { &client } else { &far };
        let numbers = 700 * round..700 * (round + 1);
        from.publish_all("news", "any", numbers).await.expect("published");
        arrived(&client, "taken", 700 * (round + 1)).await;
        match round {
            1 => takes_again("one", &mut raw),
            2 => takes_again("two", &mut raw),
            _ => {}
        }
    }
    topic.flush().await.expect("all have arrived");
    assert_eq!(topic.stats().await.expect("read").underway, 0);
    for (queue, _) in all {
        let queue = client.queue(queue).expect("a good name");
        assert_eq!(queue.counts().await.expect("counted").total_added, 2_800);
        let mut found = Vec::new();
        for page in 0..4 {
            let page = queue.jobs(JobState::Waiting).page(700 * page, 700).await.expect("a page");
            found.extend(page.iter().map(|job| job.payload::<u64>().expect("a number")));
        }
        found.sort_unstable();
        assert!(found.into_iter().eq(0..2_800), "each once");
    }
}

#[tokio::test]
async fn a_flush_says_why_what_it_waits_for_cannot_arrive() {
    let server = RedisServer::start();
    let mut raw = server.connection();
    let client = Client::builder(&server.url()).retry_timeout(500.millis()).connect().await;
    let client = client.expect("the server is there");
    let topic = topic(&client, &[("refused", "#"), ("taken", "#")]).await;
    refuses("refused", &mut raw);
    client.publish("news", "any", 0_u32).await.expect("published");
    arrived(&client, "taken", 1).await;
    let error = topic.flush().await.expect_err("it doesn't arrive").to_string();
    assert!(error.contains("layout"), "{error}");
    takes_again("refused", &mut raw);
    topic.flush().await.expect("it arrives");
    arrived(&client, "refused", 1).await;
}

#[tokio::test]
async fn workers_whose_dead_letters_cannot_arrive_send_little_for_them() {
    let server = RedisServer::start();
    let mut raw = server.connection();
    refuses("refused", &mut raw);
    let mut running = Vec::new();
    for _ in 0..8 {
        running.push(Running::start(worker(&client_of(&server).await).handler(fails)));
    }
    let client = client_of(&server).await;
    client.add_all(fails, 0..3_000).await.expect("added");
    let failed = async || {
        let queue = client.queue("bills").expect("a good name");
        queue.counts().await.expect("counted").total_failed == 3_000
    };
    eventually("all to fail", failed).await;
    sleep(6.seconds()).await;
    count_from_now(&mut raw);
    sleep(5.seconds()).await;
    let commands = counted(&mut raw);
    // One pass through what stands there is two hundred and more.
    assert!(commands < 1_500, "{commands} commands in 5 s");
    takes_again("refused", &mut raw);
    let letters = client.dead_letters("refused").expect("a good name");
    let come = async || letters.count().await.expect("counted") == 3_000;
    eventually_within(Duration::from_secs(10), "the letters", come).await;
    for running in running {
        running.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_is_dropped_leaves_no_relay() {
    let server = RedisServer::start();
    let mut raw = server.connection();
    let client = client_of(&server).await;
    let topic = topic(&client, &[("refused", "#")]).await;
    refuses("refused", &mut raw);
    client.publish("news", "any", 0_u32).await.expect("published");
    sleep(500.millis()).await;
    drop((topic, client));
    let none = async || Handle::current().metrics().num_alive_tasks() == 0;
    eventually("its tasks to end", none).await;
}
