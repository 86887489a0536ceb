//! Handlers that are declared in one place and implemented in another.

use jobqueue::{handler::{Definition, IntoJob, Job}, job, Client, Context, State, Worker};

pub mod shared {
    use jobqueue::job;

    /// Ships an order.
    #[job(name = "ship-order", queue = "orders", attempts = 5, timeout = "30s")]
    pub async fn ship(order: u32) -> Result<String, std::io::Error>;

    #[job]
    pub(crate) async fn count((from, to): (u32, u32)) -> usize;
}

/// With an error of its own, and what only the worker knows.
#[job(implements = shared::ship, concurrency = 3, idempotent, rate = limit(10, per = "1s"))]
async fn ship(order: u32, _ctx: Context, db: State<u8>) -> anyhow::Result<String> {
    anyhow::ensure!(order > 0, "no order");
    Ok(format!("{order} {}", db.0))
}

#[job(implements = self::shared::count, blocking, attempts = 1)]
fn count((from, to): (u32, u32)) -> usize {
    (from..to).count()
}

fn definition<F: IntoJob<Args>, Args>(_: F) -> Definition {
    F::Job::DEFINITION
}

async fn uses(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    let _: String = client.add(shared::ship, 7).await?.result().await?;
    let _: usize = client.call(shared::count, (1, 2)).await?;
    client.add(ship, 7).await?;
    Worker::builder(&client).state(7_u8).handler(ship).handler(count).run().await?;
    Ok(())
}

fn main() {
    let _ = uses;
    let (declared, implemented) = (definition(shared::ship), definition(ship));
    for text in [format!("{declared:?}"), format!("{implemented:?}")] {
        for part in ["\"orders\"", "\"ship-order\"", "attempts: 5", "30s"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    assert!(format!("{implemented:?}").contains("concurrency: Some(3)"));
    assert!(format!("{:?}", definition(count)).contains("attempts: 1"));
}
