//! A server in the process, with a network that breaks.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use jobqueue::{Client, internals::simulation};
use jobqueue_engine::{Clock, Copy, Engine, Reply, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    task::JoinHandle,
    time::timeout,
};

use crate::wait::step;

/// A server whose connections can be cut.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) engine: Arc<Engine>,
    connections: Arc<Mutex<Vec<JoinHandle<()>>>>,
    wire: Arc<Mutex<Wire>>,
}

/// What becomes of what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    Sound,
    /// Requests arrive, and no reply does.
    Mute,
    /// Nobody is there.
    Dead,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::of(Engine::new(Clock::tokio_from(1_767_225_600_000), 1))
    }

    fn of(engine: Arc<Engine>) -> Self {
        let wire = Arc::new(Mutex::new(Wire::Sound));
        Self { engine, connections: Arc::default(), wire }
    }

    /// The same server, by another way.
    pub(crate) fn elsewhere(&self) -> Self {
        Self::of(self.engine.clone())
    }

    fn dial(&self) -> DuplexStream {
        let (ours, near) = tokio::io::duplex(1 << 20);
        let (far, theirs) = tokio::io::duplex(1 << 20);
        if self.wire() == Wire::Dead {
            return ours;
        }
        let engine = self.engine.clone();
        let serving = tokio::spawn(async move { drop(serve(engine, theirs).await) });
        let (mut from_client, mut to_client) = tokio::io::split(near);
        let (mut from_server, mut to_server) = tokio::io::split(far);
        let there =
            tokio::spawn(
                async move { drop(tokio::io::copy(&mut from_client, &mut to_server).await) },
            );
        let server = self.clone();
        let back = tokio::spawn(async move {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = from_server.read(&mut bytes).await {
                if server.wire() == Wire::Sound
                    && to_client.write_all(&bytes[..count]).await.is_err()
                {
                    break;
                }
            }
        });
        self.connections.lock().expect("no panic").extend([serving, there, back]);
        ours
    }

    fn wire(&self) -> Wire {
        *self.wire.lock().expect("no panic")
    }

    /// From now on this becomes of what is sent.
    pub(crate) fn set(&self, wire: Wire) {
        *self.wire.lock().expect("no panic") = wire;
        if wire == Wire::Dead {
            self.cut();
        }
    }

    /// Waits for something to be there, and goes on at just this moment.
    pub(crate) async fn holds(&self, command: &'static str, key: &'static str) {
        let words = [command, key].map(Bytes::from);
        let moment = async {
            loop {
                // All that happens in one ms of the tests' time is seen step by step.
                for _ in 0..1_000 {
                    if self.engine.call(&words) == Reply::Integer(1) {
                        return;
                    }
                    step().await;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(timeout(Duration::from_secs(60), moment).await.is_ok(), "{key} stays empty");
    }

    pub(crate) fn cut(&self) {
        self.connections.lock().expect("no panic").drain(..).for_each(|it| it.abort());
    }

    pub(crate) async fn client(&self) -> Client {
        let server = self.clone();
        simulation::client(move || server.dial()).connect().await.expect("it is there")
    }

    /// A replica takes over.
    pub(crate) fn fail_over(&self, copy: Copy) {
        self.cut();
        self.engine.take_over(copy);
    }
}
