//! Who the workers are, and what they run.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt, State, job,
    manage::{WorkerInfo, WorkerState},
    stats::Resolution,
};
use jobqueue_tests::{names, shared, wait::eventually};

use crate::support::{Count, Running, blocking, worker};

#[job(queue = "orders")]
async fn slow(n: u32, ctx: Context, go: State<Count>) {
    ctx.progress(&n).await.expect("said");
    while go.get() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[job(queue = "mails")]
async fn quick(_n: u32) {}

async fn billing(url: &str, prefix: &str) -> Client {
    version(url, prefix, "2.4.1").await
}

async fn version(url: &str, prefix: &str, version: &str) -> Client {
    let builder = Client::builder(url).prefix(prefix).program("billing", version);
    builder.label("zone", "eu").connect().await.expect("the server is there")
}

async fn only(client: &Client, queue: &str) -> WorkerInfo {
    let queue = client.queue(queue).expect("a good name");
    let mut found = Vec::new();
    eventually("the worker to say who it is", async || {
        found = queue.workers().await.expect("read");
        found.len() == 1 && found[0].process.is_some()
    })
    .await;
    found.remove(0)
}

async fn scene(url: &str) {
    let client = billing(url, &names::queue("t")).await;
    let go = Count::default();
    let builder = worker(&client).state(go.clone()).handler(slow).handler(quick).prefetch(3);
    let running = Running::start(builder);
    let job = client.add(slow, 7).await.expect("added");
    let seen = only(&client, "orders").await;
    let process = seen.process.as_ref().expect("it said so");
    assert_eq!((&*process.program, &*process.version), ("billing", "2.4.1"));
    assert_eq!((process.pid, &*process.labels["zone"]), (std::process::id(), "eu"));
    assert_eq!((seen.handlers, seen.slots, seen.prefetch), (vec!["slow".into()], Some(8), Some(3)));
    assert!(
        seen.alive && seen.since.is_some() && seen.last_seen.expect("known") < seen.lease_until
    );
    eventually("the job to run, and to say how far it is", async || {
        let seen = only(&client, "orders").await;
        let one = seen.running.first();
        seen.held == 1
            && one.is_some_and(|one| {
                one.id == *job.id() && one.progress::<u32>().expect("a number") == Some(7)
            })
    })
    .await;
    // One worker on two queues.
    let all = client.workers().await.expect("read");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(all[0].instance, all[1].instance);

    for (change, state) in [
        (Box::new(|| running.handle.pause()) as Box<dyn Fn()>, WorkerState::Paused),
        (Box::new(|| running.handle.resume()), WorkerState::Working),
        (Box::new(|| running.handle.stop(10.seconds())), WorkerState::Draining),
    ] {
        change();
        eventually("its state", async || only(&client, "orders").await.state == Some(state)).await;
    }
    go.up();
    running.ended().await.expect("no error");
    assert!(client.workers().await.expect("read").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_server() {
    scene(shared::url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_engine() {
    scene("embedded:").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_killed_is_seen_as_dead_and_is_gone_with_its_lease() {
    let prefix = names::queue("t");
    let client = billing(shared::url(), &prefix).await;
    let first = worker(&client).state(Count::default()).handler(slow).lease(300.millis());
    let first = tokio::spawn(first.build().expect("sound").run_until(std::future::pending()));
    only(&client, "orders").await;
    // Without a word, as a process that is killed.
    first.abort();
    eventually("its lease to run out", async || !only(&client, "orders").await.alive).await;
    let second = Running::start(worker(&client).state(Count::default()).handler(slow));
    eventually("the first to be gone", async || {
        let found = client.queue("orders").expect("a good name").workers().await.expect("read");
        found.len() == 1 && found[0].alive
    })
    .await;
    let left: Vec<String> = redis::cmd("HKEYS")
        .arg(format!("{prefix}:{{orders}}:identities"))
        .query(&mut blocking(shared::url()))
        .expect("read");
    assert_eq!(left.len(), 1, "the note of the first is gone as well: {left:?}");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_came_are_in_the_history() {
    let prefix = names::queue("t");
    let old = version(shared::url(), &prefix, "1").await;
    let new = version(shared::url(), &prefix, "2").await;
    let mails = old.queue("mails").expect("a good name");
    let came = async |expected: &[&str]| {
        let history = mails.history().last(1.hours()).await.expect("read");
        let came: Vec<_> = history.deploys.iter().map(|it| it.version.as_str()).collect();
        assert!(history.deploys.iter().all(|it| it.program == "billing"), "{history:?}");
        came == expected
    };
    let first = Running::start(worker(&old).handler(quick));
    eventually("the first version", async || came(&["1"]).await).await;
    let second = Running::start(worker(&new).handler(quick));
    eventually("the second version", async || came(&["1", "2"]).await).await;
    first.stop().await;
    second.stop().await;
    // It is put back.
    let third = Running::start(worker(&old).handler(quick));
    eventually("the first version again", async || came(&["1", "2", "1"]).await).await;
    third.stop().await;
    // What came before a time isn't in it.
    let none = mails.history().last(Duration::ZERO).resolution(Resolution::Hour).await;
    let from = mails.history().from(jobqueue::types::Utc::now() + 1.hours()).await.expect("read");
    assert!(from.deploys.is_empty() && none.is_ok(), "{from:?} {none:?}");
    mails.obliterate().await.expect("removed");
    assert!(came(&[]).await, "they go with the queue");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_have_names() {
    let program = names::queue("names");
    let builder = Client::builder(shared::url()).prefix(names::queue("t"));
    let client = builder.program(&program, "1").connect().await.expect("the server is there");
    let running = Running::start(worker(&client).handler(quick));
    let base = format!("name=jobqueue:{program}:{}:", std::process::id());
    eventually("connections with names", async || {
        let list: String =
            redis::cmd("CLIENT").arg("LIST").query(&mut blocking(shared::url())).expect("a list");
        [("calls"), ("waits")].iter().all(|role| list.contains(&format!("{base}{role} ")))
    })
    .await;
    running.stop().await;
    let error = Client::builder(shared::url()).program("a\nb", "1").connect().await;
    assert!(error.expect_err("a control character").to_string().contains("program"));
}

#[job(queue = "orders", attempts = 2, backoff = fixed("1ms"))]
async fn never(_n: u32) -> Result<(), std::io::Error> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    Err(std::io::Error::other("no"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_ended_says_who_ran_it_and_how_long() {
    let client = billing(shared::url(), &names::queue("t")).await;
    let builder = worker(&client).handler(quick).handler(never).handler(dead);
    let running = Running::start(builder);
    let done = client.add(quick, 1).await.expect("added");
    done.result().await.expect("run");
    let failed = client.add(never, 1).await.expect("added");
    failed.result().await.expect_err("it failed");
    let buried = client.add(dead, 1).await.expect("added");
    buried.result().await.expect_err("it failed");

    let line = client.process().line();
    assert!(line.ends_with(&format!(":{} billing 2.4.1", std::process::id())), "{line}");
    let info = done.info().await.expect("kept");
    let last = info.last_run.expect("it was run");
    assert_eq!(last.by, line);
    assert!(last.waited.is_some() && last.ran < Duration::from_secs(5), "{last:?}");
    assert!(
        (info.finished_at.expect("ended") - last.started_at).abs() < chrono::TimeDelta::seconds(5)
    );
    let last = failed.info().await.expect("kept").last_run.expect("it was run");
    assert!(last.waited.is_none(), "it waited for its first attempt: {last:?}");
    assert!(last.ran >= Duration::from_millis(19), "{last:?}");
    let last = buried.info().await.expect("kept").last_run.expect("it was run");
    assert_eq!(last.by, line);

    // One that runs again has not ended.
    failed.retry().await.expect("sent back");
    eventually("its end", async || {
        let info = failed.info().await.expect("kept");
        info.state.is_final() == info.last_run.is_some() && info.state.is_final()
    })
    .await;
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, dead_letter = "graves")]
async fn dead(_n: u32) -> Result<(), std::io::Error> {
    Err(std::io::Error::other("no"))
}
