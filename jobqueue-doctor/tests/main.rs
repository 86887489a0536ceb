//! Each check finds what it is for, on a real Redis, and nothing on one that is well.

mod queues;
mod servers;

use jobqueue::{Client, job};
use jobqueue_doctor::{Check, Doctor, Finding, Report};
use jobqueue_tests::{names, server::RedisServer};

#[job(queue = "parcels", attempts = 1, dead_letter = "parcels-dlq")]
async fn ship(parcel: u64) -> Result<(), std::io::Error> {
    if parcel == 13 { Err(std::io::Error::other("lost")) } else { Ok(()) }
}

async fn client_of(url: &str) -> Client {
    let builder = Client::builder(url).prefix(names::queue("d"));
    builder.connect().await.expect("the server is there")
}

/// A server of the test's own, as it should be, and a client.
async fn well() -> (RedisServer, Client) {
    let server = RedisServer::builder().append_only().start();
    let client = client_of(&server.url()).await;
    (server, client)
}

/// The same, and the beginning of the keys of `parcels`.
async fn well_with_base() -> (RedisServer, Client, String) {
    let server = RedisServer::builder().append_only().start();
    let prefix = names::queue("d");
    let client = Client::builder(&server.url()).prefix(prefix.clone()).connect().await;
    (server, client.expect("the server is there"), format!("{prefix}:{{parcels}}:"))
}

async fn report(client: &Client) -> Report {
    Doctor::new(client).run().await.expect("a report")
}

/// What a check has found.
async fn found(client: &Client, check: Check) -> Vec<Finding> {
    let findings = report(client).await.findings.into_iter();
    findings.filter(|finding| finding.check == check).collect()
}
