//! A worker process of the demo. It serves `checksums` until it is told to stop (SIGTERM, Ctrl-C).

use std::env;

use jobqueue::{DurationExt, Result, Worker};
use jobqueue_examples::{checksum::checksum, setup};

#[tokio::main]
async fn main() -> Result<()> {
    setup::log();
    let prefix = env::var(setup::PREFIX).unwrap_or_else(|_| "jq-demo".to_owned());
    let url = env::var(setup::URL).unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    let client = setup::connect(&url, &prefix).await?;
    Worker::builder(&client)
        .handler(checksum)
        .concurrency(8)
        .lease(2.seconds()) // how soon a killed worker's jobs run elsewhere; 10 s by default
        .run()
        .await
}
