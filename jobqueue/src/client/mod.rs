//! A connection to Redis, and the state that all queues reached through it share.

mod audit;
mod audit_log;
mod builder;
mod process;
mod server_report;
mod shared;
pub(crate) mod trace;
#[cfg(feature = "testing")]
mod watch;

pub(crate) use audit::{Act, Affected};
pub use audit::{Actor, AuditAnswer};
pub use audit_log::{AuditEntry, AuditLog, AuditStream};
pub use builder::ClientBuilder;
#[cfg(feature = "testing")]
pub(crate) use watch::{Following, SentJob, SentMessage, Watch};

use std::{any::Any, sync::Arc};

use self::{shared::Shared, trace::TraceSource};
use crate::{
    job::{Codec, Job, ProcessInfo, TraceContext},
    outbox::Relays,
    store::Store,
};

/// A connection to Redis: the way to every queue.
///
/// A client is cheap to clone, and all tasks can share it: concurrent adds to a queue travel
/// together in one call (group commit), so many tasks cost Redis little more than one. It must be
/// used within a tokio runtime. After an outage of Redis it reconnects by itself; calls made
/// meanwhile wait for it, up to [`retry_timeout`](ClientBuilder::retry_timeout).
///
/// ```no_run
/// # async fn example() -> jobqueue::Result<()> {
/// use jobqueue::Client;
///
/// let client = Client::connect("redis://127.0.0.1").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>, Option<Arc<Actor>>);

#[derive(Debug)]
struct Inner {
    store: Store,
    relays: Relays,
    settings: Settings,
    shared: Shared,
}

/// What the builder sets for all calls of a client.
#[derive(Clone, Debug)]
struct Settings {
    codec: Option<Codec>,
    max_payload: usize,
    trace: Option<TraceSource>,
    /// Who this process is.
    process: Arc<ProcessInfo>,
}

impl Client {
    fn new(store: Store, settings: Settings) -> Self {
        let relays = Relays::new(store.clone());
        Self(Arc::new(Inner { store, relays, settings, shared: Shared::default() }), None)
    }

    /// Whether the two are clones of one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// The relays that bring effects from one queue to others.
    pub(crate) fn relays(&self) -> &Relays {
        &self.0.relays
    }

    /// State of another module that all clones of this client share, one value of each type. The
    /// first use makes it, so the client needn't know the modules that build on it.
    pub(crate) fn shared<T>(&self) -> &T
    where
        T: Any + Default + Send + Sync,
    {
        self.0.shared.get()
    }

    /// The trace that an add made at this point continues.
    pub(crate) fn trace(&self) -> Option<TraceContext> {
        trace::current(self.0.settings.trace.as_ref())
    }

    /// Who this process is, as others see it.
    #[must_use]
    pub fn process(&self) -> &ProcessInfo {
        &self.0.settings.process
    }

    pub(crate) fn max_payload(&self) -> usize {
        self.0.settings.max_payload
    }

    /// The codec for a job of which only the name is known.
    pub(crate) fn codec(&self) -> Codec {
        self.codec_or(Codec::default())
    }

    pub(crate) fn codec_of<J: Job>(&self) -> Codec {
        self.codec_or(J::DEFINITION.codec)
    }

    pub(crate) fn codec_or(&self, declared: Codec) -> Codec {
        self.0.settings.codec.unwrap_or(declared)
    }
}
