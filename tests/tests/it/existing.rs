//! Which queues and topics exist: on one server, on a cluster, on the engine; after an
//! obliteration, and where the registry was lost or may not be written.

use jobqueue::{Client, DurationExt, QueueName, Retain, job, manage::QueueEntry, schedule::Every};
use jobqueue_tests::{cluster::RedisCluster, names, server::RedisServer, shared, wait::eventually};

use crate::support::{Running, blocking, client_of, worker};

#[job(queue = "served", dead_letter = "letters")]
async fn served(_n: u32) {}

#[job(queue = "nightly")]
async fn swept(_n: u32) {}

async fn names_of(client: &Client) -> Vec<String> {
    let all = client.queues().all().await.expect("read");
    all.into_iter().map(|queue| queue.name.to_string()).collect()
}

async fn entry(client: &Client, name: &str) -> QueueEntry {
    let all = client.queues().all().await.expect("read");
    all.into_iter().find(|queue| queue.name.as_str() == name).expect("it is listed")
}

async fn add(client: &Client, queue: &str) {
    client.queue(queue).expect("a good name").add("any", &1).await.expect("added");
}

/// The same scene on any server.
async fn scene(client: &Client) {
    assert!(names_of(client).await.is_empty());
    for queue in ["mails", "orders", "bills", "orders:eu", "zeta"] {
        add(client, queue).await;
    }
    assert_eq!(names_of(client).await, ["bills", "mails", "orders", "orders:eu", "zeta"]);

    // Page by page.
    let first = client.queues().page(None, 2).await.expect("read");
    let next = first.next.expect("there are more");
    let rest = client.queues().page(Some(&next), 10).await.expect("read");
    assert_eq!((first.queues.len(), rest.queues.len(), rest.next), (2, 3, None));

    // What is removed isn't listed, and is again once it is used.
    let orders = client.queue("orders").expect("a good name");
    orders.obliterate().force().await.expect("removed");
    assert_eq!(names_of(client).await, ["bills", "mails", "orders:eu", "zeta"]);
    assert!(!orders.exists().await.expect("looked"));
    add(client, "orders").await;
    assert!(names_of(client).await.contains(&"orders".to_owned()));

    // What they are.
    let mails = client.queue("mails").expect("a good name");
    mails.set_limits().dead_letter("bills").await.expect("set");
    mails.pause().await.expect("paused");
    let found = entry(client, "mails").await;
    assert!(found.paused && found.dead_letter.expect("set").as_str() == "bills");
    let found = entry(client, "bills").await;
    let mails: QueueName = "mails".parse().expect("a good name");
    assert!(found.is_dead_letter() && !found.paused && found.dead_letters_of == [mails]);

    // Topics are no queues.
    let topic = client.topic("news").expect("a good name");
    topic.keep(Retain::count(3)).await.expect("made");
    let (topics, next) = client.topics(None, 10).await.expect("read");
    assert_eq!((topics.len(), topics[0].as_str(), next), (1, "news", None));
    assert!(!names_of(client).await.contains(&"news".to_owned()));
    topic.obliterate().await.expect("removed");
    assert!(client.topics(None, 10).await.expect("read").0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_one_server() {
    scene(&client_of(shared::url()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_engine() {
    scene(&client_of("embedded:").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_cluster_and_after_the_registry_was_lost() {
    let cluster = RedisCluster::start();
    let prefix = names::queue("t");
    let url = cluster.node(0).url();
    let connect = async || {
        Client::builder(&url).prefix(&prefix).connect().await.expect("the cluster is there")
    };
    let client = connect().await;
    scene(&client).await;
    let before = names_of(&client).await;
    for at in 0..6 {
        let mut node = blocking(&cluster.node(at).url());
        let _: redis::RedisResult<u64> =
            redis::cmd("DEL").arg(format!("{prefix}:registry")).query(&mut node);
    }
    assert!(names_of(&client).await.is_empty());
    let report = client.queues().rescan().await.expect("mended");
    assert!(report.added >= before.len() as u64, "{report:?}");
    assert_eq!(names_of(&client).await, before);
    // As if nobody had told the registry.
    let zeta = client.queue("zeta").expect("a good name");
    for at in 0..6 {
        let mut node = blocking(&cluster.node(at).url());
        let _: redis::RedisResult<u64> =
            redis::cmd("DEL").arg(format!("{prefix}:{{{}}}:meta", zeta.name())).query(&mut node);
    }
    assert_eq!(client.queues().rescan().await.expect("mended").removed, 1);
    assert_eq!(client.queues().rescan().await.expect("mended").removed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_lists_what_it_serves_and_where_its_dead_letters_go() {
    let client = client_of(shared::url()).await;
    add(&client, "letters").await;
    let running = Running::start(worker(&client).handler(served));
    let listed = async || {
        names_of(&client).await == ["letters", "served"]
            && entry(&client, "letters").await.dead_letters_of.len() == 1
    };
    eventually("the worker to list its queue, and where its letters go", listed).await;
    // Another client removes it while it is served: its worker joins again, and lists it.
    let other = client.queue("served").expect("a good name");
    other.obliterate().force().await.expect("removed");
    eventually("the worker to list both again", listed).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn homes_of_schedules_are_listed() {
    let client = client_of(shared::url()).await;
    add(&client, "plain").await;
    let nightly = client.queue("nightly").expect("a good name");
    client.schedule("sweep", Every::new(1.hours()), swept, 1).await.expect("made");
    let having = client.queues().with_schedules().all().await.expect("read");
    assert_eq!(having.len(), 1, "{having:?}");
    nightly.schedules().remove("sweep").await.expect("removed");
    assert!(client.queues().with_schedules().all().await.expect("read").is_empty());
    assert!(client.queues().with_flows().all().await.expect("read").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_add_succeeds_where_the_registry_may_not_be_written() {
    let users = "user default on nopass ~* &* +@all\n\
        user few on >few ~jq:{*}:* &* +@all\n";
    let server = RedisServer::builder().acl(users).start();
    let few = Client::connect(&server.url_as("few", "few")).await.expect("the server is there");
    add(&few, "orders").await;
    add(&few, "orders").await;
    let all = Client::connect(&server.url()).await.expect("the server is there");
    assert!(names_of(&all).await.is_empty());
    assert!(few.queues().all().await.is_err(), "its ACL forbids to read it");
    all.queues().rescan().await.expect("mended");
    assert_eq!(names_of(&all).await, ["orders"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_written_once() {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await.expect("the server is there");
    for _ in 0..20 {
        add(&client, "orders").await;
    }
    let stats: String =
        redis::cmd("INFO").arg("commandstats").query(&mut server.connection()).expect("statistics");
    let line =
        stats.lines().find(|line| line.starts_with("cmdstat_zadd:")).expect("ZADD was called");
    // One by each add, and one more.
    assert!(line.contains("calls=21,"), "{line}");
}
