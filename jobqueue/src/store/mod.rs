//! Floor 2: the only place that knows redis, keys and Lua.
//!
//! A call is a value ([`command::Command`]) that a [`QueueStore`] sends by its [`Route`] and whose reply
//! comes back typed.

mod batch;
mod broadcast;
mod cluster;
mod command;
mod connection;
mod durability;
mod fault;
#[cfg(feature = "testing")]
pub mod hot;
mod ids;
mod inbox;
mod keys;
mod reply;
mod route;
mod script;
mod sentinel;
mod server;
mod stream;
mod topic_reads;
mod url;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

pub(crate) use batch::{MAX_BATCH, MAX_BYTES, chunks};
pub(crate) use broadcast::Subscription;
pub(crate) use command::Command;
#[cfg(feature = "testing")]
pub(crate) use command::scripts;
pub(crate) use command::{job, once, outbox, queue, topic, worker};
pub(crate) use connection::Limits;
pub use durability::Durability;
#[cfg(feature = "testing")]
pub(crate) use ids::read as read_ids;
pub(crate) use stream::{Entry, StreamPosition};
pub(crate) use topic_reads::{Edge, Kept};
pub use url::TlsOptions;

use self::{
    cluster::Cluster,
    command::Args,
    connection::Link,
    fault::About,
    keys::{Column, Keys},
    route::Route,
};
use crate::{
    error::{Error, Result},
    job::{JobId, QueueName},
    policy::Rate,
};

/// The store as a client has it: a server or a cluster, and what all its queues share.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    site: Site,
    prefix: String,
    patience: Duration,
}

/// What there is: one server, with or without sentinels, or a cluster.
#[derive(Clone, Debug)]
enum Site {
    Server(Link),
    Cluster(Arc<Cluster>),
}

/// The store of one queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueStore {
    route: Route,
    keys: Keys,
    /// How long a call of a producer or an operator waits for Redis to come back.
    patience: Duration,
}

impl Store {
    /// Connects, and checks that the server will do.
    pub(crate) async fn connect(
        url: &str,
        tls: &TlsOptions,
        prefix: String,
        limits: Limits,
        patience: Duration,
    ) -> Result<Self> {
        url::check_prefix(&prefix)?;
        let home = url::open(url, tls)?;
        let link = Link::new(home.clone(), limits);
        let clustered = server::check(&link).await.map_err(|error| url::explain(&home, error))?;
        let site = if clustered {
            Site::Cluster(Cluster::connect(&home, limits).await?)
        } else {
            Site::Server(link)
        };
        Ok(Self { site, prefix, patience })
    }

    pub(crate) fn queue(&self, queue: &QueueName) -> QueueStore {
        let keys = Keys::new(&self.prefix, queue);
        let route = match &self.site {
            Site::Server(link) => Route::Server(link.clone()),
            Site::Cluster(cluster) => cluster.route(keys.slot()),
        };
        QueueStore { route, keys, patience: self.patience }
    }
}

impl Site {
    fn limits(&self) -> Limits {
        match self {
            Self::Server(link) => link.limits(),
            Self::Cluster(cluster) => cluster.limits(),
        }
    }
}

/// The first wait before a call is tried again, and the longest.
const FIRST_RETRY: Duration = Duration::from_millis(20);
const LAST_RETRY: Duration = Duration::from_secs(1);

impl QueueStore {
    pub(crate) fn name(&self) -> &QueueName {
        self.keys.queue()
    }

    /// The same queue over a connection of its own.
    pub(crate) fn apart(&self) -> Self {
        Self { route: self.route.sibling(), ..self.clone() }
    }

    /// For calls that wait for this: `WAIT` holds its connection up, and counts what that connection wrote, so it
    /// has one of its own.
    pub(crate) fn for_durability(&self, durability: Durability) -> Self {
        match durability {
            Durability::Acknowledged => self.clone(),
            _ => self.apart(),
        }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// How long one request may take.
    pub(crate) fn response_limit(&self) -> Duration {
        self.route.limits().response
    }

    /// Calls a script, once.
    pub(crate) async fn call<C: Command>(&self, command: &C) -> Result<C::Reply> {
        self.call_for(self.response_limit(), command).await
    }

    /// Calls a script behind a [wait](Self::wait_for_wake) on the same connection that may be as long as this:
    /// Redis runs it the moment the wait is over.
    pub(crate) async fn call_behind<C: Command>(
        &self,
        wait: Duration,
        command: &C,
    ) -> Result<C::Reply> {
        self.call_for(wait.saturating_add(self.response_limit()), command).await
    }

    async fn call_for<C: Command>(&self, limit: Duration, command: &C) -> Result<C::Reply> {
        let mut reply = self.route.request_within(&self.evalsha(command), limit).await;
        if let Err(error) = &reply
            && fault::is_noscript(error)
        {
            // The server was restarted, failed over or flushed. EVAL runs the script and keeps it.
            reply = self.route.request(&self.eval(command)).await;
        }
        match reply {
            Ok(value) => Ok(command.read(value)?),
            Err(error) => Err(fault::explain(&error, self.about(command))),
        }
    }

    /// Calls a script that may be repeated without harm, until the server answers or patience ends.
    pub(crate) async fn call_patiently<C: Command>(&self, command: &C) -> Result<C::Reply> {
        self.call_within(self.patience, command).await
    }

    /// The same with a patience of its own.
    pub(crate) async fn call_within<C: Command>(
        &self,
        patience: Duration,
        command: &C,
    ) -> Result<C::Reply> {
        let mut retries = Retries::within(patience);
        loop {
            match self.call(command).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
        }
    }

    /// A job's log lines from `from` on, at most `count`.
    pub(crate) async fn logs(&self, id: &JobId, from: usize, count: usize) -> Result<Vec<String>> {
        const DOING: &str = "read a job's log";
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.logs(id)).arg(from).arg(from.saturating_add(count).saturating_sub(1));
        let value = self.request(&command, DOING).await?;
        let lines = reply::array(value, DOING)?;
        lines.iter().map(|line| Ok(reply::text(line, DOING)?.to_owned())).collect()
    }

    /// A job's newest failed attempts, newest first.
    pub(crate) async fn errors(&self, id: &JobId) -> Result<Vec<crate::job::JobFailure>> {
        const DOING: &str = "read a job's errors";
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.errors(id)).arg(0).arg(-1);
        let errors = reply::array(self.request(&command, DOING).await?, DOING)?;
        let read = |error| crate::job::JobFailure::decode(&reply::bytes(error, DOING)?);
        Ok(errors.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Waits for the queue's wake token, and takes it. `false` if none came in time.
    ///
    /// For a store [apart](Self::apart): it blocks the connection.
    pub(crate) async fn wait_for_wake(&self, limit: Duration) -> Result<bool> {
        const DOING: &str = "wait for jobs";
        let mut command = redis::cmd("BLPOP");
        command.arg(self.shared(Column::Wake)).arg(limit.as_secs_f64());
        // The server's limit, and then some for the way back: a connection that stays silent beyond
        // it is dead, however open it looks.
        let limit = limit.saturating_add(self.response_limit());
        let reply = self.route.request_within(&command, limit).await;
        let value = reply.map_err(|error| fault::explain(&error, self.about_doing(DOING)))?;
        Ok(reply::optional(&value).is_some())
    }

    /// Throws the connection away, and with it a wait that nobody wants any more.
    pub(crate) fn hang_up(&self) {
        self.route.hang_up();
    }

    async fn request(&self, command: &redis::Cmd, doing: &'static str) -> Result<redis::Value> {
        let reply = self.route.request(command).await;
        reply.map_err(|error| fault::explain(&error, self.about_doing(doing)))
    }

    /// A queue of a server that is never connected to, for measuring what is written to it.
    #[cfg(feature = "testing")]
    pub(crate) fn unconnected(queue: &QueueName) -> Result<Self> {
        let home = url::open("redis://127.0.0.1", &TlsOptions::default())?;
        let route = Route::Server(Link::new(home, Limits::DEFAULT));
        Ok(Self { route, keys: Keys::new("jq", queue), patience: Duration::ZERO })
    }

    /// A call as it is written to the server.
    pub(crate) fn evalsha<C: Command>(&self, command: &C) -> redis::Cmd {
        let (args, bytes) = command.size();
        let keys = C::KEYS.len() * (self.keys.base().len() + 10);
        let mut request = redis::Cmd::with_capacity(C::KEYS.len() + args + 4, keys + bytes + 80);
        request.arg("EVALSHA").arg(C::SCRIPT.sha());
        self.write(command, &mut request);
        request
    }

    fn eval<C: Command>(&self, command: &C) -> redis::Cmd {
        let mut request = redis::cmd("EVAL");
        request.arg(C::SCRIPT.source);
        self.write(command, &mut request);
        request
    }

    fn write<C: Command>(&self, command: &C, request: &mut redis::Cmd) {
        let more = command.more_keys(&self.keys);
        request.arg(C::KEYS.len() + more.len());
        for column in C::KEYS {
            match column {
                Column::Running => self.write_running(command.worker(), request),
                Column::Former => self.write_running(command.former(), request),
                shared => {
                    request.arg(self.shared(*shared));
                }
            }
        }
        request.arg(more);
        command.write(&self.keys, &mut Args(request));
    }

    fn write_running(&self, worker: Option<&crate::job::WorkerId>, request: &mut redis::Cmd) {
        // A command that names the column has a worker; an empty name would be a key of its own.
        request.arg(worker.map(|worker| self.keys.running(worker)).unwrap_or_default());
    }

    fn shared(&self, column: Column) -> &str {
        self.keys.shared(column).unwrap_or_default()
    }

    fn about<'a, C: Command>(&'a self, command: &'a C) -> About<'a> {
        About { doing: C::DOING, keys: Some(&self.keys), job: command.job() }
    }

    fn about_doing(&self, doing: &'static str) -> About<'_> {
        About { doing, keys: Some(&self.keys), job: None }
    }
}

/// When so much time is over; in ten years, if it is beyond all clocks.
pub(crate) fn deadline_after(patience: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(patience).unwrap_or(now + Duration::from_secs(10 * 365 * 86_400))
}

/// Waits between tries: longer each time, with jitter, until patience ends.
pub(crate) struct Retries {
    deadline: Option<Instant>,
    next: Duration,
}

impl Retries {
    pub(crate) fn within(patience: Duration) -> Self {
        Self { deadline: Instant::now().checked_add(patience), next: FIRST_RETRY }
    }

    pub(crate) fn until(deadline: Instant) -> Self {
        Self { deadline: Some(deadline), next: FIRST_RETRY }
    }

    /// Waits that never end, for a worker.
    pub(crate) fn endless() -> Self {
        Self { deadline: None, next: FIRST_RETRY }
    }

    /// Waits before the next try, or gives the error back if there is no time for one.
    pub(crate) async fn wait_or(&mut self, error: Error) -> Result<()> {
        let pause = self.next.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.next = (self.next * 2).min(LAST_RETRY);
        if self.deadline.is_some_and(|deadline| Instant::now() + pause > deadline) {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// A duration in whole milliseconds; what doesn't fit is cut to what a score holds exactly.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(1 << 48)
}

/// A rate as the scripts read it: interval in ms, and burst.
pub(crate) fn rate_text(rate: Rate) -> String {
    format!("{} {}", rate.interval_ms(), rate.burst_size())
}

#[cfg(test)]
mod properties;
