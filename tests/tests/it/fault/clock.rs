//! Clocks of clients that jump. The server's own is the only one that orders or delays anything.

use std::{sync::Arc, time::Duration};

use jobqueue::JobState;
use jobqueue_tests::{
    account::{Account, Order, Shift, note::Note},
    clock::Clock,
    server::RedisServer,
};

use super::{progress, settle};

#[tokio::test(flavor = "multi_thread")]
async fn clocks_of_producers_and_workers_jump_under_load() {
    let (Some(early), Some(late)) = (Clock::find(), Clock::find()) else { return };
    let (early, late) = (Arc::new(early), Arc::new(late));
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await.with_clock(&early);
    let queue = account.queue(&url).await;
    let time = Duration::from_millis(5);
    let order = Order { time, pause: time, mixed: true, ..Order::default() };
    let mut workers = vec![account.worker(&url, Shift::default())];
    let mut producers = vec![account.producer(&url, order)];
    let account = account.with_clock(&late);
    workers.push(account.worker(&url, Shift::default()));
    producers.push(account.producer(&url, order));
    for (one, other) in
        [("-12h", "+30d"), ("+3650d", "-400d"), ("-2s", "+2s"), ("+1d", "-3650d"), ("+0", "+0")]
    {
        early.jump(one);
        progress(&queue, 100).await;
        late.jump(other);
        progress(&queue, 100).await;
    }
    settle(&account, &url, &mut producers, &mut workers).await;
    let proof = account.prove(&url).await;
    proof.assert();
    assert_eq!(proof.repeated, 0, "no lease is lost by a wrong clock: {proof}");
}

#[tokio::test(flavor = "multi_thread")]
async fn delays_and_order_go_by_the_servers_clock() {
    let Some(clock) = Clock::find().map(Arc::new) else { return };
    let server = RedisServer::start();
    let url = server.url();
    let account = Account::open(&url).await.with_clock(&clock);
    let queue = account.queue(&url).await;
    let mut added: Vec<String> = Vec::new();
    for by in ["+400d", "-400d", "+0", "+3650d", "-3650d"] {
        clock.jump(by);
        let mut producer = account.producer(&url, Order { jobs: 10, bulk: 10, ..Order::default() });
        assert!(producer.exit().await.success(), "{producer}");
        let new = account.notes().into_iter().filter_map(|note| match note {
            Note::Added { id, .. } if !added.contains(&id) => Some(id),
            _ => None,
        });
        let new: Vec<String> = new.collect();
        assert_eq!(new.len(), 10, "{by}");
        added.extend(new);
    }
    let mut by_id = added.clone();
    by_id.sort();
    assert_ne!(by_id, added, "ids bear the producers' clocks, which did jump");
    let waiting = queue.jobs(JobState::Waiting).ids(0, 100).await.expect("a page");
    let waiting: Vec<String> = waiting.iter().map(ToString::to_string).collect();
    assert_eq!(waiting, added, "first come, first served, whatever their clocks say");
}
