//! What can't go with `at_most_once`.

use jobqueue::job;

#[job(at_most_once, attempts = 3)]
async fn tried_again(_: ()) {}

#[job(dead_letter = "orders-dlq", at_most_once)]
async fn sent_on(_: ()) {}

#[job(at_most_once = true)]
async fn no_word(_: ()) {}

#[job(at_most_once, steps)]
async fn of_parts(_: ()) {}

fn main() {}
