//! The macros of [jobqueue](https://docs.rs/jobqueue): `#[job]`, `#[broadcast]`,
//! `#[derive(JobError)]` and `#[derive(Payload)]`.
//!
//! Each goes the same way: parse → model → validate → expand. On a mistake they still emit the
//! item, so that one mistake gives one error.

mod arguments;
mod broadcast;
mod duration;
mod error;
mod handler;
mod item;
mod payload;
mod reexport;
mod suggest;
mod test;
mod value;

use proc_macro::TokenStream;

/// Makes a job handler of a function.
///
/// Pass the function's name to `client.add(…)` and `worker.handler(…)`. It stays a function: a
/// module, a type and a variable may have the same name, and it may be an associated function, as
/// long as it doesn't say `Self`. It can also be called, for instance in a test without Redis:
/// awaited, the call gives what the function returns. That goes for a `blocking` handler, too.
///
/// The first argument is the payload; up to 15 others are extractors: `Context`, `State<T>`, or a
/// type of your own that implements `FromContext`. All are taken by value. The return value is the
/// job's result; a `Result` may fail with any error: one that derives `JobError` says what becomes
/// of the job, all others (`anyhow::Error`, `Box<dyn Error + Send + Sync>`, `String` …) are retried
/// with backoff. An alias of `Result` has a name that ends in `Result`.
///
/// Other attributes work in either order, `#[tracing::instrument]` among them.
///
/// # Arguments
///
/// | argument | what | default |
/// | --- | --- | --- |
/// | `queue = "orders"` | the queue: 1 to 128 ASCII letters, digits, `_`, `-`, `.`, `:` | `"default"` |
/// | `name = "process"` | the job's name: 1 to 128 bytes | the function's |
/// | `attempts = 5` | how often a job may run before it fails for good | 3 |
/// | `backoff = exponential("1s", max = "10m", jitter = 0.2)` | the wait before the next attempt; also `fixed("5s", jitter = 0.1)` and `custom(path::to::fn)` with `fn(u32) -> Duration` | exponential from 1 s to 1 h, jitter 0.2 |
/// | `retry = path::to::POLICY` | what follows from which class of error: a constant `RetryPolicy` | `standard`, the ready-made one |
/// | `classify = path::to::fn` | of which class an error is: a function or closure from `&Error` to `ErrorClass` or `Verdict`; also the text of an `anyhow::Error` can be read so | what the error itself says |
/// | `timeout = "30s"` | how long a run may take; a `blocking` one is told by its context, but can't be ended | none |
/// | `cancel_grace = "30s"` | how long a run may take to end by itself once its job is cancelled | 10 s |
/// | `priority = -5` | -1024 (first) to 1023 (last) | 0 |
/// | `ttl = "30s"` | how long a job that is added may wait for its first run before it expires, which is a failure; what comes from a topic has its queue's | the queue's, which is for ever |
/// | `deadline = "1h"` | how long after it is due a job that is added ends at the latest: a run is aborted, and no retry is planned for later | none |
/// | `retry_for = "2d"` | for how long after it is due a job is tried again; `attempts` is no limit then, unless it is said | no limit but `attempts` |
/// | `snoozes = 20` | how often a job may be snoozed, at no attempt, before it fails for good | 1000 |
/// | `unique(by = "order.user")` | adds nothing while a job with the same value of these fields of the payload waits or runs; several fields with commas. `for = "10m"`: for so long after an add, whether its job has ended or not (`states = "unfinished"`: at most until it has). `then = "replace"` or `"keep_last"`, `debounce = "5s"` with `longest_wait = "1m"`: what becomes of such an add; see `Unique` | no key |
/// | `group = "order.tenant"` | the group among which the queue is shared fairly, from the payload's fields; a missing value is none. See [`Add::group`](https://docs.rs/jobqueue/latest/jobqueue/add/struct.Add.html#method.group) | no group |
/// | `concurrency_key = "order.user", per_key = 1` | a key of which only so many jobs are active at once, over all workers: a field of the payload and its value, `user:7`; a missing value is none. Up to four, each with its `per_key`. See [`Add::concurrency_key`](https://docs.rs/jobqueue/latest/jobqueue/add/struct.Add.html#method.concurrency_key) | no key; `per_key` 1 |
/// | `batch(max = 50, wait = "200ms", by = group)` | the function takes a `Vec` of payloads, and runs up to so many jobs at once, for which the first waits so long; see [batches](https://docs.rs/jobqueue/latest/jobqueue/docs/batches/index.html) | one job a run |
/// | `tags("billing", "nightly")` | words by which all jobs of the handler are found, beside those of an add; 16 together. What comes from a topic has those of its publish | none |
/// | `retain = count(1000)` | what is kept of completed jobs: `none`, `all`, `count(n)`, `age("7d")`, `count(n, age = "7d")` | the worker's: the newest 1,000 |
/// | `retain_failed = …` | what is kept of failed jobs | the worker's: the newest 5,000 |
/// | `concurrency = 10` | how many runs of this handler one process allows | the worker's slots |
/// | `rate = limit(10, per = "1s", burst = 5)` | how many runs of this handler one process starts per time | none |
/// | `breaker = after(5, pause = "30s", max = "10m")` | after so many failed runs in a row one process leaves this handler's jobs alone for so long, and then one probes; each probe that fails doubles the pause | none |
/// | `dead_letter = "orders-dlq"` | the queue to which jobs go that fail for good | the worker's, then the queue's, which is none |
/// | `at_most_once` | a job is settled before it runs, and never runs twice; what fails is not tried again | at least once |
/// | `steps` | the handler has steps, whose results are recorded, and may sleep and wait; see `Context::step` | none |
/// | `subscribe = "user-events:user.*"` | the topic whose messages become jobs of this kind, and the pattern that their routing keys fit; `*` is one word, `#` any number. The queue is bound when a worker with the handler starts | none |
/// | `codec = "json"` | how payloads are written: `"msgpack"` or `"json"` | `"msgpack"` |
/// | `implements = shared::process` | the declaration that this function implements; see below | none |
/// | `idempotent` or `idempotent = "7d"` | a run's result is recorded under the job's id for a day, or so long: a repeated delivery gets it, and the function isn't run again; see `Context::once` | at least once |
/// | `schedule = "0 3 * * *"` | a cron pattern: a worker with the handler makes that schedule, whose jobs carry the payload's default; needs the feature `schedules` | none |
/// | `tz = "Europe/Berlin"` | its time zone | UTC |
/// | `every = "5m"` | a period instead of a pattern | none |
/// | `offset = "1m"`, `jitter = "30s"` | how much later each tick is due; by how much at most each job is delayed at random | not at all |
/// | `catch_up = once` | what becomes of ticks that nobody was there for: `skip`, `once`, `within("1d")` | `once` |
/// | `overlap = skip` | what a tick does if the last job isn't over: `allow`, `skip`, `queue`, `cancel` | `skip`; with `within`, `allow` |
/// | `blocking` | a plain `fn`, run on a thread where it may block | an `async fn` |
/// | `crate = other::jobqueue` | the path under which the library is found, for code that has it from another crate | `::jobqueue` |
///
/// Durations are texts such as `"250ms"`, `"30s"`, `"1h30m"`, `"7d"`.
///
/// A constant may stand for each value: `queue = settings::ORDERS`, `attempts = ATTEMPTS`,
/// `timeout = TIMEOUT`, `backoff = exponential(FIRST, max = "10m")`, `retain = RETAIN`. It has the
/// type that the methods of `Definition` take: `&'static str`, `u32`, `Duration`, `Backoff`,
/// `Retain` … Whether its value is fine is checked when the program is compiled; that goes for all
/// but the pattern of `subscribe`, which is checked when the worker is built.
///
/// # Declared handlers
///
/// Without a body a handler is declared, and implemented in another crate. Producers depend on the
/// crate with the declaration, and on nothing that the worker needs.
///
/// ```ignore
/// // In a crate that producers and workers share:
/// #[job(name = "process_order", queue = "orders", attempts = 5)]
/// pub async fn process_order(order: Order) -> Receipt;
///
/// // In the worker:
/// #[job(implements = shared::process_order, concurrency = 10)]
/// async fn process_order(order: Order, db: State<Db>) -> Result<Receipt, OrderError> {
///     db.ship(order).await
/// }
///
/// Worker::builder(&client).state(db).handler(process_order).run().await?;
/// ```
///
/// Payload and result have to be those of the declaration; the error is the worker's own. All
/// arguments are taken from the declaration. The implementation may add or replace those that the
/// worker reads; `queue`, `name`, `priority`, `ttl`, `deadline`, `unique`, `tags`, `group`, `concurrency_key` and `codec` are the declaration's,
/// since producers read them.
#[proc_macro_attribute]
pub fn job(arguments: TokenStream, function: TokenStream) -> TokenStream {
    handler::expand(arguments.into(), function.into()).into()
}

/// Makes a broadcast listener of a function.
///
/// Pass the function's name to `client.broadcast(…)` and `worker.listener(…)`. It can also be
/// called, for instance in a test: awaited, the call gives what the function returns.
///
/// The first argument is the message; the others are extractors, as of [`#[job]`](macro@job). What
/// it returns is dropped; an error, a panic and a timeout are said in the log, and nothing is tried
/// again.
///
/// | argument | what | default |
/// | --- | --- | --- |
/// | `"cache-invalidation"` | the name, first: 1 to 128 ASCII letters, digits, `_`, `-`, `.`, `:`; or a constant | |
/// | `timeout = "5s"` | how long one message may take | 30 s |
/// | `codec = "json"` | how messages are written: `"msgpack"` or `"json"` | `"msgpack"` |
/// | `blocking` | a plain `fn`, run on a thread where it may block | an `async fn` |
/// | `crate = other::jobqueue` | the path under which the library is found | `::jobqueue` |
#[proc_macro_attribute]
pub fn broadcast(arguments: TokenStream, function: TokenStream) -> TokenStream {
    broadcast::expand(arguments.into(), function.into()).into()
}

/// Says for each variant of an error what becomes of the job that it failed.
///
/// The type must be a `std::error::Error` as well; `thiserror` does that. Put on a variant, or on
/// the type for all its variants:
///
/// | attribute | what becomes of the job |
/// | --- | --- |
/// | none | what the error says that the variant wraps (`#[from]`, `#[source]`, `#[error(transparent)]`), if that is a `JobError`; else as `retry` |
/// | `#[job(retry)]` | tried again with its backoff, while it has attempts left |
/// | `#[job(permanent)]` | fails at once |
/// | `#[job(retry_after = "30s")]` | tried again after that, while it has attempts left |
/// | `#[job(retry_after = field)]` | the same, after what the named field says, a `Duration`; `0` for the first of a tuple |
/// | `#[job(class = "transient")]` | what the handler's retry policy says of errors of this class: `"transient"`, `"rate_limited"`, `"validation"`, `"auth"` or `"server"` |
/// | `#[job(status = field)]` | the same, of which class an HTTP status is that the named field holds: a `u16`, or what turns into one |
/// | `…, retry_after = field` after one of those two | and not before what the field says, a `Duration` or an `Option` of one |
/// | `#[job(snooze = "5m")]`, `= field` | goes back for so long, and no attempt counts; a minute without a time |
/// | `#[job(rate_limited)]` | goes back at no cost, and the queue is held for a second |
/// | `#[job(rate_limited = "1m")]`, `= field` | the same, and the queue is held for so long |
///
/// `#[job(crate = other::jobqueue)]` on the type says under which path the library is found.
#[proc_macro_derive(JobError, attributes(job))]
pub fn job_error(input: TokenStream) -> TokenStream {
    error::expand(input.into()).into()
}

/// Gives a payload's type a version, and a way up from the one before.
///
/// | attribute | what | default |
/// | --- | --- | --- |
/// | `#[payload(version = 2)]` | its version, from 1 | 1 |
/// | `#[payload(version = 2, upgrade_from(OrderV1))]` | the type of the version before, which derives `Payload` too | none: older jobs fail as bad payloads |
///
/// The step from there is yours: `impl From<OrderV1> for Order`, or `TryFrom` where it may fail.
/// Steps are taken one after another, so each type knows the one before it alone. A field that is
/// added with `#[serde(default)]` needs no new version.
///
/// `#[payload(crate = other::jobqueue)]` says under which path the library is found.
#[proc_macro_derive(Payload, attributes(payload))]
pub fn payload(input: TokenStream) -> TokenStream {
    payload::expand(input.into()).into()
}

/// A test with a server of its own in the process, and a time of its own that stands still: see
/// [`jobqueue::testing`](https://docs.rs/jobqueue/latest/jobqueue/testing).
///
/// The function is asynchronous, takes one argument, a `TestQueue`, and returns what a test may
/// return. Further attributes of tests, such as `#[ignore]` and `#[should_panic]`, stand below this
/// one. `#[jobqueue::test(crate = other::jobqueue)]` says under which path the library is found.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, function: TokenStream) -> TokenStream {
    test::expand(arguments.into(), function.into()).into()
}

#[cfg(test)]
mod properties;
