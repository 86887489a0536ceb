//! Mistakes in listeners.

use jobqueue::broadcast;

#[broadcast]
async fn nameless(_: u32) {}

#[broadcast("no name")]
async fn badly_named(_: u32) {}

#[broadcast("cache", attempts = 3)]
async fn tried_again(_: u32) {}

#[broadcast("cache", timeout = "0s")]
async fn at_once(_: u32) {}

#[broadcast("cache")]
fn plain(_: u32) {}

#[broadcast("cache")]
async fn messageless() {}

#[broadcast("cache")]
struct Cache;

async fn plainer(_: u32) {}

fn main() {
    let _ = async |client: jobqueue::Client| {
        // The one above has an error of its own, and gives no further one here.
        client.broadcast(nameless, 7).await.ok();
        client.broadcast(plainer, 7).await.ok();
    };
}
