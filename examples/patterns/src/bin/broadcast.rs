//! Caches in many processes, and one process that tells all of them what has changed.
//!
//! Replaces plain PUBLISH and SUBSCRIBE of Redis, and "multi-consumer broadcast" where nothing need
//! be kept: listeners are typed, subscribe again by themselves, and learn that they may have missed
//! messages.
#![expect(clippy::print_stdout, reason = "it shows what happens")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jobqueue::{State, Worker, WorkerHandle, broadcast, telemetry::WorkerEvent};
use tokio::task::JoinHandle;

/// What a process remembers, so that it need not ask its database.
#[derive(Clone, Default)]
struct Cache(Arc<Mutex<BTreeMap<String, String>>>);

impl Cache {
    fn names(&self) -> Vec<String> {
        self.0.lock().map(|cached| cached.values().cloned().collect()).unwrap_or_default()
    }

    fn keep(&self, key: &str, value: &str) {
        if let Ok(mut cached) = self.0.lock() {
            cached.insert(key.to_owned(), value.to_owned());
        }
    }

    fn forget(&self, forgotten: impl Fn(&str) -> bool) {
        if let Ok(mut cached) = self.0.lock() {
            cached.retain(|key, _| !forgotten(key));
        }
    }
}

#[broadcast("cache-invalidation")]
async fn forget(key: String, cache: State<Cache>) {
    cache.forget(|cached| cached == key);
}

/// One process of many. A worker may have handlers as well as listeners.
fn start(
    client: &jobqueue::Client,
    cache: &Cache,
) -> jobqueue::Result<(WorkerHandle, JoinHandle<jobqueue::Result<()>>)> {
    let worker = Worker::builder(client).listener(forget).state(cache.clone()).build()?;
    let (handle, cache) = (worker.handle(), cache.clone());
    let mut events = handle.events();
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            // Nobody listened here for a while, since Redis was gone: who knows what has changed.
            if let WorkerEvent::BroadcastsMissed = event {
                cache.forget(|_| true);
            }
        }
    });
    Ok((handle, tokio::spawn(worker.run())))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let caches = [Cache::default(), Cache::default(), Cache::default()];
    let processes = caches.iter().map(|cache| start(&client, cache));
    let processes = processes.collect::<Result<Vec<_>, _>>()?;
    // The answer says how many have heard it: here, once all of them listen.
    while client.broadcast(forget, "nobody".to_owned()).await? < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for cache in &caches {
        cache.keep("user:7", "Ada");
        cache.keep("user:8", "Grace");
    }

    let heard = client.broadcast(forget, "user:7".to_owned()).await?;
    println!("{heard} processes are told that user:7 has changed");
    while caches.iter().any(|cache| cache.names().len() > 1) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for cache in &caches {
        println!("cached: {}", cache.names().join(", "));
    }

    for (handle, process) in processes {
        handle.stop(Duration::from_secs(5));
        process.await??;
    }
    // The server may need a moment to see that their connections have ended.
    let mut heard = client.broadcast(forget, "user:8".to_owned()).await?;
    while heard > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        heard = client.broadcast(forget, "user:8".to_owned()).await?;
    }
    println!("{heard} processes are left, and nothing is kept for those to come");
    Ok(())
}
