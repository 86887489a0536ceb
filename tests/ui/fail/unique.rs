//! `unique(…)`: what a key is made of, and what becomes of an add.

use jobqueue::job;

#[job(unique)]
async fn no_parentheses(_order: u32) {}

#[job(unique(for = "10m"))]
async fn no_key(order: u32) {
    let _ = order;
}

#[job(unique(by = "other.user"))]
async fn not_the_payload(order: u32) {
    let _ = order;
}

#[job(unique(by = "order", states = "some"))]
async fn states(order: u32) {
    let _ = order;
}

#[job(unique(by = "order", then = "keep"))]
async fn then(order: u32) {
    let _ = order;
}

#[job(unique(by = "order", for = "10m", then = "keep_last"))]
async fn lifetime(order: u32) {
    let _ = order;
}

#[job(unique(by = "order", longest_wait = "10m"))]
async fn longest_wait(order: u32) {
    let _ = order;
}

#[job(unique(by = "order", period = "10m"))]
async fn unknown(order: u32) {
    let _ = order;
}

#[job(unique(by = "order.missing"))]
async fn no_such_field(order: u32) {
    let _ = order;
}

fn main() {}
