//! Constants that aren't fine, and literals of another kind.

use std::time::Duration;

use jobqueue::{broadcast, job};

const QUEUE: &str = "not a name";
const NEVER: u32 = 0;
const NONE: Duration = Duration::ZERO;
const OTHER: &str = "orders";

#[job(queue = QUEUE)]
async fn queue(_: u32) {}

#[job(attempts = NEVER)]
async fn attempts(_: u32) {}

#[job(timeout = NONE)]
async fn timeout(_: u32) {}

#[job(timeout = OTHER)]
async fn text(_: u32) {}

#[job(queue = "orders", dead_letter = OTHER)]
async fn dead_letter(_: u32) {}

#[job(subscribe = OTHER)]
async fn subscribe(_: u32) {}

#[broadcast(QUEUE)]
async fn channel(_: u32) {}

#[job(attempts = "5")]
async fn number(_: u32) {}

#[job(timeout = 30)]
async fn seconds(_: u32) {}

#[job(queue = 7)]
async fn name(_: u32) {}

#[job(timeout = NOWHERE)]
async fn unknown(_: u32) {}

fn main() {}
