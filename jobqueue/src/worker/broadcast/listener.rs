//! Listeners of broadcasts.

use std::{collections::BTreeMap, fmt, marker::PhantomData, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    job::{Broadcast, BroadcastDefinition, Codec, Failure, QueueName},
    value_error::{Invalid, PayloadError},
    worker::{
        run::Context,
        states::{MissingState, States},
    },
};

/// Handles broadcasts of one kind. [`#[broadcast]`](macro@crate::broadcast) implements it.
///
/// Written by hand it looks like this:
///
/// ```
/// use jobqueue::{broadcast::{Broadcast, BroadcastDefinition}, handler::Listener, Context, Failure};
///
/// struct Forget;
///
/// impl Broadcast for Forget {
///     type Message = String;
///     const CHANNEL: BroadcastDefinition = BroadcastDefinition::new("cache-invalidation");
/// }
///
/// impl Listener for Forget {
///     async fn hear(key: String, _ctx: Context) -> Result<(), Failure> {
///         println!("{key} has changed");
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "no listener is implemented for these broadcasts",
    label = "a `Broadcast` alone",
    note = "implement `Listener` for it, or put `#[broadcast(\"name\")]` on a function"
)]
pub trait Listener: Broadcast {
    /// Checks that the worker has all state that the listener's arguments ask for; called when it
    /// is built.
    ///
    /// # Errors
    /// The first state that is missing.
    fn check(states: &States) -> Result<(), MissingState> {
        let _ = states;
        Ok(())
    }

    /// Handles one message. Its context has the message's id, and neither progress nor a log. A
    /// failure is only logged.
    fn hear(
        message: Self::Message,
        ctx: Context,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A running listener.
pub(crate) type Listening = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// A listener without its types.
trait Erased: Send + Sync {
    fn hear(&self, message: &[u8], codec: Codec, ctx: Context) -> Result<Listening, PayloadError>;
}

impl<L: Listener> Erased for PhantomData<L> {
    fn hear(&self, message: &[u8], codec: Codec, ctx: Context) -> Result<Listening, PayloadError> {
        let message = codec.decode::<L::Message>(message)?;
        Ok(Box::pin(L::hear(message, ctx)))
    }
}

/// One listener with its rules.
pub(crate) struct ListenerEntry {
    listener: Box<dyn Erased>,
    pub(crate) timeout: Duration,
}

impl ListenerEntry {
    pub(crate) fn hear(
        &self,
        message: &Bytes,
        codec: Codec,
        ctx: Context,
    ) -> Result<Listening, PayloadError> {
        self.listener.hear(message, codec, ctx)
    }
}

/// The listeners of a worker, by channel.
#[derive(Default)]
pub(crate) struct Listeners(BTreeMap<QueueName, Vec<Arc<ListenerEntry>>>);

impl Listeners {
    pub(crate) fn insert<L: Listener>(&mut self) -> Result<(), Invalid> {
        let BroadcastDefinition { name, timeout, .. } = L::CHANNEL;
        if timeout.is_zero() {
            let problem = format!("the listener of broadcast {name:?} has a timeout of zero");
            return Err(Invalid::setup(problem, "use 1 ms or more"));
        }
        let entry = ListenerEntry { listener: Box::new(PhantomData::<L>), timeout };
        self.0.entry(name.parse()?).or_default().push(Arc::new(entry));
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn channels(&self) -> Vec<QueueName> {
        self.0.keys().cloned().collect()
    }

    pub(crate) fn of(&self, channel: &QueueName) -> &[Arc<ListenerEntry>] {
        self.0.get(channel).map_or(&[], Vec::as_slice)
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
