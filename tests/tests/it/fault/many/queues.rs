//! A thousand queues in one process: a hundred of each of ten clients.

use jobqueue::{
    Context, Failure, WorkerBuilder,
    handler::{Definition, Handler, Job},
};
use jobqueue_tests::{server::RedisServer, wait::eventually_within};

use super::PATIENCE;
use crate::support::{Running, client_of, worker};

/// A handler with a queue of its own for each number.
#[derive(Clone, Copy)]
struct Numbered<const N: u8>;

impl<const N: u8> Numbered<N> {
    const DIGITS: [u8; 4] = [b'q', b'0' + N / 100, b'0' + N / 10 % 10, b'0' + N % 10];
    const QUEUE: &str = match std::str::from_utf8(&Self::DIGITS) {
        Ok(name) => name,
        Err(_) => panic!("digits are text"),
    };
}

impl<const N: u8> Job for Numbered<N> {
    type Payload = u32;
    type Output = String;
    const DEFINITION: Definition = Definition::new(Self::QUEUE, "numbered");
}

impl<const N: u8> Handler for Numbered<N> {
    async fn call(payload: u32, ctx: Context) -> Result<String, Failure> {
        Ok(format!("{} {payload}", ctx.queue().expect("a job has a queue")))
    }
}

macro_rules! ten {
    ($builder:ident, $($tens:literal)*) => {
        $builder$(
            .handler(Numbered::<{ $tens }>)
            .handler(Numbered::<{ $tens + 1 }>)
            .handler(Numbered::<{ $tens + 2 }>)
            .handler(Numbered::<{ $tens + 3 }>)
            .handler(Numbered::<{ $tens + 4 }>)
            .handler(Numbered::<{ $tens + 5 }>)
            .handler(Numbered::<{ $tens + 6 }>)
            .handler(Numbered::<{ $tens + 7 }>)
            .handler(Numbered::<{ $tens + 8 }>)
            .handler(Numbered::<{ $tens + 9 }>)
        )*
    };
}

fn hundred(builder: WorkerBuilder) -> WorkerBuilder {
    ten!(builder, 0 10 20 30 40 50 60 70 80 90)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_queues_in_one_process() {
    let server = RedisServer::start();
    let mut parts = Vec::new();
    for _ in 0..10 {
        let client = client_of(&server.url()).await;
        let running = Running::start(hundred(worker(&client)));
        parts.push((client, running));
    }
    for (client, _) in &parts {
        for n in 0..100 {
            let queue = client.queue(format!("q{n:03}")).expect("a name");
            for payload in 0..3 {
                queue.add("numbered", &payload).await.expect("added");
            }
        }
    }
    for (client, _) in &parts {
        for n in 0..100 {
            let queue = client.queue(format!("q{n:03}")).expect("a name");
            let all = async || queue.counts().await.expect("counts").total_completed == 3;
            eventually_within(PATIENCE, "all of a queue", all).await;
        }
    }
    for (_, running) in parts {
        running.stop().await;
    }
}
