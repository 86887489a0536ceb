use jobqueue::{broadcast, job};

#[job(queue = "orders", retries = 5, time_out = "3s", colour(red), attempts = 2, blockin)]
async fn order(_: u32) {}

#[job("orders")]
async fn nameless(_: u32) {}

#[job(queue)]
async fn valueless(_: u32) {}

#[job(backoff = exponentail("1s"))]
async fn misspelt(_: u32) {}

#[broadcast("cache", timout = "1s")]
async fn forget(_: u32) {}

fn main() {}
