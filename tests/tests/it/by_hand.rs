//! Many deliveries out at once: what they cost others, and what they leave behind.

use jobqueue::{Client, DurationExt as _, JobState, Queue, error::Refused};
use jobqueue_tests::{
    commands::{count_from_now, counted},
    server::RedisServer,
    wait::eventually_within,
};

use crate::support::client_of;

async fn orders(client: &Client, count: u64) -> Queue {
    let orders = client.queue("orders").expect("a good name");
    orders.add_all("ship", 0..count).await.expect("added");
    orders
}

#[tokio::test]
async fn what_is_out_costs_others_nothing_however_many_receives_it_comes_from() {
    let server = RedisServer::start();
    let (client, mut raw) = (client_of(&server.url()).await, server.connection());
    let orders = orders(&client, 400).await;
    let receiver = orders.receiver().visibility(1.hours());
    let mut costs: Vec<[u64; 6]> = Vec::new();
    let mut out = Vec::new();
    // At first the server learns the scripts.
    for many in [2, 3, 200] {
        while out.len() < many {
            out.extend(receiver.receive(1, 5.seconds()).await.expect("received"));
        }
        let mut cost = async |step: usize| {
            count_from_now(&mut raw);
            match step {
                0 => drop(orders.counts().await.expect("counted")),
                1 => drop(orders.stats().await.expect("read")),
                2 => drop(orders.job(out[0].id()).info().await.expect("there")),
                3 => {
                    let unknown = orders.job("nobody".parse::<jobqueue::JobId>().expect("an id"));
                    let removed = unknown.remove().await;
                    assert!(matches!(
                        removed,
                        Err(jobqueue::Error::Refused(Refused::NotFound { .. }))
                    ));
                }
                4 => {
                    let page = orders.jobs(JobState::Active).page(0, 2).await.expect("a page");
                    assert_eq!(page.len(), 2);
                }
                _ => {
                    orders.set_limits().max_active(1_000).await.expect("set");
                    for job in receiver.receive(2, 5.seconds()).await.expect("received") {
                        job.complete().await.expect("completed");
                    }
                }
            }
            counted(&mut raw)
        };
        let mut all = [0; 6];
        for (step, commands) in all.iter_mut().enumerate() {
            *commands = cost(step).await;
        }
        costs.push(all);
    }
    assert_eq!(costs[1], costs[2], "commands with 3 and with 200 of them out");
    let stats = orders.stats().await.expect("read");
    assert_eq!((stats.counts.active, stats.counts.workers), (200, 1));
    assert_eq!(stats.workers[0].id.as_str(), "by-hand");
    let info = orders.job(out[0].id()).info().await.expect("there");
    assert_eq!(info.worker.expect("it is out").as_str(), "by-hand");
    assert!(info.started_at.is_some());
    for job in out {
        job.complete().await.expect("completed");
    }
    assert_eq!(orders.counts().await.expect("counted").workers, 0);
}

#[tokio::test]
async fn each_is_out_for_its_own_time() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let orders = orders(&client, 3).await;
    let long = orders.receive(1, 5.seconds()).visibility(1.hours()).await.expect("received");
    let short = orders.receive(1, 5.seconds()).visibility(200.millis()).await.expect("received");
    let third = orders.receive(1, 5.seconds()).visibility(1.hours()).await.expect("received");
    third[0].extend(300.millis()).await.expect("cut short");
    let mut back = Vec::new();
    while back.len() < 2 {
        back.extend(orders.receive(1, 10.seconds()).await.expect("received"));
    }
    assert_eq!((back[0].id(), back[1].id()), (short[0].id(), third[0].id()));
    assert!(back.iter().all(|job| job.receives() == 2));
    // The first has not lost its own by that.
    for job in long.into_iter().chain(back) {
        job.complete().await.expect("it is still its own");
    }
    for late in short.into_iter().chain(third) {
        assert!(late.complete().await.is_err(), "another had it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receives_that_end_leave_no_name_behind() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let orders = orders(&client, 0).await;
    let mut receives = Vec::new();
    for n in 0..40_u64 {
        let receive = orders.receive(1, std::time::Duration::from_millis(n % 5));
        receives.push(tokio::spawn(receive.visibility(12.hours()).into_future()));
    }
    for (n, receive) in receives.into_iter().enumerate() {
        if n % 2 == 0 {
            receive.abort();
        }
        let _ = receive.await;
    }
    let none = async || orders.counts().await.expect("counted").workers == 0;
    eventually_within(2.seconds(), "all names to go", none).await;
}
