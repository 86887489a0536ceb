//! A connection to Redis, and what all queues reached through it share.

pub(crate) mod trace;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use foldhash::fast::RandomState;
use serde::Serialize;

use self::trace::TraceSource;
use crate::{
    call::Mailbox,
    error::Result,
    event::Watchers,
    job::{Codec, FIRST_VERSION, Job, JobName, QueueName, TraceContext},
    outbox::Relays,
    producer::{Add, AddAll, Batcher, Batchers, Request},
    queue::Queue,
    store::{Durability, Limits, QueueStore, Store, TlsOptions},
    topic::Publishers,
    value_error::Invalid,
};

/// A connection to Redis: the way to every queue.
///
/// Cheap to clone, and to be shared by all tasks: concurrent adds to a queue travel together, in one
/// call (group commit), so many tasks cost Redis little more than one. It must be used within a tokio
/// runtime. After Redis was gone it reconnects by itself; calls made meanwhile wait for it, up to
/// [`retry_timeout`](ClientBuilder::retry_timeout).
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
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    codec: Option<Codec>,
    max_payload: usize,
    batchers: Batchers,
    publishers: Publishers,
    relays: Relays,
    trace: Option<TraceSource>,
    watchers: Watchers,
    mailbox: Mailbox,
    known: Mutex<Known>,
}

/// Queues and names of handlers, which are static texts: not parsed anew at each add.
type Known = HashMap<(&'static str, &'static str), (QueueStore, JobName), RandomState>;

/// The default limit of a payload's size: 1 MiB.
const MAX_PAYLOAD: usize = 1 << 20;

/// How long calls wait for Redis to come back, by default.
const RETRY_TIMEOUT: Duration = Duration::from_secs(10);

impl Client {
    /// Connects with all defaults.
    ///
    /// # Errors
    /// The URL is invalid, the server can't be reached, is too old, or forbids scripts.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::builder(url).connect().await
    }

    /// Sets a client up.
    ///
    /// | URL | what |
    /// | --- | --- |
    /// | `redis://[user:password@]host[:port][/database]` | a server, or any node of a cluster |
    /// | `rediss://…` | the same with TLS |
    /// | `unix:///path/to/socket[?db=1&user=…&pass=…]` | a server's socket |
    /// | `redis+sentinel://[user:password@]host[:port][,host…]/service[/database]` | the master that sentinels name; the user is the master's |
    /// | `…?sentinel_user=…&sentinel_password=…` | if the sentinels want a password of their own |
    /// | `rediss+sentinel://…` | TLS to the sentinels and to the master |
    ///
    /// That a server belongs to a cluster is found out. Each queue is on one slot, and its requests
    /// follow the slot wherever it moves and whoever becomes its master. While a slot is on its way, calls on its
    /// queue wait, up to their [`retry_timeout`](ClientBuilder::retry_timeout). What a failover may lose, and
    /// how to lose nothing, is said at [`Durability`].
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder {
            url: url.to_owned(),
            prefix: "jq".to_owned(),
            tls: TlsOptions::new(),
            codec: None,
            max_payload: MAX_PAYLOAD,
            retry_timeout: RETRY_TIMEOUT,
            limits: Limits::DEFAULT,
            trace: None,
        }
    }

    /// A queue by its name. Nothing is sent: a queue exists as soon as something is in it.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn queue(&self, name: impl AsRef<str>) -> Result<Queue> {
        let name: QueueName = name.as_ref().parse()?;
        Ok(Queue::new(self.clone(), &name))
    }

    /// Adds a job for a handler. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, DurationExt};
    /// # #[job(queue = "mails")]
    /// # async fn welcome(user: u64) {}
    /// # async fn example(client: Client) -> jobqueue::Result<()> {
    /// let handle = client.add(welcome, 42).delay(5.minutes()).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that payloads read like arguments")]
    pub fn add<J: Job>(&self, handler: J, payload: J::Payload) -> Add<J::Output> {
        let _ = handler;
        Add::new(self.request_for::<J>(), self.codec_of::<J>().encode(&payload))
    }

    /// Adds many jobs for a handler, in calls of up to 1,000, each of which adds all its jobs or none.
    pub fn add_all<J: Job>(
        &self,
        handler: J,
        payloads: impl IntoIterator<Item = J::Payload>,
    ) -> AddAll<J::Output> {
        let _ = handler;
        let codec = self.codec_of::<J>();
        let payloads = payloads.into_iter().map(|payload| codec.encode(&payload)).collect();
        AddAll::new(self.request_for::<J>(), payloads)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// What brings effects from one queue to others.
    pub(crate) fn relays(&self) -> &Relays {
        &self.0.relays
    }

    /// The trace that an add made here and now goes on with.
    pub(crate) fn trace(&self) -> Option<TraceContext> {
        trace::current(self.0.trace.as_ref())
    }

    pub(crate) fn max_payload(&self) -> usize {
        self.0.max_payload
    }

    pub(crate) fn watchers(&self) -> &Watchers {
        &self.0.watchers
    }

    /// Where replies to this client's calls arrive.
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.0.mailbox
    }

    pub(crate) fn batcher(&self, store: &QueueStore, durability: Durability) -> Batcher {
        self.0.batchers.get(store, durability, &self.0.relays)
    }

    pub(crate) fn publishers(&self) -> &Publishers {
        &self.0.publishers
    }

    /// The codec for a job of which only the name is known.
    pub(crate) fn codec(&self) -> Codec {
        self.0.codec.unwrap_or_default()
    }

    pub(crate) fn codec_of<J: Job>(&self) -> Codec {
        self.codec_or(J::DEFINITION.codec)
    }

    pub(crate) fn codec_or(&self, declared: Codec) -> Codec {
        self.0.codec.unwrap_or(declared)
    }

    pub(crate) fn request_for<J: Job>(&self) -> Result<Request, Invalid> {
        let definition = J::DEFINITION;
        let mut known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner);
        let job = (definition.queue, definition.name);
        let (store, name) = match known.get(&job) {
            Some(found) => found.clone(),
            None => {
                let store = self.0.store.queue(&definition.queue.parse()?);
                let found = (store, definition.name.parse()?);
                known.insert(job, found.clone());
                found
            }
        };
        drop(known);
        let mut request = Request::new(self.clone(), store, name, self.codec_of::<J>());
        request.options.priority = definition.priority.try_into()?;
        // Unsaid where it is the first, so that such jobs cost no byte for it.
        request.options.version =
            Some(J::VERSIONS.newest()).filter(|version| *version != FIRST_VERSION);
        if let Some(ttl) = definition.ttl {
            request.set_ttl(ttl);
        }
        Ok(request)
    }
}

/// Sets up a [`Client`]: set options, then [`connect`](Self::connect). See [`Client::builder`].
#[must_use = "a client connects when `connect` is called"]
#[derive(Clone)]
pub struct ClientBuilder {
    url: String,
    prefix: String,
    tls: TlsOptions,
    codec: Option<Codec>,
    max_payload: usize,
    retry_timeout: Duration,
    limits: Limits,
    trace: Option<TraceSource>,
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Not the URL: it may hold a password.
        f.debug_struct("ClientBuilder")
            .field("prefix", &self.prefix)
            .field("tls", &self.tls)
            .field("codec", &self.codec)
            .field("max_payload", &self.max_payload)
            .field("retry_timeout", &self.retry_timeout)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// What all keys begin with; `jq` by default. 1 to 64 printable ASCII characters without braces.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Certificates for `rediss://`; the public certificate authorities by default.
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }

    /// How all payloads are written, whatever their handlers say; each handler's own by default,
    /// which is MessagePack.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.codec = Some(codec);
        self
    }

    /// The most bytes that a payload may have; 1 MiB by default.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// How long a call waits for Redis to come back before it fails; 10 s by default.
    pub fn retry_timeout(mut self, retry_timeout: Duration) -> Self {
        self.retry_timeout = retry_timeout;
        self
    }

    /// How long making a connection may take; 5 s by default.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = limit;
        self
    }

    /// How long an answer may take before the connection counts as dead; 5 s by default.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.limits.response = limit;
        self
    }

    /// Where adds ask which trace they belong to, each when it is made: for OpenTelemetry and the like. What it
    /// says wins over the trace of a run that adds; a `traceparent` among an add's headers wins over both.
    /// Nothing is asked by default: an add made inside a run goes on with the run's trace, any other has none.
    ///
    /// ```no_run
    /// # use jobqueue::{trace::TraceContext, Client};
    /// # async fn example() -> jobqueue::Result<()> {
    /// let client = Client::builder("redis://127.0.0.1")
    ///     // With OpenTelemetry: the ids of the current span's context, if it is valid.
    ///     .trace(|| Some(TraceContext::root(true)))
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn trace(
        mut self,
        current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static,
    ) -> Self {
        self.trace = Some(TraceSource::new(current));
        self
    }

    /// Connects, and checks the server.
    ///
    /// # Errors
    /// The URL is invalid, the server can't be reached, is too old, or forbids scripts.
    pub async fn connect(self) -> Result<Client> {
        let store =
            Store::connect(&self.url, &self.tls, self.prefix, self.limits, self.retry_timeout)
                .await?;
        Ok(Client(Arc::new(Inner {
            relays: Relays::new(store.clone()),
            store,
            trace: self.trace,
            codec: self.codec,
            max_payload: self.max_payload,
            batchers: Batchers::default(),
            publishers: Publishers::default(),
            watchers: Watchers::default(),
            mailbox: Mailbox::default(),
            known: Mutex::default(),
        })))
    }
}

impl Queue {
    /// Adds a job by its name. Await the answer, or set options first.
    pub fn add<T: Serialize + ?Sized>(&self, name: &str, payload: &T) -> Add<serde_json::Value> {
        Add::new(self.request(name), self.client().codec().encode(payload))
    }

    /// Adds many jobs of one name, in calls of up to 1,000, each of which adds all its jobs or none.
    pub fn add_all<T: Serialize>(
        &self,
        name: &str,
        payloads: impl IntoIterator<Item = T>,
    ) -> AddAll<serde_json::Value> {
        let codec = self.client().codec();
        let payloads = payloads.into_iter().map(|payload| codec.encode(&payload)).collect();
        AddAll::new(self.request(name), payloads)
    }

    pub(crate) fn request(&self, name: &str) -> Result<Request, Invalid> {
        let codec = self.client().codec();
        Ok(Request::new(self.client().clone(), self.store().clone(), name.parse()?, codec))
    }
}
