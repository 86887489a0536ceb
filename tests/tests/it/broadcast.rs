//! Broadcasts: every live worker process hears each once, and none is kept.

use std::{sync::Arc, time::Duration};

use jobqueue::{
    Client, Context, DurationExt as _, Error, Failure, State, Worker, broadcast, error::Refused,
    job, telemetry::WorkerEvent,
};
use jobqueue_tests::{
    cluster::RedisCluster,
    names,
    proxy::{Mode, Proxy},
    sentinel::Sentinels,
    server::RedisServer,
    shared,
    wait::{at_once, eventually},
};
use tokio::sync::Semaphore;

use crate::support::{Count, Running, client, client_of, raw, worker};

#[broadcast("cache-invalidation")]
async fn forget(key: String, heard: State<Count>) {
    assert_ne!(key, "bomb");
    heard.up();
}

#[broadcast("odd", codec = "json", timeout = "50ms")]
async fn fuss(number: u32, heard: State<Count>, ctx: Context) -> Result<u32, Failure> {
    assert!(ctx.time_left().is_some() && ctx.name() == "odd" && ctx.attempts() == 1);
    ctx.log("to nowhere").await?;
    match number {
        0 => Err(Failure::permanent("no")),
        1 => panic!("boom"),
        2 => std::future::pending().await,
        number => {
            heard.up();
            Ok(number)
        }
    }
}

#[broadcast("errands", blocking)]
#[expect(clippy::needless_pass_by_value, reason = "as all handlers take their arguments")]
fn run_errand(_: (), gate: State<Arc<Semaphore>>, heard: State<Count>) {
    heard.up();
    while gate.try_acquire().is_err() {
        std::thread::sleep(Duration::from_millis(1));
    }
    heard.up();
}

/// A worker that counts the broadcasts it has missed.
fn listen(client: &Client) -> (Running, Count) {
    let heard = Count::default();
    (Running::start(worker(client).listener(forget).state(heard.clone())), heard)
}

/// Sends until all listen, and then waits until each has heard the last broadcast.
async fn all_listen(client: &Client, heard: &[&Count]) {
    eventually("all to listen", async || {
        client.broadcast(forget, "probe".to_owned()).await.ok() == Some(heard.len() as u64)
    })
    .await;
    for count in heard {
        eventually("the last to be heard", async || count.get() > 0).await;
    }
}

/// Sends one more, and waits until it has been heard once by each.
async fn heard_once(sender: &Client, heard: &[&Count]) {
    // Nothing is on its way any more when two looks in a row are the same.
    let look = || heard.iter().map(|count| count.get()).collect::<Vec<_>>();
    let mut before = look();
    eventually("it to be quiet", async || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = look();
        std::mem::replace(&mut before, now.clone()) == now
    })
    .await;
    for _ in 0..50 {
        sender.broadcast(forget, "user:7".to_owned()).await.expect("sent");
    }
    let expected: Vec<usize> = before.iter().map(|count| count + 50).collect();
    eventually("all to hear", async || look().iter().zip(&expected).all(|(a, b)| a >= b)).await;
    assert_eq!(look(), expected, "each once");
}

#[tokio::test]
async fn every_live_worker_hears_each_once_and_none_is_kept() {
    let prefix = names::queue("t");
    let connect = async || {
        let client = Client::builder(shared::url()).prefix(prefix.clone()).connect().await;
        client.expect("the server is there")
    };
    let (sender, here, there) = (connect().await, connect().await, connect().await);
    let unheard = sender.broadcast(forget, "user:7".to_owned()).await.expect("sent");
    assert_eq!(unheard, 0, "nobody listens yet");
    let ((first, one), (second, two)) = (listen(&here), listen(&there));
    all_listen(&sender, &[&one, &two]).await;
    heard_once(&sender, &[&one, &two]).await;
    // By name, and only to listeners of that name.
    let before = one.get();
    assert_eq!(sender.broadcast_by_name("cache-invalidation", "user:8").await.expect("sent"), 2);
    assert_eq!(sender.broadcast_by_name("something-else", "user:8").await.expect("sent"), 0);
    at_once("it to be heard", async || one.get() == before + 1).await;
    first.stop().await;
    second.stop().await;
    let mut redis = raw(shared::url()).await;
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{prefix}:*")).query_async(&mut redis).await.expect("keys");
    assert!(keys.is_empty(), "nothing is kept: {keys:?}");
    assert_eq!(sender.broadcast(forget, "user:7".to_owned()).await.expect("sent"), 0);
}

#[tokio::test]
async fn a_failing_listener_ends_nothing_else() {
    let client = client().await;
    let heard = Count::default();
    let builder = worker(&client).concurrency(4).listener(fuss).state(heard.clone());
    let running = Running::start(builder);
    eventually("it to listen", async || client.broadcast(fuss, 3).await.ok() == Some(1)).await;
    at_once("the first to be heard", async || heard.get() == 1).await;
    for _ in 0..20 {
        for number in 0..=3 {
            client.broadcast(fuss, number).await.expect("sent");
        }
        client.broadcast_by_name("odd", "no number").await.expect("sent");
    }
    eventually("the others to be heard", async || heard.get() == 21).await;
    // In the codec in which it was sent.
    client.broadcast_by_name("odd", &3).await.expect("sent");
    at_once("it to go on", async || heard.get() == 22).await;
    running.stop().await;
}

#[tokio::test]
async fn a_lost_subscription_is_renewed_and_the_worker_says_that_it_missed_broadcasts() {
    let server = RedisServer::start();
    let client = client_of(&server.url()).await;
    let (running, heard) = listen(&client);
    let mut events = running.handle.events();
    all_listen(&client, &[&heard]).await;
    let mut redis = raw(&server.url()).await;
    for _ in 0..3 {
        let mut kill = redis::cmd("CLIENT");
        kill.arg("KILL").arg("TYPE").arg("pubsub");
        let _: u64 = kill.query_async(&mut redis).await.expect("killed");
        let missed = async || matches!(events.next().await, Some(WorkerEvent::BroadcastsMissed));
        eventually("the worker to say so", missed).await;
        heard_once(&client, &[&heard]).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_went_silent_is_noticed() {
    let server = RedisServer::start();
    let proxy = Proxy::start(server.address());
    let url = server.url_through(&proxy);
    let listening = Client::builder(&url).response_timeout(500.millis()).connect().await;
    let (running, heard) = listen(&listening.expect("the server is there"));
    let client = Client::connect(&server.url()).await.expect("the server is there");
    all_listen(&client, &[&heard]).await;
    let mut events = running.handle.events();
    let before = proxy.accepted();
    proxy.set(Mode::BlackHole);
    // The connection stays open: only a question without an answer finds out.
    eventually("another try", async || proxy.accepted() > before).await;
    proxy.set(Mode::Forward);
    let missed = async || matches!(events.next().await, Some(WorkerEvent::BroadcastsMissed));
    eventually("the worker to say so", missed).await;
    heard_once(&client, &[&heard]).await;
    running.stop().await;
}

#[tokio::test]
async fn a_broadcast_that_arrives_twice_is_heard_once() {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await.expect("the server is there");
    let (running, heard) = listen(&client);
    all_listen(&client, &[&heard]).await;
    // As if a sender had got no answer.
    let spy = redis::Client::open(server.url()).expect("a good url");
    let mut redis = raw(&server.url()).await;
    let spied = tokio::task::spawn_blocking(move || {
        let mut connection = spy.get_connection().expect("the server is there");
        let mut spy = connection.as_pubsub();
        spy.subscribe("jq:{cache-invalidation}:broadcast").expect("subscribed");
        let message = spy.get_message().expect("a message");
        message.get_payload_bytes().to_vec()
    });
    eventually("the spy to listen", async || {
        client.broadcast(forget, "user:7".to_owned()).await.ok() == Some(2)
    })
    .await;
    let message = spied.await.expect("no panic");
    eventually("all to be heard", async || {
        let before = heard.get();
        tokio::time::sleep(Duration::from_millis(50)).await;
        before == heard.get()
    })
    .await;
    let before = heard.get();
    for _ in 0..3 {
        let mut again = redis::cmd("PUBLISH");
        again.arg("jq:{cache-invalidation}:broadcast").arg(&message);
        let _: u64 = again.query_async(&mut redis).await.expect("sent");
    }
    client.broadcast(forget, "user:8".to_owned()).await.expect("sent");
    at_once("the new one to be heard", async || heard.get() == before + 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_shutdown_waits_for_listeners() {
    let client = client().await;
    let (gate, heard) = (Arc::new(Semaphore::new(0)), Count::default());
    let builder = worker(&client).listener(run_errand).state(gate.clone()).state(heard.clone());
    let running = Running::start(builder);
    eventually("it to listen", async || client.broadcast(run_errand, ()).await.ok() == Some(1))
        .await;
    at_once("it to begin", async || heard.get() == 1).await;
    let stopping = tokio::spawn(running.stop_within(Duration::from_secs(20)));
    eventually("it to hear no more", async || {
        client.broadcast(run_errand, ()).await.ok() == Some(0)
    })
    .await;
    assert!(!stopping.is_finished());
    gate.add_permits(1);
    stopping.await.expect("stopped");
    // Another one may have come before it heard no more.
    assert!(heard.get() >= 2 && heard.get() % 2 == 0, "each came to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nodes_of_a_cluster_hand_broadcasts_on() {
    let cluster = RedisCluster::start();
    let connect = async |node: usize| {
        let url = cluster.node(node).url();
        Client::connect(&url).await.expect("the cluster is there")
    };
    let (sender, here, there) = (connect(0).await, connect(1).await, connect(2).await);
    let ((first, one), (second, two)) = (listen(&here), listen(&there));
    for count in [&one, &two] {
        eventually("all to listen", async || {
            sender.broadcast(forget, "probe".to_owned()).await.expect("sent");
            count.get() > 0
        })
        .await;
    }
    heard_once(&sender, &[&one, &two]).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_follow_the_master_that_sentinels_name() {
    let sentinels = Sentinels::start();
    let client = Client::connect(&sentinels.url()).await.expect("the master is there");
    let (running, heard) = listen(&client);
    all_listen(&client, &[&heard]).await;
    sentinels.await_replica(1);
    sentinels.fail_over();
    let mut events = running.handle.events();
    let missed = async || matches!(events.next().await, Some(WorkerEvent::BroadcastsMissed));
    eventually("the subscription to move", missed).await;
    heard_once(&client, &[&heard]).await;
    running.stop().await;
}

#[tokio::test]
async fn mistakes_are_reported() {
    #[job(queue = "alone")]
    async fn alone(_: ()) {}

    let client = client().await;
    let nothing = Worker::builder(&client).build().expect_err("nothing to do").to_string();
    assert!(nothing.contains("listener"), "{nothing}");
    let stateless = Worker::builder(&client).handler(alone).listener(forget).build();
    let missing = stateless.expect_err("no state").to_string();
    assert!(missing.contains("Count"), "{missing}");
    let bad = client.broadcast_by_name("no good {name}", &1).await;
    assert!(matches!(bad, Err(Error::Invalid(_))), "{bad:?}");
    let large = client.broadcast(forget, "x".repeat(2 << 20)).await;
    assert!(matches!(large, Err(Error::Payload(_))), "{large:?}");

    let server = RedisServer::start();
    let mut redis = raw(&server.url()).await;
    let mut user = redis::cmd("ACL");
    user.arg("SETUSER").arg("mute").arg("on").arg(">s3cret").arg("~jq:*").arg("+@all");
    user.arg("resetchannels");
    let _: () = user.query_async(&mut redis).await.expect("a user");
    let url = server.url().replace("redis://", "redis://mute:s3cret@");
    let mute = Client::connect(&url).await.expect("the server is there");
    let refused = mute.broadcast(forget, "user:7".to_owned()).await;
    assert!(matches!(refused, Err(Error::Refused(Refused::Permission { .. }))), "{refused:?}");
}
