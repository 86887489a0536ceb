//! Arguments under a condition, names that are too long, literals where a constant stands, what a
//! declaration and its implementation say together, and errors that no effect can have.

use jobqueue::{job, retry::{ErrorClass, RetryPolicy, RetryRule}, Context, Failure};

#[job]
async fn conditional(_: (), #[cfg(unix)] ctx: Context) {
    let _ = ctx;
}

#[job]
async fn a_name_of_a_function_that_is_quite_a_good_deal_longer_than_anything_that_would_be_a_good_name_of_a_job_and_more_than_128_bytes_are_too_many_for_it(_: ()) {}

#[job(retry = 5)]
async fn tried(_: ()) {}

const NEVER: RetryPolicy =
    RetryPolicy::STANDARD.rule(ErrorClass::Server, RetryRule::retry().attempts(0));

#[job(retry = NEVER)]
async fn never_tried(_: ()) {}

#[job(queue = "orders")]
async fn declared(order: u8);

#[job(implements = declared, dead_letter = "orders")]
async fn into_its_own(_: u8) {}

#[job(at_most_once)]
async fn declared_once(order: u8);

#[job(implements = declared_once, attempts = 5)]
async fn more_than_once(_: u8) {}

#[job(crate = "text")]
async fn nowhere(_: ()) {}

#[job]
async fn effect(_: (), ctx: Context) -> Result<(), Failure> {
    let paid = ctx.once("pay", async { Ok::<u8, std::io::Error>(7) });
    let _ = paid;
    Ok(())
}

fn main() {}
