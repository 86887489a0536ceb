//! What a test does to the way to Redis: the server is gone for a while, or one call fails. It holds
//! for the test's own thread, as its time does.

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redis::{Arg, Cmd, RedisError, Value};
use tokio::{sync::watch, time::Instant};

use super::dial::unreachable;
use crate::store::{script::Script, server_error::is_noscript};

/// How one call to Redis fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallFault {
    /// The connection breaks before Redis has the call. The library tries again.
    Lost,
    /// Redis carries the call out, and the connection breaks before the answer. The library finds
    /// out.
    Unanswered,
    /// Redis refuses it, since its memory is full. What made the call hears of it.
    Refused,
}

/// The faults of a test. All clones are one.
#[derive(Clone, Debug)]
pub(crate) struct Faults(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    next: Mutex<VecDeque<(&'static [&'static Script], CallFault)>>,
    absence: watch::Sender<Absence>,
}

/// Whether the server is gone.
#[derive(Clone, Copy, Debug, Default)]
struct Absence {
    /// How many guards say so.
    guards: usize,
    until: Option<Instant>,
}

thread_local! {
    static FAULTS: RefCell<Option<Faults>> = const { RefCell::new(None) };
}

impl Default for Faults {
    fn default() -> Self {
        Self(Arc::new(Inner { next: Mutex::default(), absence: watch::Sender::default() }))
    }
}

impl Faults {
    /// From now on, these are the faults of this thread.
    pub(crate) fn enter(&self) {
        FAULTS.set(Some(self.clone()));
    }

    /// This thread has no faults any more.
    pub(crate) fn leave() {
        FAULTS.set(None);
    }

    /// The next call of one of these scripts fails so, after those that were asked for before.
    pub(crate) fn plan(&self, scripts: &'static [&'static Script], fault: CallFault) {
        self.next().push_back((scripts, fault));
    }

    /// The server is gone until [`back`](Self::back).
    pub(crate) fn go(&self) {
        self.0.absence.send_modify(|absence| absence.guards += 1);
    }

    pub(crate) fn back(&self) {
        self.0.absence.send_modify(|absence| absence.guards -= 1);
    }

    /// The server is gone until then.
    pub(crate) fn go_until(&self, end: Instant) {
        self.0.absence.send_modify(|absence| absence.until = absence.until.max(Some(end)));
    }

    fn next(&self) -> MutexGuard<'_, VecDeque<(&'static [&'static Script], CallFault)>> {
        self.0.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, command: &Cmd) -> Option<(&'static [&'static Script], CallFault)> {
        let mut next = self.next();
        let at = next.iter().position(|(scripts, _)| calls(command, scripts))?;
        next.remove(at)
    }

    /// Waits until the server is gone.
    async fn gone(&self) {
        let mut absence = self.0.absence.subscribe();
        let gone = |it: &Absence| it.guards > 0 || it.until.is_some_and(|end| end > Instant::now());
        // The sender lives as long as this.
        let _ = absence.wait_for(gone).await;
    }

    async fn spoil<T>(
        &self,
        command: Option<&Cmd>,
        request: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, RedisError> {
        let request = async {
            tokio::select! {
                biased;
                () = self.gone() => Err(unreachable("redis is gone, as the test asked")),
                answer = request => answer,
            }
        };
        let Some((scripts, fault)) = command.and_then(|command| self.take(command)) else {
            return request.await;
        };
        match fault {
            CallFault::Lost => Err(unreachable("the call was lost, as the test asked")),
            CallFault::Refused => Err(full()),
            CallFault::Unanswered => match request.await {
                Err(error) if is_noscript(&error) => {
                    self.next().push_front((scripts, fault));
                    Err(error)
                }
                Ok(_) => Err(unreachable("the answer was lost, as the test asked")),
                failed => failed,
            },
        }
    }
}

/// A request under the faults of this thread. Boxed, so that the futures above stay as they are.
pub(super) fn under<'a, T>(
    command: Option<&'a Cmd>,
    request: impl Future<Output = Result<T, RedisError>> + Send + 'a,
) -> Pin<Box<dyn Future<Output = Result<T, RedisError>> + Send + 'a>> {
    match FAULTS.with_borrow(Option::clone) {
        None => Box::pin(request),
        Some(faults) => Box::pin(async move { faults.spoil(command, request).await }),
    }
}

fn calls(command: &Cmd, scripts: &[&Script]) -> bool {
    let mut words = command.args_iter();
    let (Some(Arg::Simple(name)), Some(Arg::Simple(script))) = (words.next(), words.next()) else {
        return false;
    };
    match name {
        b"EVALSHA" => scripts.iter().any(|known| known.sha().as_bytes() == script),
        b"EVAL" => scripts.iter().any(|known| known.source.as_bytes() == script),
        _ => false,
    }
}

fn full() -> RedisError {
    let said = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    match redis::parse_redis_value(said) {
        Ok(Value::ServerError(error)) => error.into(),
        _ => unreachable("memory is full"),
    }
}
