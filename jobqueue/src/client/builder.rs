//! Setting a client up.

use std::{fmt, ops::RangeInclusive, sync::Arc, time::Duration};

use super::{Client, Settings, process, trace::TraceSource};
use crate::{
    error::{Error, Result},
    job::{Codec, TraceContext},
    store::{ConnectionName, Destination, Limits, Retries, Store, TlsOptions},
    value_error::Invalid,
};

/// The default limit of a payload's size: 1 MiB.
const MAX_PAYLOAD: usize = 1 << 20;

/// The highest limit of a payload's size: a call has to fit into what servers read at once.
const MOST_PAYLOAD: usize = 256 << 20;

/// How long connections and answers may take: shorter, none would come.
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(3_600);

/// How long calls wait by default for Redis to come back.
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
    /// | `redis+sentinel://[user:password@]host[,host…]/service[/database]` | by sentinels |
    /// | `…?sentinel_user=…&sentinel_password=…` | for sentinels with a password of their own |
    /// | `rediss+sentinel://…` | TLS to the sentinels and to the master |
    /// | `embedded:` | a server in this process, in memory; with the feature `embedded` |
    /// | `embedded:/path/to/folder[?sync=always]` | the same, [kept on disk](crate::docs::embedded) |
    ///
    /// Sentinels, each with an optional port, name the master of the service; user and password are
    /// the master's.
    ///
    /// The client finds out whether the server belongs to a cluster. There, each queue is on one
    /// slot, and its requests follow the slot to its node and to a new master. While a slot moves,
    /// calls on its queue wait, up to their [`retry_timeout`](ClientBuilder::retry_timeout).
    /// [`Durability`](crate::Durability) says what a failover may lose, and how to lose nothing.
    #[must_use]
    pub fn builder(url: &str) -> ClientBuilder {
        Self::builder_of(Destination::Url(url.to_owned()))
    }

    pub(crate) fn builder_of(destination: Destination) -> ClientBuilder {
        ClientBuilder {
            destination,
            prefix: "jq".to_owned(),
            tls: TlsOptions::new(),
            retry_timeout: RETRY_TIMEOUT,
            wait: Duration::ZERO,
            limits: Limits::DEFAULT,
            settings: Settings {
                codec: None,
                max_payload: MAX_PAYLOAD,
                trace: None,
                process: Arc::new(process::this()),
            },
        }
    }
}

/// The settings of a [`Client`] before it connects.
#[derive(Clone)]
pub struct ClientBuilder {
    destination: Destination,
    prefix: String,
    tls: TlsOptions,
    retry_timeout: Duration,
    wait: Duration,
    limits: Limits,
    settings: Settings,
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: it may hold a password.
        f.debug_struct("ClientBuilder")
            .field("prefix", &self.prefix)
            .field("tls", &self.tls)
            .field("retry_timeout", &self.retry_timeout)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// The prefix of all keys, 1 to 64 printable ASCII characters without braces; `jq` by default.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The program's name and version, as operators see them: with [workers](Client::workers), with
    /// jobs that have ended, in the audit log, and in the names of connections. Each at most 64
    /// bytes. By default the name of the program's file, and no version.
    ///
    /// ```no_run
    /// # async fn example() -> jobqueue::Result<()> {
    /// let client = jobqueue::Client::builder("redis://127.0.0.1")
    ///     .program("billing", env!("CARGO_PKG_VERSION"))
    ///     .label("zone", "eu")
    ///     .connect()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn program(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        let process = Arc::make_mut(&mut self.settings.process);
        (process.program, process.version) = (name.into(), version.into());
        self
    }

    /// Something else that operators see of this process; at most 16 labels, each and its value of
    /// at most 64 bytes. A later one of the same name replaces it.
    #[must_use]
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let process = Arc::make_mut(&mut self.settings.process);
        process.labels.insert(name.into(), value.into());
        self
    }

    /// Certificates for `rediss://`; the public certificate authorities by default.
    #[must_use]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }

    /// The codec of all payloads, instead of the one that each handler declares. Without either it
    /// is MessagePack.
    #[must_use]
    pub fn codec(mut self, codec: Codec) -> Self {
        self.settings.codec = Some(codec);
        self
    }

    /// The most bytes that a payload may have; 1 MiB by default, 256 MiB at most.
    #[must_use]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.settings.max_payload = bytes;
        self
    }

    /// How long a call waits for Redis to come back before it fails; 10 s by default.
    #[must_use]
    pub fn retry_timeout(mut self, retry_timeout: Duration) -> Self {
        self.retry_timeout = retry_timeout;
        self
    }

    /// How long [`connect`](Self::connect) waits for a server that isn't there yet, still loads, or
    /// fails over; it doesn't wait by default. For programs that start together with their server.
    #[must_use]
    pub fn wait_for_server(mut self, limit: Duration) -> Self {
        self.wait = limit;
        self
    }

    /// How long making a connection may take; 5 s by default, 10 ms to 1 h.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = limit;
        self
    }

    /// How long an answer may take before the connection counts as dead; 5 s by default, 10 ms to
    /// 1 h.
    #[must_use]
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.limits.response = limit;
        self
    }

    /// The source of the current trace, such as OpenTelemetry. Each add asks it when it is made.
    /// Its answer wins over the trace of a run that adds; a `traceparent` header of the add wins
    /// over both. By default an add made inside a run continues the run's trace, and any other add
    /// has none.
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
    #[must_use]
    pub fn trace(
        mut self,
        current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static,
    ) -> Self {
        self.settings.trace = Some(TraceSource::new(current));
        self
    }

    fn validate(&self) -> Result<(), Invalid> {
        let limits =
            [("connect_timeout", self.limits.connect), ("response_timeout", self.limits.response)];
        for (what, limit) in limits {
            if !TIMEOUTS.contains(&limit) {
                return Err(Invalid::new(what, limit, "use 10 ms to 1 h"));
            }
        }
        process::check(&self.settings.process)?;
        let most = self.settings.max_payload;
        if most == 0 || most > MOST_PAYLOAD {
            return Err(Invalid::new("max_payload", most, "use 1 byte to 256 MiB"));
        }
        Ok(())
    }

    /// Connects, and checks the server.
    ///
    /// # Errors
    /// The URL or a setting is invalid, the server can't be reached, is too old, or forbids
    /// scripts.
    pub async fn connect(self) -> Result<Client> {
        self.validate()?;
        let Self { destination, prefix, tls, retry_timeout, wait, limits, settings } = self;
        // A folder's server may be a process that is just ending: another takes its place.
        let wait = if destination.changes_hands() { wait.max(limits.connect) } else { wait };
        let mut retries = Retries::within(wait);
        loop {
            let names = ConnectionName::of(&settings.process);
            let connected =
                Store::connect(&destination, &tls, prefix.clone(), (limits, names), retry_timeout);
            match retries.attempt(connected).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                store => return Ok(Client::new(store?, settings)),
            }
        }
    }
}
