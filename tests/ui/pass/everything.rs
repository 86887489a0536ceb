//! Every argument, and every kind of error.

use std::time::Duration;

use jobqueue::{handler::{Definition, IntoJob, Job}, job, retry::{ErrorClass, RetryPolicy, RetryRule, Verdict}, Context, Failure, JobError, State};

fn slowly(attempt: u32) -> Duration {
    Duration::from_secs(u64::from(attempt))
}

/// Documented.
#[job(
    queue = "orders",
    name = "process order",
    attempts = 5,
    backoff = exponential("1s", max = "10m", jitter = 0.2),
    timeout = "1h30m",
    priority = -1024,
    retain = count(1000, age = "7d"),
    retain_failed = all,
    concurrency = 10,
    rate = limit(10, per = "1s", burst = 5),
    breaker = after(5, pause = "30s", max = "10m"),
    codec = "json",
    tags("billing", "customer:all"),
)]
pub async fn full(_: (u32, String), _ctx: Context, _db: State<u8>) -> Result<u32, std::io::Error> {
    Ok(1)
}

#[job(backoff = custom(slowly), retain = none, retain_failed = age("1d"))]
pub(crate) async fn short((a, b): (u32, u32)) -> u32 {
    a + b
}

#[job(blocking, backoff = fixed("5s", jitter = 1), retain = count(0))]
fn blocking(mut numbers: Vec<u32>) -> Result<Vec<u32>, Box<dyn std::error::Error + Send + Sync>> {
    numbers.sort();
    Ok(numbers)
}

#[job(idempotent)]
async fn once(_: (), _ctx: Context) -> u32 {
    1
}

#[job(idempotent = "7d", blocking)]
fn once_blocking(_: ()) -> anyhow::Result<String> {
    Ok(String::new())
}

#[job]
async fn with_anyhow(_: ()) -> anyhow::Result<()> {
    anyhow::bail!("no")
}

#[job]
async fn with_failure(_: ()) -> Result<(), Failure> {
    std::fs::read("")?;
    Err(Failure::permanent("no"))
}

#[job]
async fn with_text(_: ()) -> Result<(), String> {
    Err("no".into())
}

#[derive(Debug, thiserror::Error, JobError)]
#[job(permanent)]
enum Mixed {
    #[error("a")]
    ByDefault,
    #[error("b")]
    #[job(retry)]
    Retried(u8),
    #[error("c")]
    #[job(retry_after = wait)]
    Named { wait: Duration },
    #[error("d")]
    #[job(rate_limited = 1)]
    Placed(u8, Duration),
    #[error("e")]
    #[job(rate_limited)]
    Bare,
    #[error("f")]
    #[job(retry_after = "30s")]
    Fixed,
}

#[derive(Debug, thiserror::Error, JobError)]
#[error("all of it")]
#[job(rate_limited = 0)]
struct Whole(Duration);

const STRICT: RetryPolicy =
    RetryPolicy::STANDARD.rule(ErrorClass::Server, RetryRule::dead_letter());

#[job(retry = STRICT, classify = |error| match error.kind() {
    std::io::ErrorKind::PermissionDenied => ErrorClass::Auth,
    _ => ErrorClass::Transient,
})]
async fn classified(_: ()) -> Result<(), std::io::Error> {
    Ok(())
}

fn by_text(error: &anyhow::Error) -> Verdict {
    if error.to_string().is_empty() { Verdict::Retry } else { ErrorClass::Server.into() }
}

#[job(retry = standard, classify = by_text)]
async fn classified_by_path(_: ()) -> anyhow::Result<()> {
    Ok(())
}

#[derive(Clone, Debug)]
struct Code(u16);

impl From<Code> for u16 {
    fn from(code: Code) -> Self {
        code.0
    }
}

#[derive(Debug, thiserror::Error, JobError)]
enum Classes {
    #[error("a")]
    #[job(class = "auth")]
    Named,
    #[error("b")]
    #[job(class = "rate_limited", retry_after = wait)]
    Asked { wait: Option<Duration> },
    #[error("c")]
    #[job(status = 0, retry_after = 1)]
    Http(u16, Duration),
    #[error("d")]
    #[job(status = code, retry_after = "3s")]
    Typed { code: Code },
}

#[job]
async fn with_verdicts(_: ()) -> Result<(), Mixed> {
    Err(Mixed::Bare)
}

mod inner {
    use jobqueue::job;

    #[job]
    pub async fn nested(r#type: u8) -> u8 {
        r#type
    }
}

fn definition<F: IntoJob<Args>, Args>(_: F) -> Definition {
    F::Job::DEFINITION
}

fn main() {
    let second = Duration::from_secs(1);
    assert_eq!(Mixed::ByDefault.verdict(), Verdict::Permanent);
    assert_eq!(Mixed::Retried(1).verdict(), Verdict::Retry);
    assert_eq!(Mixed::Named { wait: second }.verdict(), Verdict::RetryAfter(second));
    assert_eq!(Mixed::Placed(1, second).verdict(), Verdict::RateLimited(second));
    assert_eq!(Mixed::Bare.verdict(), Verdict::RateLimited(second));
    assert_eq!(Mixed::Fixed.verdict(), Verdict::RetryAfter(second * 30));
    assert_eq!(Whole(second).verdict(), Verdict::RateLimited(second));
    let classified_as = |class, retry_after| Verdict::Classified { class, retry_after };
    assert_eq!(Classes::Named.verdict(), classified_as(ErrorClass::Auth, None));
    let asked = Classes::Asked { wait: Some(second) };
    assert_eq!(asked.verdict(), classified_as(ErrorClass::RateLimited, Some(second)));
    let http = Classes::Http(429, second);
    assert_eq!(http.verdict(), classified_as(ErrorClass::RateLimited, Some(second)));
    let typed = Classes::Typed { code: Code(503) };
    assert_eq!(typed.verdict(), classified_as(ErrorClass::Transient, Some(second * 3)));
    let _ = (once, once_blocking);
    let _ = (blocking, classified, classified_by_path);
    let _: Definition = definition(full);

    #[job]
    async fn local(n: u8) -> u8 {
        n
    }
    let _ = (local, inner::nested, short, with_anyhow, with_failure, with_text, with_verdicts);
}
