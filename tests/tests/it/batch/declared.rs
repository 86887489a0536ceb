//! Batch handlers that are declared elsewhere, written by hand, or called in tests.

use std::time::Duration;

use jobqueue::{
    Client, Failure, State, Worker,
    handler::{BatchContext, BatchHandler, Batching, Definition, FromBatch, Job},
    job,
    testing::{TestContext, TestQueue},
};

use super::Stage;
use crate::support::{Running, client, worker};

/// For producers alone.
mod shared {
    use super::job;

    #[job(queue = "declared", attempts = 2)]
    pub(super) async fn measure(text: String) -> usize;
}

/// How many jobs its batch has.
struct Size(usize);

impl FromBatch for Size {
    async fn from_batch(ctx: &BatchContext) -> Result<Self, Failure> {
        Ok(Self(ctx.len()))
    }
}

#[job(implements = shared::measure, batch(max = 3, wait = "100ms"))]
async fn measure(texts: Vec<String>, size: Size) -> Result<Vec<usize>, Failure> {
    Ok(texts.iter().map(|text| text.len() + 100 * size.0).collect())
}

/// Written by hand.
#[derive(Clone, Copy)]
struct Double;

impl Job for Double {
    type Payload = u32;
    type Output = u32;
    const DEFINITION: Definition = Definition::new("declared", "double");
}

impl BatchHandler for Double {
    const BATCHING: Batching = Batching::new(3).wait(Duration::from_millis(100));

    async fn call(
        numbers: Vec<u32>,
        ctx: BatchContext,
    ) -> Result<Vec<Result<u32, Failure>>, Failure> {
        assert_eq!(numbers.len(), ctx.len());
        Ok(numbers.into_iter().map(|number| Ok(2 * number)).collect())
    }
}

#[job(queue = "declared", batch(max = 4, wait = "10s"))]
async fn note(numbers: Vec<u32>, stage: State<Stage>) -> Vec<usize> {
    stage.seen.note(&numbers);
    numbers.iter().map(|_| numbers.len()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_knows_of_one_job() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(measure).handler(Double));
    let jobs = ["a", "bb", "ccc"].map(str::to_owned);
    let jobs = client.add_all(shared::measure, jobs).await.expect("added");
    for (job, expected) in jobs.iter().zip([301, 302, 303]) {
        assert_eq!(job.result().await.expect("it ran"), expected);
    }
    let doubles = client.add_all(Double, 1..=3).await.expect("added");
    assert_eq!(doubles[2].result().await.expect("it ran"), 6);
    running.stop().await;
}

fn build(client: &Client, handler: impl BatchHandler) -> String {
    let built = Worker::builder(client).handler(handler).build();
    built.expect_err("it is refused").to_string()
}

/// What the macro would find.
#[tokio::test]
async fn a_worker_refuses_what_cannot_work() {
    struct Bad<const MAX: usize, const SECONDS: u64>;
    impl<const MAX: usize, const SECONDS: u64> Job for Bad<MAX, SECONDS> {
        type Payload = u32;
        type Output = ();
        const DEFINITION: Definition = match MAX {
            7 => Definition::new("declared", "bad").steps(),
            _ => Definition::new("declared", "bad"),
        };
    }
    impl<const MAX: usize, const SECONDS: u64> BatchHandler for Bad<MAX, SECONDS> {
        const BATCHING: Batching = Batching::new(MAX).wait(Duration::from_secs(SECONDS));
        async fn call(_: Vec<u32>, _: BatchContext) -> Result<Vec<Result<(), Failure>>, Failure> {
            Ok(Vec::new())
        }
    }
    let client = client().await;
    for (error, expected) in [
        (build(&client, Bad::<0, 1>), "a batch has 1 to 1,000 jobs"),
        (build(&client, Bad::<1_001, 1>), "a batch has 1 to 1,000 jobs"),
        (build(&client, Bad::<1, 3_601>), "a batch waits for an hour at most"),
        (build(&client, Bad::<7, 1>), "runs batches and has steps"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
    let error = Worker::builder(&client).handler(note).build().expect_err("no state").to_string();
    assert!(error.contains("Stage"), "{error}");
}

#[tokio::test]
async fn in_a_test_it_is_called_like_a_function() {
    let contexts = (0..2).map(|_| TestContext::new().build());
    let ctx: BatchContext = contexts.collect();
    assert_eq!(ctx.jobs()[1].attempt(), 1);
    let sizes = measure(vec!["a".to_owned(), "b".to_owned()], Size(2)).await.expect("it runs");
    assert_eq!(sizes, [201, 201]);
}

#[jobqueue::test]
async fn a_test_gathers_in_its_own_time(app: TestQueue) -> Result<(), jobqueue::Error> {
    let stage = Stage::default();
    let app = app.handler(note).state(stage.clone());
    app.client().add_all(note, 0..6).await?;
    let begun = app.now();
    assert_eq!(app.run_until_idle().await?.completed, 6);
    assert_eq!(stage.seen.all(), [vec![0, 1, 2, 3], vec![4, 5]]);
    assert_eq!((app.now() - begun).num_seconds(), 10, "the wait of the second");
    // One run by itself is a batch of one.
    let one = app.perform(note, 9).await?;
    assert_eq!(one.completed(), 1);
    Ok(())
}
