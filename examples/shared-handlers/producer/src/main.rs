//! Adds orders and waits for their receipts. It depends on the contract, and on nothing that the worker uses.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{
    Client,
    error::{JobFailure, ResultError},
};
use shared_contract::{Order, process_order};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    let client = Client::connect(&url).await?;
    let orders = [
        Order { id: 1, items: vec!["book".to_owned(), "lamp".to_owned()] },
        Order { id: 2, items: Vec::new() },
    ];
    for job in client.add_all(process_order, orders).await? {
        match job.result().await {
            Ok(receipt) => println!("order {} has receipt {}", receipt.order, receipt.checksum),
            Err(ResultError::Failed { failure: JobFailure { message, .. }, .. }) => {
                println!("failed: {message}")
            }
            Err(other) => return Err(other.into()),
        }
    }
    Ok(())
}
