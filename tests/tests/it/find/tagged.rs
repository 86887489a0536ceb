//! Tags everywhere that a job is made: by its handler, by an add, a call, a schedule, a publish; and
//! wherever it goes from there.

use jobqueue::{
    Client, DurationExt as _, Error, Failure, JobState, Queue, Retain, State,
    find::JobFilter,
    handler::{Definition, IntoJob, Job},
    job,
    schedule::Every,
    topic::Start,
};
use jobqueue_tests::wait::{at_once, eventually};

use crate::support::{Count, Running, client, worker};

const TEAM: &str = "team:a";

#[job(queue = "bills", attempts = 1, dead_letter = "dead", tags("bill", TEAM))]
async fn bill(_: u64, well: State<Count>) -> Result<(), Failure> {
    if well.get() == 0 { Err(Failure::permanent("no")) } else { Ok(()) }
}

#[job(queue = "bills", every = "1h", tags("sweep"))]
async fn sweep(_: ()) {}

mod shared {
    #[jobqueue::job(queue = "bills", tags("declared"))]
    pub(super) async fn declared(n: u64);
}

#[job(implements = shared::declared)]
async fn implemented(_: u64) {}

#[job(queue = "bills")]
async fn plain(_: u64) {}

fn tagged(tag: &str) -> JobFilter {
    JobFilter::new().tag(tag)
}

/// The ids of the jobs that a queue's index has for a tag.
async fn found(queue: &Queue, tag: &str) -> Vec<String> {
    let (mut found, mut ids) = (queue.find(tagged(tag)), Vec::new());
    while let Some(job) = found.next().await {
        let job = job.expect("found");
        assert!(job.record.options.tags.contains(tag), "{job:?}");
        ids.push(job.id.to_string());
    }
    ids
}

fn bills(client: &Client) -> Queue {
    client.queue("bills").expect("a good name")
}

#[tokio::test]
async fn a_handlers_tags_are_those_of_each_of_its_adds_besides_their_own() {
    let client = client().await;
    let queue = bills(&client);
    let one = client.add(bill, 1).tag("customer:1").tag("bill").await.expect("added");
    let many = client.add_all(bill, [2, 3]).tag("bulk").await.expect("added");
    let each = [client.add(bill, 4).tag("own"), client.add(bill, 5)];
    let each = client.add_each(each).await.expect("added");
    client.add(shared::declared, 6).await.expect("added");
    client.add(plain, 7).await.expect("added");
    assert_eq!(found(&queue, "bill").await.len(), 5);
    assert_eq!(found(&queue, TEAM).await.len(), 5);
    assert_eq!(found(&queue, "customer:1").await, [one.id().to_string()]);
    assert_eq!(found(&queue, "bulk").await, crate::support::ids(&many));
    assert_eq!(found(&queue, "own").await, [each[0].id().to_string()]);
    assert_eq!(found(&queue, "declared").await.len(), 1);
    let tags = one.info().await.expect("there").record.options.tags;
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), ["bill", "customer:1", TEAM]);
    // By its name alone nothing is known of its handler.
    queue.add("bill", &8).tag("by-name").await.expect("added");
    assert_eq!(found(&queue, "bill").await.len(), 5);
    assert_eq!(found(&queue, "by-name").await.len(), 1);
}

#[tokio::test]
async fn sixteen_tags_are_those_of_the_handler_and_of_the_add_together() {
    let client = client().await;
    let with = |count: u32| (0..count).fold(client.add(bill, 1), |add, n| add.tag(n.to_string()));
    with(14).await.expect("two are the handler's");
    assert!(matches!(with(15).await, Err(Error::Invalid(_))));
    let many = (0..15).fold(client.call(bill, 1), |call, n| call.tag(n.to_string()));
    assert!(many.await.expect_err("too many").to_string().contains("17 tags"));
    let schedule = client.schedule("s", Every::new(1.hours()), bill, 1).tag("two words");
    assert!(matches!(schedule.await, Err(Error::Invalid(_))));
    let publish = client.publish("events", "a.b", 1).tag("");
    assert!(matches!(publish.await, Err(Error::Invalid(_))));
}

struct Bad;

impl Job for Bad {
    type Payload = ();
    type Output = ();
    const DEFINITION: Definition = Definition::new("bills", "bad").tags(&["two words"]);
}

#[test]
fn a_definition_has_its_tags() {
    fn tags<F: IntoJob<Args>, Args>(_: F) -> String {
        format!("{:?}", F::Job::DEFINITION)
    }
    assert!(tags(bill).contains(r#"tags: ["bill", "team:a"]"#));
    assert!(tags(implemented).contains(r#"tags: ["declared"]"#));
    assert!(format!("{:?}", Bad::DEFINITION).contains("two words"));
}

#[tokio::test]
async fn calls_have_tags() {
    let client = client().await;
    let queue = bills(&client);
    let call = client.call(bill, 1).tag("from:shop").timeout(10.seconds());
    let (call, ()) = tokio::join!(async { call.await }, async {
        eventually("it is there", async || found(&queue, "from:shop").await.len() == 1).await;
        assert_eq!(found(&queue, "bill").await.len(), 1);
        queue.find(tagged("from:shop")).cancel().await.expect("cancelled");
    });
    assert!(call.is_err(), "it was cancelled");
}

#[tokio::test]
async fn jobs_of_schedules_have_tags() {
    let client = client().await;
    let queue = bills(&client);
    let made = client.schedule("often", Every::new(100.millis()), bill, 1).tag("nightly").limit(1);
    made.await.expect("made");
    let by_name = queue.schedules().add("named", Every::new(1.hours()), "bill", &1).tag("named");
    by_name.await.expect("made");
    let running = Running::start(worker(&client).handler(sweep));
    eventually("its tick", async || found(&queue, "nightly").await.len() == 1).await;
    let first = found(&queue, "nightly").await;
    assert_eq!(found(&queue, TEAM).await, first);
    for schedule in ["often", "named", "sweep"] {
        queue.schedules().run_now(schedule).await.expect("added");
    }
    assert_eq!(found(&queue, "nightly").await.len(), 2);
    assert_eq!(found(&queue, "named").await.len(), 1);
    assert_eq!(found(&queue, "sweep").await.len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn copies_of_messages_have_the_tags_of_their_publish() {
    let client = client().await;
    client.topic("events").expect("a topic").keep(Retain::count(10)).await.expect("set");
    for queue in ["bills", "mails"] {
        client.topic("events").expect("a topic").bind(queue, "order.*").await.expect("bound");
    }
    client.publish("events", "order.paid", 1).tag("order:1").tag("paid").await.expect("sent");
    client.publish_all("events", "order.paid", &[2, 3]).tag("paid").await.expect("sent");
    client.publish("events", "order.paid", 4).await.expect("sent");
    // A queue that is bound later gets the messages that are kept.
    let late = client.topic("events").expect("a topic").bind("late", "order.*");
    late.from(Start::Beginning).await.expect("bound");
    for queue in ["bills", "mails", "late"] {
        let queue = client.queue(queue).expect("a queue");
        let all = async || queue.counts().await.expect("counts").waiting == 4;
        eventually("all copies", all).await;
        assert_eq!(
            (found(&queue, "paid").await.len(), found(&queue, "order:1").await.len()),
            (3, 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_go_wherever_the_job_goes() {
    let (client, well) = (client().await, Count::default());
    let (queue, dead) = (bills(&client), client.dead_letters("dead").expect("a queue"));
    let job = client.add(bill, 1).tag("customer:1").await.expect("added");
    client.add(bill, 2).await.expect("added");
    let running = Running::start(worker(&client).handler(bill).state(well.clone()));
    at_once("both to arrive", async || dead.count().await.expect("a count") == 2).await;
    running.stop().await;
    // The dead letter is found by them in its own queue too, and nothing else is looked at.
    assert_eq!(found(dead.queue(), "customer:1").await.len(), 1);
    assert_eq!(found(dead.queue(), TEAM).await.len(), 2);
    let mut letters = dead.find(tagged("customer:1"));
    assert!(letters.next().await.expect("one").is_ok());
    assert!(letters.next().await.is_none());
    assert_eq!(letters.looked().jobs, 1);
    let report = dead.find(tagged("customer:1")).redrive().await.expect("sent back");
    assert_eq!((report.looked_at, report.done), (1, 1));
    let back = async || job.state().await.expect("asked") == Some(JobState::Waiting);
    eventually("it to be back", back).await;
    assert_eq!(found(dead.queue(), "customer:1").await.len(), 0);
    assert_eq!(found(&queue, "customer:1").await, [job.id().to_string()]);
    // To another queue.
    let other = client.queue("other").expect("a queue");
    queue.find(tagged("customer:1")).move_to(&other).await.expect("moved");
    eventually("it to arrive", async || found(&other, "customer:1").await.len() == 1).await;
    assert_eq!(found(&queue, "customer:1").await.len(), 0);
    // And to the dead letters of a full queue.
    let full = queue.set_limits().max_length(0).dead_letter("full");
    full.overflow(jobqueue::manage::Overflow::DeadLetter).await.expect("set");
    assert!(client.add(bill, 3).tag("customer:3").await.expect("sent away").overflowed());
    let away = client.queue("full").expect("a queue");
    eventually("it to arrive", async || found(&away, "customer:3").await.len() == 1).await;
}
