//! Payloads with versions, and fields that a reader doesn't know: through real workers.

use std::{collections::BTreeMap, time::Duration};

use jobqueue::{
    Context, DurationExt as _, Error, Failure, JobState, Payload, State,
    error::{FailureReason, JobFailure, ResultError},
    handler::{Definition, Handler, Job},
    job,
    payload::{Extra, JobOptions, PayloadVersions},
};
use serde::{Deserialize, Serialize};

use jobqueue_tests::wait::{at_once, eventually};

use crate::support::{Count, Running, client, worker};

/// The first version of the payload, and its handler.
mod first {
    use super::{Deserialize, Serialize, job};

    /// It says nothing of a version: it is the first.
    #[derive(Debug, PartialEq, Serialize, Deserialize, jobqueue::Payload)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) euros: u64,
    }

    #[job(queue = "orders")]
    pub(super) async fn ship(order: Order) -> String {
        format!("first: {order:?}")
    }
}

mod second {
    use super::{Deserialize, Extra, Serialize, first, job};

    #[derive(Debug, PartialEq, Serialize, Deserialize, jobqueue::Payload)]
    #[payload(version = 2, upgrade_from(first::Order))]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) cents: u64,
        #[serde(flatten)]
        pub(super) rest: Extra,
    }

    impl From<first::Order> for Order {
        fn from(old: first::Order) -> Self {
            Self { id: old.id, cents: old.euros * 100, rest: Extra::default() }
        }
    }

    #[job(queue = "orders", attempts = 1, dead_letter = "orders-dlq")]
    pub(super) async fn ship(order: Order) -> Result<String, jobqueue::Failure> {
        if order.cents == 0 {
            return Err(jobqueue::Failure::permanent("nothing to pay"));
        }
        Ok(format!("second: {order:?}"))
    }
}

/// Its version left one out, and its step may fail.
#[derive(Debug, PartialEq, Serialize, Deserialize, Payload)]
#[payload(upgrade_from(second::Order), version = 4)]
struct Order {
    id: u64,
    cents: u64,
    currency: String,
    #[serde(flatten)]
    rest: Extra,
}

impl TryFrom<second::Order> for Order {
    type Error = String;

    fn try_from(old: second::Order) -> Result<Self, String> {
        if old.id == 13 {
            return Err("order 13 was never placed".to_owned());
        }
        Ok(Self { id: old.id, cents: old.cents, currency: "EUR".to_owned(), rest: old.rest })
    }
}

#[job(queue = "orders")]
async fn ship(order: Order) -> String {
    format!("fourth: {} pays {} {}", order.id, order.cents, order.currency)
}

fn failure<T: std::fmt::Debug>(result: Result<T, ResultError>) -> JobFailure {
    match result {
        Err(ResultError::Failed { failure, .. }) => failure,
        other => panic!("it fails: {other:?}"),
    }
}

#[tokio::test]
async fn older_jobs_are_upgraded_step_by_step() {
    let client = client().await;
    let oldest = first::Order { id: 1, euros: 5 };
    let oldest = client.add(first::ship, oldest).await.expect("added");
    let rest = Extra::default();
    let older = client.add(second::ship, second::Order { id: 2, cents: 7, rest }).await;
    let older = older.expect("added");
    let (rest, currency) = (Extra::default(), "SEK".to_owned());
    let newest = client.add(ship, Order { id: 3, cents: 9, currency, rest }).await.expect("added");
    // The first is as it would be without any versions.
    let options = async |job: &jobqueue::JobId| {
        let info = client.queue("orders").expect("a name").job(job).info().await;
        info.expect("it is there").record.options
    };
    assert_eq!(options(oldest.id()).await, JobOptions::default());
    assert_eq!(options(older.id()).await.version, Some(2));
    assert_eq!(options(newest.id()).await.version, Some(4));
    let running = Running::start(worker(&client).handler(ship));
    assert_eq!(oldest.result().await.expect("run"), "fourth: 1 pays 500 EUR");
    // Its handle knows another type of result, of the same form.
    assert_eq!(older.result().await.expect("run"), "fourth: 2 pays 7 EUR");
    assert_eq!(newest.result().await.expect("run"), "fourth: 3 pays 9 SEK");
    running.stop().await;
}

#[tokio::test]
async fn published_messages_have_versions_as_jobs_do() {
    let client = client().await;
    client.topic("shop").expect("a name").bind("orders", "#").job("ship").await.expect("bound");
    // Publishing a type without naming a version means the newest, or the first.
    let oldest = first::Order { id: 1, euros: 5 };
    client.publish("shop", "placed", oldest).await.expect("published");
    let (rest, currency) = (Extra::default(), "SEK".to_owned());
    let newest = Order { id: 3, cents: 9, currency, rest };
    client.publish("shop", "placed", newest).await.expect("published");
    let older = second::Order { id: 2, cents: 7, rest: Extra::default() };
    let version = <second::Order as Payload>::VERSION;
    client.publish("shop", "placed", older).version(version).await.expect("published");
    let running = Running::start(worker(&client).handler(ship));
    let queue = client.queue("orders").expect("a name");
    let done = async || queue.counts().await.expect("counted").total_completed == 3;
    at_once("all to be shipped", done).await;
    running.stop().await;
    let jobs = queue.jobs(JobState::Completed).page(0, 3).await.expect("read");
    let read = |job: &jobqueue::JobInfo| format!("{:?}", job.outcome);
    let all = jobs.iter().map(read).collect::<String>();
    for expected in ["1 pays 500 EUR", "2 pays 7 EUR", "3 pays 9 SEK"] {
        assert!(all.contains(expected), "{all}");
    }
}

#[tokio::test]
async fn a_newer_job_goes_back_for_a_worker_that_knows_it() {
    let client = client().await;
    let order = Order { id: 1, cents: 2, currency: "EUR".to_owned(), rest: Extra::default() };
    let job = client.add(ship, order).await.expect("added");
    // Alone, an old worker can only send it back, at no cost to the job.
    let old =
        Running::start(worker(&client).handler(first::ship).unknown_names(50.millis(), 1_000));
    eventually("the way back", async || {
        job.state().await.expect("a state") == Some(JobState::Delayed)
    })
    .await;
    // It goes on with the jobs that it can read.
    let known = client.add(first::ship, first::Order { id: 1, euros: 1 }).await.expect("added");
    assert!(known.result().await.expect("run").starts_with("first"));
    // Beside it, a new one gets it.
    let new = Running::start(worker(&client).handler(ship));
    assert_eq!(job.result().await.expect("run"), "fourth: 1 pays 2 EUR");
    let info = job.info().await.expect("it is kept");
    assert_eq!((info.attempts_made, info.errors.len()), (0, 0));
    old.stop().await;
    new.stop().await;
}

#[tokio::test]
async fn a_job_that_is_newer_than_all_workers_fails_in_the_end_and_says_why() {
    let client = client().await;
    let running =
        Running::start(worker(&client).handler(second::ship).unknown_names(1.millis(), 3));
    let order = Order { id: 1, cents: 2, currency: "EUR".to_owned(), rest: Extra::default() };
    let job = client.add(ship, order).await.expect("added");
    let failed = failure(job.result().await);
    assert_eq!((failed.reason, failed.attempt), (FailureReason::NewerVersion, 1));
    let message = "the payload has version 4; the handler \"ship\" reads up to version 2";
    assert_eq!(failed.message, message);
    assert_eq!(failed.reason.to_string(), "newer version");
    // It went where the handler's failed jobs go, whole: a newer worker can have it from there.
    let dead = client.dead_letters("orders-dlq").expect("a name");
    let reached = tokio::time::timeout(Duration::from_secs(20), dead.wait_for(1)).await;
    reached.expect("in time").expect("it arrives");
    let (_, letter) = dead.page(0, 1).await.expect("read").remove(0);
    assert_eq!(letter.upgraded::<Order>().expect("the payload").currency, "EUR");
    running.stop().await;
    let running = Running::start(worker(&client).handler(ship));
    assert_eq!(dead.redrive().await.expect("sent back"), 1);
    assert_eq!(job.result().await.expect("run"), "fourth: 1 pays 2 EUR");
    running.stop().await;
}

#[tokio::test]
async fn a_step_that_fails_and_a_version_that_never_was_are_bad_payloads() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(ship));
    let order = second::Order { id: 13, cents: 7, rest: Extra::default() };
    let job = client.add(second::ship, order).await.expect("added");
    let failed = failure(job.result().await);
    assert_eq!(failed.reason, FailureReason::BadPayload);
    let message = "the payload can't be upgraded from version 2 to version 4 of ";
    assert!(failed.message.starts_with(message), "{failed}");
    assert_eq!(failed.causes, ["order 13 was never placed"]);
    let orders = client.queue("orders").expect("a name");
    let job = orders.add("ship", &1).version(3).await.expect("added");
    let failed = failure(job.result().await);
    assert_eq!(failed.reason, FailureReason::BadPayload);
    assert!(
        failed.message.contains("has version 3") && failed.message.contains("doesn't read"),
        "{failed}"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_payload_without_versions_is_of_the_first() {
    #[job(queue = "plain")]
    async fn double(number: u32) -> u32 {
        2 * number
    }
    let client = client().await;
    let plain = client.queue("plain").expect("a name");
    let zero = plain.add("double", &2).version(0).await.expect_err("there is no such version");
    assert!(matches!(zero, Error::Invalid(_)), "{zero}");
    let running = Running::start(worker(&client).handler(double).unknown_names(1.millis(), 2));
    let first = plain.add("double", &2).version(1).await.expect("added");
    assert_eq!(first.result().await.expect("run"), 4);
    let all = plain.add_all("double", [3]).version(2).await.expect("added");
    let failed = failure(all[0].result().await);
    assert_eq!(failed.reason, FailureReason::NewerVersion);
    running.stop().await;
}

#[tokio::test]
async fn a_job_written_by_hand_may_have_versions_too() {
    #[derive(Clone, Copy)]
    struct Ship;

    impl Job for Ship {
        type Payload = second::Order;
        type Output = u64;
        const DEFINITION: Definition = Definition::new("orders", "ship");
        const VERSIONS: PayloadVersions<second::Order> = PayloadVersions::of();
    }

    impl Handler for Ship {
        async fn call(order: second::Order, _ctx: Context) -> Result<u64, Failure> {
            Ok(order.cents)
        }
    }

    let client = client().await;
    let running = Running::start(worker(&client).handler(Ship));
    let old = client.queue("orders").expect("a name");
    let old = old.add("ship", &first::Order { id: 1, euros: 3 }).await.expect("added");
    assert_eq!(old.result().await.expect("run"), 300);
    let rest = Extra::default();
    let new = client.add(Ship, second::Order { id: 1, cents: 5, rest }).await.expect("added");
    assert_eq!(new.result().await.expect("run"), 5);
    running.stop().await;
}

/// The payload of a newer producer: it has fields that no consumer here knows.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Newer {
    id: u64,
    cents: u64,
    gift: BTreeMap<String, Vec<i64>>,
    picture: picture::Picture,
}

/// Bytes as MessagePack has them.
mod picture {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Visitor};

    #[derive(Debug, PartialEq)]
    pub(super) struct Picture(pub(super) Vec<u8>);

    impl Serialize for Picture {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }

    impl<'de> Deserialize<'de> for Picture {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Bytes;
            impl Visitor<'_> for Bytes {
                type Value = Picture;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes, not a list of numbers")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Picture, E> {
                    Ok(Picture(bytes.to_vec()))
                }
            }
            deserializer.deserialize_bytes(Bytes)
        }
    }
}

fn newer(cents: u64) -> Newer {
    let gift = [("größe".to_owned(), vec![i64::MIN, -1, i64::MAX])].into();
    let picture = picture::Picture(vec![0, 255, 10]);
    Newer { id: u64::MAX, cents, gift, picture }
}

#[tokio::test]
async fn unknown_fields_are_ignored_or_passed_on_as_the_reader_wishes() {
    #[derive(Serialize, Deserialize)]
    struct Lean {
        id: u64,
    }
    #[derive(Serialize, Deserialize)]
    struct Careful {
        id: u64,
        #[serde(flatten)]
        rest: Extra,
    }
    #[job(queue = "lean")]
    async fn ignores(order: Lean) -> u64 {
        order.id
    }
    #[job(queue = "careful")]
    async fn passes_on(order: Careful, client: State<jobqueue::Client>) -> anyhow::Result<()> {
        let next = client.queue("last")?;
        next.add("last", &order).unique("one").await?;
        Ok(())
    }
    #[job(queue = "last")]
    async fn last(order: Newer, right: State<Count>) {
        assert_eq!(order, newer(5));
        right.up();
    }
    let (client, right) = (client().await, Count::default());
    let builder = worker(&client).handler(ignores).handler(passes_on).handler(last);
    let running = Running::start(builder.state(client.clone()).state(right.clone()));
    let lean = client.queue("lean").expect("a name");
    let lean = lean.add("ignores", &newer(5)).await.expect("added");
    assert_eq!(lean.result().await.expect("run"), u64::MAX);
    let careful = client.queue("careful").expect("a name");
    careful.add("passes_on", &newer(5)).await.expect("added").result().await.expect("run");
    at_once("the last to have it whole", async || right.get() == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn an_edited_dead_letter_keeps_fields_that_its_editor_does_not_know() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(second::ship));
    let orders = client.queue("orders").expect("a name");
    let job = orders.add("ship", &newer(0)).version(2).await.expect("added");
    assert_eq!(failure(job.result().await).message, "nothing to pay");
    let dead = client.dead_letters("orders-dlq").expect("a name");
    let reached = tokio::time::timeout(Duration::from_secs(20), dead.wait_for(1)).await;
    reached.expect("in time").expect("it arrives");
    let (id, letter) = dead.page(0, 1).await.expect("read").remove(0);
    let mut order: second::Order = letter.upgraded().expect("the payload");
    order.cents = 5;
    dead.edit(&id, &order).await.expect("edited");
    let letter = dead.get(&id).await.expect("read").expect("it is there");
    assert_eq!(letter.payload::<Newer>().expect("all of it"), newer(5));
    assert_eq!(letter.record().expect("a record").version(), 2);
    // Upgraded on the way back, it has another version, and still all that nobody knows.
    let order: Order = letter.upgraded().expect("the payload");
    dead.edit(&id, &order).version(Order::VERSION).await.expect("edited");
    let letter = dead.get(&id).await.expect("read").expect("it is there");
    assert_eq!(letter.payload::<Newer>().expect("all of it"), newer(5));
    assert_eq!(letter.record().expect("a record").version(), 4);
    running.stop().await;
    let running = Running::start(worker(&client).handler(ship));
    assert_eq!(dead.redrive().await.expect("sent back"), 1);
    assert_eq!(job.result().await.expect("run"), format!("fourth: {} pays 5 EUR", u64::MAX));
    running.stop().await;
}
