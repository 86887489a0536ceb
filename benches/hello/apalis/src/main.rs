//! One handler, one job, and a worker that runs it.

use std::error::Error;

use apalis::prelude::{BoxDynError, Data, TaskSink as _, WorkerBuilder};
use apalis_redis::{Config, RedisStorage};
use tokio::sync::mpsc::{self, Sender};

async fn greet(name: String, done: Data<Sender<()>>) -> Result<(), BoxDynError> {
    println!("hello, {name}");
    done.try_send(())?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    let connection = apalis_redis::connect(url).await?;
    let mut storage = RedisStorage::<String>::new(connection).with_config(Config::default().queue("hello"));
    storage.push("world".to_owned()).await?;
    let (done, mut ran) = mpsc::channel::<()>(1);
    let worker = WorkerBuilder::new("hello").backend(storage).data(done).build(greet);
    let stop = async move {
        ran.recv().await;
        std::io::Result::Ok(())
    };
    worker.run_until(stop).await?;
    Ok(())
}
