//! The store of one queue: calls of scripts, and plain commands.

use std::{sync::Arc, time::Duration};

use tracing::debug;

use super::{
    command::{Args, Command, Numbered},
    keys::{Key, Keys},
    link::Route,
    registry::{Listed, Registry},
    reply,
    retries::Retries,
    senders::{Sender, Senders},
    server_error::{self, About},
};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{QueueName, WorkerId},
    task::boxed,
    value_error::Corrupt,
};

/// The store of one queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueStore {
    pub(super) route: Route,
    pub(super) keys: Keys,
    /// How long a call of a producer or an operator waits for Redis to come back.
    pub(super) retry_timeout: Duration,
    pub(super) senders: Arc<Senders>,
    pub(super) registry: Registry,
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

    /// How long one call may take, with the connection that it may need.
    pub(crate) fn call_limit(&self) -> Duration {
        let limits = self.route.limits();
        limits.connect.saturating_add(limits.response)
    }

    /// Calls a script, once.
    pub(crate) async fn call<C: Command>(&self, command: &C) -> Result<C::Reply> {
        self.call_for(self.response_limit(), command, None).await
    }

    /// Calls a script behind a [wait](Self::wait_for_wake) of at most `wait` on the same
    /// connection. Redis runs it the moment the wait is over.
    pub(crate) async fn call_behind<C: Command>(
        &self,
        wait: Duration,
        command: &C,
    ) -> Result<C::Reply> {
        self.call_for(wait.saturating_add(self.response_limit()), command, None).await
    }

    async fn call_for<C: Command>(
        &self,
        limit: Duration,
        command: &C,
        number: Option<Numbered<'_>>,
    ) -> Result<C::Reply> {
        debug_assert_eq!(C::SCRIPT.once, number.is_some(), "{}", C::ACTION);
        let mut reply = self.route.request_within(&self.evalsha(command, number), limit).await;
        if let Err(error) = &reply
            && server_error::is_noscript(error)
        {
            // The server was restarted, failed over or flushed. EVAL runs the script and keeps it.
            reply = self.route.request(&self.eval(command, number)).await;
        }
        match reply {
            Ok(value) => {
                self.list::<C>().await;
                Ok(self.read(command, value)?)
            }
            Err(error) => Err(server_error::explain(error, self.about(command))),
        }
    }

    /// Writes the names of what such a call makes to the registry, where that is due.
    pub(super) async fn list<C: Command>(&self) {
        if C::LISTS.is_empty() {
            return;
        }
        let lists = C::LISTS.iter().map(|kind| (*kind, self.name().clone(), None));
        if C::LISTS_ANEW {
            self.registry.forget_written(lists.clone());
        }
        match self.registry.list(lists) {
            Some(listing) if C::AWAITS_LISTING => listing.await,
            Some(listing) => drop(tokio::spawn(boxed(listing))),
            None => {}
        }
    }

    /// The queue was obliterated. Readers of the registry ask what exists, so nothing is lost if
    /// this fails.
    pub(crate) async fn unlist(&self, kinds: &[Listed]) {
        if let Err(error) = self.registry.forget(kinds, self.name()).await {
            debug!(name = %self.name(), error = %chain(&error), "still in the registry");
        }
    }

    /// Writes to the registry where this queue's dead letters go, though that was done before: an
    /// obliteration by somebody else has removed it.
    pub(crate) async fn list_letters(&self, to: impl IntoIterator<Item = QueueName>) {
        let from = Some(self.name().clone());
        let lists: Vec<_> = to.into_iter().map(|to| (Listed::Letters, to, from.clone())).collect();
        let lists = lists.into_iter();
        self.registry.forget_written(lists.clone());
        if let Some(listing) = self.registry.list(lists) {
            listing.await;
        }
    }

    /// Calls a script until the server answers or the retry timeout is over. One that may not be
    /// repeated has a number, under which the server carries it out once and answers the same.
    pub(crate) async fn call_retrying<C: Command>(&self, command: &C) -> Result<C::Reply> {
        self.call_within(self.retry_timeout, command).await
    }

    /// The same with a retry timeout of its own.
    pub(crate) async fn call_within<C: Command>(
        &self,
        retry_timeout: Duration,
        command: &C,
    ) -> Result<C::Reply> {
        let mut retries = Retries::within(retry_timeout);
        let mut sender = C::SCRIPT.once.then(|| self.senders.take());
        let mut number = sender.as_mut().map(Sender::call);
        loop {
            let call = self.call_for(self.response_limit(), command, number);
            match retries.attempt(call).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
            if let Some(number) = &mut number {
                number.resend = true;
            }
        }
    }

    /// Waits for the queue's wake token, and takes it. `false` if none came in time, or if
    /// [`Wake`](super::worker::Wake) has ended the wait of this name.
    ///
    /// Needs its [own connection](Self::with_own_connection), which it blocks.
    pub(crate) async fn wait_for_wake(&self, name: &WorkerId, limit: Duration) -> Result<bool> {
        const ACTION: &str = "wait for jobs";
        let mut command = redis::cmd("BLPOP");
        let (token, own) = (self.shared(Key::Wake), self.keys.wait(name));
        command.arg(token).arg(&own).arg(limit.as_secs_f64());
        // The server's limit, and some time for the way back. A connection that stays silent longer
        // is dead, even if it looks open.
        let limit = limit.saturating_add(self.response_limit());
        let value = self.request_for(&command, limit, ACTION).await?;
        if reply::optional(&value).is_none() {
            return Ok(false);
        }
        let [key, _] = reply::tuple(value, ACTION)?;
        Ok(reply::text(&key, ACTION)? == token)
    }

    /// Counts the connections that are gone. After that, another server may answer, or the same one
    /// without its last writes.
    pub(crate) fn generation(&self) -> u64 {
        self.route.generation()
    }

    /// Drops the connection, and with it a wait that is not needed any more.
    pub(crate) fn disconnect(&self) {
        self.route.disconnect();
    }

    pub(super) async fn request(
        &self,
        command: &redis::Cmd,
        action: &'static str,
    ) -> Result<redis::Value> {
        self.request_for(command, self.response_limit(), action).await
    }

    /// The same with a limit of its own.
    pub(super) async fn request_for(
        &self,
        command: &redis::Cmd,
        limit: Duration,
        action: &'static str,
    ) -> Result<redis::Value> {
        let reply = self.route.request_within(command, limit).await;
        reply.map_err(|error| server_error::explain(error, self.about_action(action)))
    }

    /// The same until the server answers or the retry timeout is over.
    pub(super) async fn request_retrying(
        &self,
        command: &redis::Cmd,
        action: &'static str,
    ) -> Result<redis::Value> {
        let mut retries = Retries::within(self.retry_timeout);
        loop {
            match retries.attempt(self.request(command, action)).await {
                Err(error @ Error::Unavailable { .. }) => retries.wait_or(error).await?,
                answer => return answer,
            }
        }
    }

    /// A call as it is written to the server.
    pub(crate) fn evalsha<C: Command>(
        &self,
        command: &C,
        number: Option<Numbered<'_>>,
    ) -> redis::Cmd {
        let (args, bytes) = command.size();
        let keys = C::KEYS.len() * (self.keys.base().len() + 10);
        let mut request = redis::Cmd::with_capacity(C::KEYS.len() + args + 4, keys + bytes + 80);
        request.arg("EVALSHA").arg(C::SCRIPT.sha());
        self.write(command, number, &mut request);
        request
    }

    pub(super) fn eval<C: Command>(&self, command: &C, number: Option<Numbered<'_>>) -> redis::Cmd {
        let mut request = redis::cmd("EVAL");
        request.arg(C::SCRIPT.source);
        self.write(command, number, &mut request);
        request
    }

    fn write<C: Command>(
        &self,
        command: &C,
        number: Option<Numbered<'_>>,
        request: &mut redis::Cmd,
    ) {
        let mut more = command.more_keys(&self.keys);
        more.extend(number.map(|number| self.keys.sender(number.sender)));
        request.arg(C::KEYS.len() + more.len());
        for key in C::KEYS {
            match key {
                Key::Running => self.write_running(command.worker(), request),
                Key::Former => self.write_running(command.former(), request),
                shared => {
                    request.arg(self.shared(*shared));
                }
            }
        }
        request.arg(more);
        command.write(&self.keys, &mut Args(request));
        if let Some(number) = number {
            number.write(&mut Args(request));
        }
    }

    fn write_running(&self, worker: Option<&crate::job::WorkerId>, request: &mut redis::Cmd) {
        // A command with this key has a worker; an empty name would be a key of its own.
        request.arg(worker.map(|worker| self.keys.running(worker)).unwrap_or_default());
    }

    pub(super) fn shared(&self, key: Key) -> &str {
        self.keys.shared(key).unwrap_or_default()
    }

    pub(super) fn about<'a, C: Command>(&'a self, command: &'a C) -> About<'a> {
        match (command.job(), command.key()) {
            (Some(job), _) => About::job(C::ACTION, self.name(), job),
            (None, Some(key)) => About::key(C::ACTION, self.name(), key),
            (None, None) => About::named(C::ACTION, C::KIND, self.name()),
        }
    }

    /// Reads a script's answer. The error of one that can't be read names the subject of the call.
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
