//! Jobs that are fetched by hand, on a network that loses answers.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jobqueue::{Client, DurationExt as _, Failure, receive::Delivery};
use jobqueue_tests::{
    names,
    proxy::{Mode, Proxy},
    server::RedisServer,
};
use tokio::time::sleep;

const JOBS: u64 = 60;

/// Every fifth job is put back the first time it is seen, and each is extended.
async fn work(job: Delivery, seen: u32) -> jobqueue::Result<bool> {
    job.extend(2.minutes()).await?;
    match job.payload::<u64>().expect("a number") {
        n if n % 5 == 0 && seen == 1 => job.release().await.map(|()| false),
        n if n % 7 == 0 => job.fail(Failure::permanent("as told")).await.map(|()| true),
        _ => job.complete().await.map(|()| true),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_cost_neither_a_job_nor_a_timeout() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let prefix = names::queue("t");
    let connect = async |url: String| {
        let client = Client::builder(&url).prefix(prefix.clone()).connect().await;
        client.expect("the server is there")
    };
    let (client, far) = (connect(server.url()).await, connect(server.url_through(&proxy)).await);
    let near = client.queue("orders").expect("a good name");
    let far = far.queue("orders").expect("a good name");
    near.set_limits().dead_letter("dead").await.expect("set");
    near.add_all("ship", 0..JOBS).await.expect("added");

    let done = Arc::new(AtomicBool::new(false));
    let stop = done.clone();
    let cutter = tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            proxy.set(Mode::CutReplies(0));
            sleep(Duration::from_millis(10)).await;
            proxy.set(Mode::Forward);
            sleep(Duration::from_millis(25)).await;
        }
        proxy
    });
    let receiver = far.receiver().visibility(5.minutes()).prefetch(7);
    let (mut ended, mut seen) = (0, HashMap::<u64, u32>::new());
    while ended < JOBS {
        let jobs = receiver.receive(5, 10.seconds()).await.expect("redis comes back");
        for job in jobs {
            assert_eq!(job.receives(), 1, "no timeout was over");
            let times = seen.entry(job.payload().expect("a number")).or_default();
            *times += 1;
            ended += u64::from(work(job, *times).await.expect("redis comes back"));
        }
    }
    done.store(true, Ordering::Relaxed);
    drop(cutter.await.expect("no panic"));

    assert!(seen.iter().all(|(n, times)| *times == if n % 5 == 0 { 2 } else { 1 }), "{seen:?}");
    let counts = near.counts().await.expect("counted");
    assert_eq!((counts.waiting, counts.delayed, counts.active), (0, 0, 0));
    let failed = (0..JOBS).filter(|n| n % 7 == 0).count() as u64;
    assert_eq!((counts.total_completed, counts.total_failed), (JOBS - failed, failed));
    let dead = client.dead_letters("dead").expect("a good name");
    assert_eq!(dead.wait_for(failed).await.expect("they arrive"), failed);
}
