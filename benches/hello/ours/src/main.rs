//! One handler, one job, and a worker that runs it.

use std::error::Error;

use jobqueue::{job, Client, State, Worker};
use tokio::sync::mpsc::{self, Sender};

#[job(queue = "hello")]
async fn greet(name: String, done: State<Sender<()>>) -> Result<(), std::io::Error> {
    println!("hello, {name}");
    done.try_send(()).map_err(std::io::Error::other)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    let client = Client::connect(&url).await?;
    client.add(greet, "world".to_owned()).await?;
    let (done, mut ran) = mpsc::channel::<()>(1);
    let worker = Worker::builder(&client).state(done).handler(greet).build()?;
    worker.run_until(async move { ran.recv().await; }).await?;
    Ok(())
}
