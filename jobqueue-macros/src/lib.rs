//! The macros of [jobqueue](https://docs.rs/jobqueue): `#[job]` and `#[derive(JobError)]`.
//!
//! Each goes the same way: parse → model → validate → expand. On a mistake they still emit the item, so that
//! one mistake gives one error.

mod duration;
mod error;
mod handler;

use proc_macro::TokenStream;

/// Makes a job handler of a function.
///
/// The function becomes a unit struct of its name that implements `Job` and `Handler`: pass the name to
/// `client.add(…)` and `worker.handler(…)`. It can still be called as it is, for instance in a test.
///
/// As with every unit struct, no variable where the handler is in scope can have its name.
///
/// The first argument is the payload; the others are extractors: `Context`, `State<T>`, or a type of your
/// own that implements `FromContext`. All are taken by value. The return value is the job's result; a
/// `Result` may fail with any error: one that derives `JobError` says what becomes of the job, all
/// others (`anyhow::Error`, `Box<dyn Error>`, `String` …) are retried with backoff.
///
/// | argument | what | default |
/// | --- | --- | --- |
/// | `queue = "orders"` | the queue: 1 to 128 ASCII letters, digits, `_`, `-`, `.`, `:` | `"default"` |
/// | `name = "process"` | the job's name: 1 to 128 bytes | the function's |
/// | `attempts = 5` | how often a job may run before it fails for good | 3 |
/// | `backoff = exponential("1s", max = "10m", jitter = 0.2)` | the wait before the next attempt; also `fixed("5s", jitter = 0.1)` and `custom(path::to::fn)` with `fn(u32) -> Duration` | exponential from 1 s to 1 h, jitter 0.2 |
/// | `timeout = "30s"` | how long a run may take; a `blocking` one is told by its context, but can't be ended | none |
/// | `priority = -5` | -1024 (first) to 1023 (last) | 0 |
/// | `retain = count(1000)` | what is kept of completed jobs: `none`, `all`, `count(n)`, `age("7d")`, `count(n, age = "7d")` | the worker's: the newest 1,000 |
/// | `retain_failed = …` | what is kept of failed jobs | the worker's: the newest 5,000 |
/// | `concurrency = 10` | how many runs of this handler one process allows | the worker's slots |
/// | `rate = limit(10, per = "1s", burst = 5)` | how many runs of this handler one process starts per time | none |
/// | `dead_letter = "orders-dlq"` | the queue to which jobs go that fail for good | the worker's, which is none |
/// | `subscribe = "user-events:user.*"` | the topic whose messages become jobs of this kind, and the pattern that their routing keys fit; `*` is one word, `#` any number. The queue is bound when a worker with the handler starts | none |
/// | `codec = "json"` | how payloads are written: `"msgpack"` or `"json"` | `"msgpack"` |
/// | `blocking` | a plain `fn`, run on a thread where it may block | an `async fn` |
///
/// Durations are texts such as `"250ms"`, `"30s"`, `"1h30m"`, `"7d"`.
#[proc_macro_attribute]
pub fn job(arguments: TokenStream, function: TokenStream) -> TokenStream {
    handler::expand(arguments.into(), function.into()).into()
}

/// Says for each variant of an error what becomes of the job that it failed.
///
/// The type must be a `std::error::Error` as well; `thiserror` does that. Put on a variant, or on the type
/// for all its variants:
///
/// | attribute | what becomes of the job |
/// | --- | --- |
/// | none, or `#[job(retry)]` | tried again with its backoff, while it has attempts left |
/// | `#[job(permanent)]` | fails at once |
/// | `#[job(retry_after = "30s")]` | tried again after that, while it has attempts left |
/// | `#[job(retry_after = field)]` | the same, after what the named field says, a `Duration`; `0` for the first of a tuple |
/// | `#[job(rate_limited)]` | goes back at no cost, and the queue is held for a second |
/// | `#[job(rate_limited = "1m")]`, `= field` | the same, and the queue is held for so long |
#[proc_macro_derive(JobError, attributes(job))]
pub fn job_error(input: TokenStream) -> TokenStream {
    error::expand(input.into()).into()
}

#[cfg(test)]
mod properties;
