//! Constants in the place of literals.

use std::time::Duration;

use jobqueue::{broadcast, handler::{Definition, IntoJob, Job}, job, retry::{Breaker, RetryPolicy}, Backoff, Codec, Rate, Retain};

mod settings {
    use std::time::Duration;

    pub const QUEUE: &str = "orders";
    pub const TIMEOUT: Duration = Duration::from_secs(30);
    pub const ATTEMPTS: u32 = 5;

    pub struct Limits;

    impl Limits {
        pub const SLOTS: usize = 10;
        pub const JITTER: f64 = 0.3;
    }
}

const NAME: &str = "process order";
const DEAD: &str = "orders-dlq";
const TAG: &str = "team:a";
const TOPIC: &str = "user-events:user.*";
const KEPT: u64 = 1_000;
const FAILURES: u32 = 5;
const BACKOFF: Backoff = Backoff::fixed(Duration::from_secs(1));
const RETAIN: Retain = Retain::count(10);
const RATE: Rate = Rate::new(10, Duration::from_secs(1));
const BREAKER: Breaker = Breaker::after(3);
const POLICY: RetryPolicy = RetryPolicy::STANDARD;
const PRIORITY: i16 = -5;
const CODEC: Codec = Codec::Json;

#[job(
    queue = settings::QUEUE,
    name = NAME,
    attempts = settings::ATTEMPTS,
    timeout = settings::TIMEOUT,
    ttl = Duration::from_secs(60),
    priority = PRIORITY,
    concurrency = settings::Limits::SLOTS,
    dead_letter = DEAD,
    tags(TAG, "other"),
    subscribe = TOPIC,
    codec = CODEC,
    retry = POLICY,
    backoff = exponential(settings::TIMEOUT, max = "1h", jitter = settings::Limits::JITTER),
    retain = count(KEPT, age = settings::TIMEOUT),
    rate = limit(FAILURES, per = settings::TIMEOUT),
    breaker = after(FAILURES, pause = settings::TIMEOUT),
    idempotent = settings::TIMEOUT
)]
async fn inside(_: u32) {}

#[job(backoff = BACKOFF, retain = RETAIN, retain_failed = Retain::all(), rate = RATE, breaker = BREAKER)]
async fn whole(_: u32) {}

#[broadcast(settings::QUEUE, timeout = settings::TIMEOUT)]
async fn heard(_: u32) {}

fn definition<F: IntoJob<Args>, Args>(_: F) -> Definition {
    F::Job::DEFINITION
}

fn main() {
    let text = format!("{:?}", definition(inside));
    for part in ["\"orders\"", "\"process order\"", "\"orders-dlq\"", "\"user-events\"", "30s", "60s"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let _ = (definition(whole), heard);
}
