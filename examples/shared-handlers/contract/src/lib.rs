//! The jobs that producers and workers share: payloads, results, queues, and no handler.

use jobqueue::job;
use serde::{Deserialize, Serialize};

/// What a customer orders.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    /// Its number.
    pub id: u64,
    /// What is sent to the customer.
    pub items: Vec<String>,
}

/// What a customer gets once an order is processed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// The number of the order.
    pub order: u64,
    /// A checksum over its items.
    pub checksum: String,
}

/// Processes an order. `shared-worker` implements it.
#[job(name = "process-order", queue = "orders", attempts = 5, timeout = "30s")]
pub async fn process_order(order: Order) -> Receipt;
