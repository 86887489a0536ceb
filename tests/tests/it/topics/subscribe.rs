//! Handlers that bind their queues themselves.

use jobqueue::{Context, QueueName, State, job};
use jobqueue_tests::wait;

use crate::support::{Count, Running, client, worker};

#[derive(Clone, Debug, Default)]
struct Seen(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

impl Seen {
    fn note(&self, what: String) {
        self.0.lock().expect("no panic").push(what);
    }

    fn sorted(&self) -> Vec<String> {
        let mut all = self.0.lock().expect("no panic").clone();
        all.sort();
        all
    }
}

#[job(queue = "mails", subscribe = "user-events:user.*")]
async fn any(user: u32, ctx: Context, seen: State<Seen>) {
    let topic = ctx.topic().map_or("", QueueName::as_str);
    let key = ctx.routing_key().unwrap_or_default();
    seen.note(format!("any {topic} {key} {user}"));
}

#[job(
    queue = "mails",
    name = "welcome a user",
    subscribe = "user-events:user.created",
    attempts = 2,
    backoff = fixed("1ms")
)]
async fn welcome(user: u32, ctx: Context, seen: State<Seen>) -> Result<(), String> {
    seen.note(format!("welcome {user} {}", ctx.attempt()));
    if ctx.attempt() == 1 { Err("not yet".into()) } else { Ok(()) }
}

#[tokio::test]
async fn each_handler_gets_a_copy_with_its_own_retries() {
    let client = client().await;
    let seen = Seen::default();
    let running = Running::start(worker(&client).handler(any).handler(welcome).state(seen.clone()));
    let topic = client.topic("user-events").expect("a good name");
    let bound = async || topic.bindings().await.expect("read").len() == 2;
    wait::eventually("both to be bound", bound).await;
    client.publish("user-events", "user.created", 1_u32).await.expect("published");
    client.publish("user-events", "user.deleted", 2_u32).await.expect("published");
    let queue = client.queue("mails").expect("a good name");
    let done = async || queue.counts().await.expect("counted").total_completed == 3;
    wait::at_once("all to be done", done).await;
    running.stop().await;
    let expected = [
        "any user-events user.created 1",
        "any user-events user.deleted 2",
        "welcome 1 1",
        "welcome 1 2",
    ];
    assert_eq!(seen.sorted(), expected);
    // Started again, it is bound as before.
    let running = Running::start(worker(&client).handler(any).handler(welcome).state(seen.clone()));
    client.publish("user-events", "user.created", 3_u32).await.expect("published");
    wait::at_once("more to be done", async || seen.sorted().len() == 7).await;
    running.stop().await;
    assert_eq!(topic.bindings().await.expect("read").len(), 2);
}

#[tokio::test]
async fn a_job_that_was_added_has_no_topic() {
    #[job(queue = "plain")]
    async fn plain(_: (), ctx: Context, count: State<Count>) {
        assert_eq!((ctx.topic(), ctx.routing_key()), (None, None));
        count.up();
    }
    let client = client().await;
    let count = Count::default();
    let running = Running::start(worker(&client).handler(plain).state(count.clone()));
    client.add(plain, ()).await.expect("added").result().await.expect("it completes");
    assert_eq!(count.get(), 1);
    running.stop().await;
}
