//! The store of one queue: calls of scripts, and plain commands.

use std::time::Duration;

use super::{
    command::{Args, Command},
    keys::{Key, Keys},
    link::{Limits, Link, Route, TlsOptions, url},
    reply,
    retries::Retries,
    server_error::{self, About},
};
use crate::{
    error::{Error, Result},
    job::{JobId, QueueName},
    value_error::Corrupt,
};

/// The store of one queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueStore {
    pub(super) route: Route,
    pub(super) keys: Keys,
    /// How long a call of a producer or an operator waits for Redis to come back.
    pub(super) retry_timeout: Duration,
}

impl QueueStore {
    pub(crate) fn name(&self) -> &QueueName {
        self.keys.queue()
    }

    /// The same queue over a connection of its own.
    pub(crate) fn with_own_connection(&self) -> Self {
        Self { route: self.route.sibling(), ..self.clone() }
    }

    pub(crate) fn retry_timeout(&self) -> Duration {
        self.retry_timeout
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
            && server_error::is_noscript(error)
        {
            // The server was restarted, failed over or flushed. EVAL runs the script and keeps it.
            reply = self.route.request(&self.eval(command)).await;
        }
        match reply {
            Ok(value) => Ok(self.read(command, value)?),
            Err(error) => Err(server_error::explain(error, self.about(command))),
        }
    }

    /// Calls a script that may be repeated without harm, until the server answers or patience ends.
    pub(crate) async fn call_retrying<C: Command>(&self, command: &C) -> Result<C::Reply> {
        self.call_within(self.retry_timeout, command).await
    }

    /// The same with a patience of its own.
    pub(crate) async fn call_within<C: Command>(
        &self,
        retry_timeout: Duration,
        command: &C,
    ) -> Result<C::Reply> {
        let mut retries = Retries::within(retry_timeout);
        loop {
            match self.call(command).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
        }
    }

    /// A job's log lines from `from` on, at most `count`.
    pub(crate) async fn logs(&self, id: &JobId, from: usize, count: usize) -> Result<Vec<String>> {
        const ACTION: &str = "read a job's log";
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.logs(id)).arg(from).arg(from.saturating_add(count).saturating_sub(1));
        let value = self.request(&command, ACTION).await?;
        let lines = reply::array(value, ACTION)?;
        lines.iter().map(|line| Ok(reply::text(line, ACTION)?.to_owned())).collect()
    }

    /// A job's newest failed attempts, newest first.
    pub(crate) async fn errors(&self, id: &JobId) -> Result<Vec<crate::job::JobFailure>> {
        const ACTION: &str = "read a job's errors";
        let mut command = redis::cmd("LRANGE");
        command.arg(self.keys.errors(id)).arg(0).arg(-1);
        let errors = reply::array(self.request(&command, ACTION).await?, ACTION)?;
        let read = |error| crate::job::JobFailure::decode(&reply::bytes(error, ACTION)?);
        Ok(errors.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Waits for the queue's wake token, and takes it. `false` if none came in time.
    ///
    /// For a store [apart](Self::with_own_connection): it blocks the connection.
    pub(crate) async fn wait_for_wake(&self, limit: Duration) -> Result<bool> {
        const ACTION: &str = "wait for jobs";
        let mut command = redis::cmd("BLPOP");
        command.arg(self.shared(Key::Wake)).arg(limit.as_secs_f64());
        // The server's limit, and then some for the way back: a connection that stays silent beyond
        // it is dead, however open it looks.
        let limit = limit.saturating_add(self.response_limit());
        let reply = self.route.request_within(&command, limit).await;
        let value =
            reply.map_err(|error| server_error::explain(error, self.about_action(ACTION)))?;
        Ok(reply::optional(&value).is_some())
    }

    /// Throws the connection away, and with it a wait that nobody wants any more.
    pub(crate) fn disconnect(&self) {
        self.route.disconnect();
    }

    pub(super) async fn request(
        &self,
        command: &redis::Cmd,
        action: &'static str,
    ) -> Result<redis::Value> {
        let reply = self.route.request(command).await;
        reply.map_err(|error| server_error::explain(error, self.about_action(action)))
    }

    /// A queue of a server that is never connected to, for measuring what is written to it.
    #[cfg(feature = "internals")]
    pub(crate) fn unconnected(queue: &QueueName) -> Result<Self> {
        let endpoint = url::open("redis://127.0.0.1", &TlsOptions::default())?;
        let route = Route::Server(Link::new(endpoint, Limits::DEFAULT));
        Ok(Self { route, keys: Keys::new("jq", queue), retry_timeout: Duration::ZERO })
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

    pub(super) fn eval<C: Command>(&self, command: &C) -> redis::Cmd {
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
                Key::Running => self.write_running(command.worker(), request),
                Key::Former => self.write_running(command.former(), request),
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

    pub(super) fn shared(&self, column: Key) -> &str {
        self.keys.shared(column).unwrap_or_default()
    }

    pub(super) fn about<'a, C: Command>(&'a self, command: &'a C) -> About<'a> {
        match (command.job(), command.key()) {
            (Some(job), _) => About::job(C::ACTION, self.name(), job),
            (None, Some(key)) => About::key(C::ACTION, self.name(), key),
            (None, None) => About::named(C::ACTION, C::KIND, self.name()),
        }
    }

    /// Reads a script's answer. What can't be read is told with what the call was about.
    pub(super) fn read<C: Command>(
        &self,
        command: &C,
        value: redis::Value,
    ) -> Result<C::Reply, Corrupt> {
        command
            .read(value)
            .map_err(|corrupt| corrupt.about(self.about(command).operation().target()))
    }

    pub(super) fn about_action(&self, action: &'static str) -> About<'_> {
        About::named(action, "queue", self.name())
    }
}
