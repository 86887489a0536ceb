//! Streams of events share one reader and one connection.

use std::{slice::from_ref, time::Duration};

use jobqueue::{
    Client, Context, Queue,
    event::{Event, EventId, EventKind, EventStream},
    job,
};
use jobqueue_tests::{commands::counted, server::RedisServer, wait::eventually_within};
use redis::Connection;
use tokio::task::JoinSet;

use crate::support::{Running, blocking, client, client_of, worker};

async fn next(events: &mut EventStream) -> Event {
    events.next().await.expect("endless").expect("readable")
}

/// How many connections wait for events now.
fn waiting(raw: &mut Connection) -> usize {
    let text: String = redis::cmd("CLIENT").arg("LIST").query(raw).expect("a list");
    text.lines().filter(|line| line.contains("cmd=xread")).count()
}

async fn queue(client: &Client) -> Queue {
    let queue = client.queue("shared").expect("a good name");
    queue.create().await.expect("there");
    queue
}

/// The next event of each, which `cause` brings about once all of them wait for it and nothing is
/// on its way to the server any more.
async fn heard(
    raw: &mut Connection,
    all: Vec<EventStream>,
    cause: impl Future<Output = ()>,
) -> (Vec<Event>, Vec<EventStream>) {
    let mut tasks = JoinSet::new();
    for mut events in all {
        tasks.spawn(async move { (next(&mut events).await, events) });
    }
    let (mut last, mut same) = (0, 0);
    let is_quiet = async || {
        let now = counted(raw);
        (same, last) = if now == last { (same + 1, last) } else { (0, now) };
        same > 50
    };
    eventually_within(Duration::from_secs(60), "all to listen", is_quiet).await;
    cause.await;
    tasks.join_all().await.into_iter().unzip()
}

/// Streams that listen all.
async fn listening(raw: &mut Connection, queue: &Queue, many: usize) -> Vec<EventStream> {
    let all = (0..many).map(|_| queue.events_after(&EventId::beginning())).collect();
    let (heard, all) =
        heard(raw, all, async { assert!(queue.pause().await.expect("paused")) }).await;
    assert!(heard.iter().all(|event| event.kind == EventKind::Paused), "{heard:?}");
    all
}

#[tokio::test]
async fn a_hundred_streams_cost_redis_as_much_as_one() {
    let server = RedisServer::start();
    let mut raw = blocking(&server.url());
    let mut costs = Vec::new();
    for many in [1, 100] {
        let client = client_of(&server.url()).await;
        let queue = queue(&client).await;
        let all = listening(&mut raw, &queue, many).await;
        assert_eq!(waiting(&mut raw), 1, "connections of {many} streams");
        let mut before = 0;
        let (heard, all) = heard(&mut raw, all, async {
            before = counted(&mut blocking(&server.url()));
            queue.add_all("x", 0..10).await.expect("added");
        })
        .await;
        assert!(heard.iter().all(|event| event.jobs.len() == 10), "{heard:?}");
        // The read that waits now is counted when it ends.
        costs.push(counted(&mut raw) - before);
        drop(all);
        let closed = async || waiting(&mut raw) == 0;
        eventually_within(Duration::from_secs(20), "the connection to be closed", closed).await;
    }
    assert!(costs[1].abs_diff(costs[0]) <= 1, "{costs:?}");
}

#[tokio::test]
async fn a_stream_that_falls_behind_misses_nothing() {
    let server = RedisServer::start();
    let mut raw = blocking(&server.url());
    let queue = queue(&client_of(&server.url()).await).await;
    let mut all = listening(&mut raw, &queue, 2).await;
    let (mut quick, mut slow) = (all.remove(0), all.remove(0));
    let mut written = Vec::new();
    for n in 0..400 {
        let id = queue.add("x", &n).await.expect("added").id().clone();
        assert_eq!(next(&mut quick).await.jobs, from_ref(&id));
        written.push(id);
    }
    // The reader has told 400, and keeps 128 of them.
    for id in &written {
        assert_eq!(next(&mut slow).await.jobs, from_ref(id));
    }
    let (last, added) = tokio::join!(next(&mut slow), queue.add("x", &0));
    assert_eq!(last.jobs, [added.expect("added").id().clone()]);
}

#[test]
fn streams_outlive_the_runtime_of_their_reader() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (first, second) = (runtime(), runtime());
    let server = RedisServer::start();
    let (queue, mut events) = first.block_on(async {
        let queue = queue(&client_of(&server.url()).await).await;
        // Its reader runs in this runtime.
        let mut raw = blocking(&server.url());
        let events = listening(&mut raw, &queue, 1).await.remove(0);
        (queue, events)
    });
    drop(first);
    second.block_on(async {
        let (resumed, event) = tokio::join!(queue.resume(), next(&mut events));
        resumed.expect("resumed");
        assert_eq!(event.kind, EventKind::Resumed);
    });
}

#[job(queue = "shared")]
async fn report(large: bool, ctx: Context) -> jobqueue::Result<()> {
    if large {
        ctx.progress(&"x".repeat(2_000)).await?;
    } else {
        ctx.progress(&(3, 7)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn progress_comes_along_unless_it_is_large() {
    let client = client().await;
    let queue = queue(&client).await;
    let running = Running::start(worker(&client).handler(report));
    for large in [false, true] {
        let mut events = queue.events_after(&EventId::beginning());
        client.add(report, large).await.expect("added").result().await.expect("it runs");
        let told = loop {
            let event = next(&mut events).await;
            if event.kind == EventKind::Progress {
                break event;
            }
            assert_eq!(event.progress::<(u8, u8)>().expect("none"), None);
        };
        let wanted = (!large).then_some((3, 7));
        assert_eq!(told.progress().expect("of this type"), wanted);
        queue.obliterate().force().await.expect("gone");
    }
    running.stop().await;
}
