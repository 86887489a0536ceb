//! Declarations, and functions that implement them.

use jobqueue::{broadcast, job, Client, Context, Worker};

mod shared {
    use jobqueue::job;

    #[job(queue = "orders")]
    pub async fn ship(order: u32) -> Result<String, std::io::Error>;
}

#[job(blocking, idempotent)]
async fn said_here(order: u32);

#[job]
async fn with_context(order: u32, ctx: Context);

#[job]
fn plain(order: u32) -> u64;

#[broadcast("cache")]
async fn forget(key: String);

#[job(implements = shared::ship)]
async fn other_payload(_order: u64) -> String {
    String::new()
}

#[job(implements = shared::ship)]
async fn other_result(_order: u32) -> Result<u8, std::io::Error> {
    Ok(7)
}

#[job(implements = shared::ship, queue = "mails", ttl = "1m", tags("a"))]
async fn other_queue(_order: u32) -> String {
    String::new()
}

#[job]
async fn whole(_order: u32) {}

#[job(implements = whole)]
async fn nothing_declared(_order: u32) {}

fn main() {
    let _ = async |client: Client| {
        client.add(shared::ship, 7).await.ok();
        Worker::builder(&client).handler(shared::ship).run().await.ok();
        shared::ship(7).await;
    };
}
