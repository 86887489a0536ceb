//! Where a handler may stand, and what else may have its name.

use jobqueue::{broadcast, job, Client, Context, State, Worker};
use serde::{Deserialize, Serialize};

mod thumbnail {
    use jobqueue::job;

    #[job]
    pub async fn thumbnail(_: String) -> usize {
        1
    }
}
use thumbnail::thumbnail;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: u64,
}

#[job]
async fn id(order: Order) -> u64 {
    let Order { id } = order;
    for id in 0..id {
        let _ = id;
    }
    id
}

/// It adds its own job, and calls itself.
#[job]
async fn countdown(n: u32, ctx: Context, client: State<Client>) -> jobqueue::Result<u32> {
    if n == 0 {
        return Ok(0);
    }
    client.add(countdown, n - 1).await?;
    client.add(there_and_back, n).await?;
    countdown(n - 1, ctx, client).await
}

#[job]
async fn there_and_back(n: u32, client: State<Client>) -> anyhow::Result<()> {
    client.add(countdown, n).await?;
    Ok(())
}

struct Orders;

impl Orders {
    #[job]
    pub(crate) async fn ship(order: Order) -> Result<u64, String> {
        struct Local;
        impl Local {
            fn new() -> Self {
                Self
            }
        }
        let _ = Local::new();
        Ok(order.id)
    }
}

mod types {
    /// A module and a handler of one name, both imported.
    pub mod forget {
        pub struct Key;
    }
}
use types::forget;

#[broadcast("cache")]
async fn forget(key: String) {
    let _: forget::Key = forget::Key;
    let _ = (key, thumbnail::thumbnail);
}

#[tracing::instrument(skip_all)]
#[job]
async fn instrumented_outside(n: u32, _ctx: Context) -> Result<u32, String> {
    Ok(n)
}

#[job]
#[tracing::instrument(skip_all, fields(n), err)]
async fn instrumented_inside(n: u32, _ctx: Context) -> Result<u32, String> {
    Ok(n)
}

#[job(blocking)]
#[tracing::instrument]
fn instrumented_blocking(n: u32) -> u32 {
    n
}

/// A name that ends in `Result`, with one and without.
type JobResult = Result<u32, std::io::Error>;

#[derive(Serialize, Deserialize)]
struct SearchResult(u32);

#[job]
async fn by_alias(n: u32) -> JobResult {
    Ok(n)
}

#[job]
async fn by_its_name(n: u32) -> SearchResult {
    SearchResult(n)
}

#[job]
async fn fmt(_: ()) -> std::fmt::Result {
    Ok(())
}

#[job]
async fn list(_: Vec<u16>, _: Context) -> Vec<String> {
    Vec::new()
}

async fn uses(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    let receipt: u64 = client.add(id, Order { id: 7 }).await?.result().await?;
    client.add(thumbnail, "a.png".into()).await?;
    client.add(countdown, 21).priority(1).await?;
    client.add(list, Vec::new()).await?.result().await?.first().cloned().unwrap_or_default();
    client.add(list, (1..3).collect()).await?;
    client.add(countdown, "5".parse()?).await?;
    client.add_all(countdown, [1, 2, 3]).await?;
    client.add_all(countdown, (0..10).map(|n| n * 2)).await?;
    client.add_all(list, vec![vec![], vec![1]]).await?;
    client.add(Orders::ship, Order { id: receipt }).await?;
    let number: u32 = client.call(by_alias, 7).await?;
    let SearchResult(_) = client.call(by_its_name, number).await?;
    let () = client.call(fmt, ()).await?;
    client.broadcast(forget, "user:7".to_owned()).await?;

    #[job]
    async fn local(n: u8) -> u8 {
        n
    }
    let handler = local;
    client.add(handler, 7).await?;
    let worker = Worker::builder(&client).state(client.clone());
    let worker = worker.handler(id).handler(thumbnail).handler(countdown).handler(there_and_back);
    let worker = worker.handler(Orders::ship).handler(local).handler(fmt).handler(list);
    let worker = worker.handler(by_alias).handler(by_its_name).listener(forget);
    let worker = worker.handler(instrumented_outside).handler(instrumented_inside);
    worker.handler(instrumented_blocking).run().await?;
    Ok(())
}

fn main() {
    fn is_send<T: Send>(_: &T) {}
    let _ = |client: Client| is_send(&uses(client));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let id = runtime.block_on(id(Order { id: 7 }));
    assert_eq!(id, 7);
    assert_eq!(runtime.block_on(thumbnail("a.png".to_owned())), 1);
    // A test without a runtime may wait for it, too.
    assert_eq!(ready(instrumented_blocking(7)), 7);
}

fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it has to wait"),
    }
}
