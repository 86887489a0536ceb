//! Implements what the contract declares. The compiler compares the payload and the result with the declaration;
//! the queue, the name, attempts and timeout are taken from there.

use jobqueue::{Client, Context, JobError, State, Worker, job};
use sha1_smol::Sha1;
use shared_contract::{Order, Receipt};

/// Which checksums the warehouse wants.
#[derive(Clone)]
struct Warehouse {
    salt: &'static str,
}

/// The worker's own: producers see its text.
#[derive(Debug, thiserror::Error, JobError)]
enum OrderError {
    #[error("order {0} has no items")]
    #[job(permanent)]
    Empty(u64),
}

#[job(implements = shared_contract::process_order, concurrency = 10)]
async fn process_order(
    order: Order,
    _ctx: Context,
    warehouse: State<Warehouse>,
) -> Result<Receipt, OrderError> {
    if order.items.is_empty() {
        return Err(OrderError::Empty(order.id));
    }
    let mut checksum = Sha1::from(warehouse.salt);
    checksum.update(order.items.join(",").as_bytes());
    Ok(Receipt { order: order.id, checksum: checksum.digest().to_string() })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    let client = Client::connect(&url).await?;
    let warehouse = Warehouse { salt: "pepper" };
    Worker::builder(&client).state(warehouse).handler(process_order).run().await?;
    Ok(())
}
