//! Probes, scrapes and word to systemd, with workers on a real Redis.

mod endpoints;
#[cfg(target_os = "linux")]
mod systemd;

use jobqueue::{Client, Worker, job};
use jobqueue_tests::{names, shared};

#[job(queue = "parcels")]
async fn ship(_parcel: u64) {}

/// A client with keys of its own, and a worker that isn't running yet.
async fn worker() -> (Client, Worker) {
    let builder = Client::builder(shared::url()).prefix(names::queue("m"));
    let client = builder.connect().await.expect("the server is there");
    let worker = Worker::builder(&client).handler(ship).build().expect("a sound worker");
    (client, worker)
}
