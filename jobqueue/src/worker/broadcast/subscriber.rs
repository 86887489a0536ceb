//! Receives broadcasts for a worker's listeners, over a connection of its own that is checked both
//! ways.

use std::{
    collections::{HashSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures_util::FutureExt as _;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tracing::{debug, info, warn};

use super::listener::{ListenerEntry, Listeners};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    job::{Delivery, JobId, Message, QueueName},
    store::{Retries, Store, Subscription},
    task::boxed,
    worker::{
        config::MAX_SLEEP,
        run::{
            AttemptNumbers, Cancellation, Context, ContextParts, RunParts, panic_message, run_trace,
        },
        signals::Phase,
        states::States,
        telemetry::Telemetry,
    },
};

/// How many messages may wait for listeners that are slow. Further ones are dropped.
const BUFFER: usize = 1_000;

/// How many messages are remembered, to know those that come twice.
const REMEMBERED: usize = 1_000;

/// The subscription of a worker to its listeners' broadcasts.
pub(crate) struct Subscriber {
    pub(crate) store: Store,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) states: Arc<States>,
    pub(crate) telemetry: Telemetry,
    pub(crate) phase: watch::Receiver<Phase>,
    /// How many messages are handled at once.
    pub(crate) slots: usize,
}

impl Subscriber {
    /// Receives until the worker drains; then received messages may be handled until the drain's
    /// deadline.
    pub(crate) async fn run(self) -> Result<()> {
        let (buffer, heard) = mpsc::channel(BUFFER);
        let hearing = self.work_off(heard);
        tokio::pin!(hearing);
        let deadline = {
            let receive = self.receive(buffer);
            tokio::pin!(receive);
            tokio::select! {
                biased;
                deadline = self.draining() => deadline,
                never = &mut receive => match never {},
                () = &mut hearing => return Err(Error::Closed),
            }
        };
        // The buffer is closed now. The rest of it is handled, if time allows.
        if timeout_at(deadline, hearing).await.is_err() {
            warn!("listeners took too long, and were ended");
        }
        Ok(())
    }

    async fn draining(&self) -> Instant {
        let mut phase = self.phase.clone();
        let draining = phase.wait_for(|phase| matches!(phase, Phase::Draining(_))).await;
        match draining.as_deref() {
            Ok(Phase::Draining(deadline)) => *deadline,
            // The worker is gone.
            _ => Instant::now(),
        }
    }

    /// Subscribes, again and again, and puts messages into the buffer.
    async fn receive(
        &self,
        buffer: mpsc::Sender<(QueueName, Message)>,
    ) -> std::convert::Infallible {
        let channels = self.listeners.channels();
        let (mut retries, mut memory) = (Retries::endless(), Memory::default());
        let mut down_since: Option<Instant> = None;
        loop {
            let began = Instant::now();
            let error = match self.store.subscribe(&channels).await {
                Err(error) => error,
                Ok(mut subscription) => {
                    info!(?channels, "listening");
                    if let Some(since) = down_since.take() {
                        self.telemetry.broadcasts_missed(since);
                    }
                    self.pass_on(&mut subscription, &buffer, &mut memory).await
                }
            };
            if down_since.is_none() {
                self.telemetry.not_listening(&channels, &error);
                down_since = Some(Instant::now());
            }
            if began.elapsed() > MAX_SLEEP {
                retries = Retries::endless();
            }
            let _ = retries.wait_or(error).await;
        }
    }

    /// Puts messages into the buffer, until the subscription ends.
    async fn pass_on(
        &self,
        subscription: &mut Subscription,
        buffer: &mpsc::Sender<(QueueName, Message)>,
        memory: &mut Memory,
    ) -> Error {
        loop {
            let (channel, bytes) = match subscription.next().await {
                Ok(heard) => heard,
                Err(error) => return error,
            };
            match Message::decode(&bytes) {
                Ok(message) if memory.knows(&message.id) => {}
                Ok(message) => {
                    // No wait here: the server disconnects a subscriber that doesn't read.
                    if buffer.try_send((channel, message)).is_err() {
                        self.telemetry.broadcast_dropped();
                    }
                }
                Err(error) => warn!(%channel, error = %chain(&error), "a broadcast can't be read"),
            }
        }
    }

    /// Hands messages to the listeners, as many at once as there are slots.
    async fn work_off(&self, mut heard: mpsc::Receiver<(QueueName, Message)>) {
        let slots = Arc::new(Semaphore::new(self.slots));
        let mut hearings = JoinSet::new();
        while let Some((channel, message)) = heard.recv().await {
            for listener in self.listeners.of(&channel) {
                // The semaphore is never closed.
                let Ok(slot) = slots.clone().acquire_owned().await else { return };
                let (listener, message) = (listener.clone(), message.clone());
                let states = self.states.clone();
                hearings.spawn(boxed(async move {
                    hear(listener, message, states).await;
                    drop(slot);
                }));
            }
            while hearings.try_join_next().is_some() {}
        }
        while hearings.join_next().await.is_some() {}
    }
}

/// One listener handles one message. No failure here ends anything else.
pub(super) async fn hear(listener: Arc<ListenerEntry>, message: Message, states: Arc<States>) {
    let Message { id, record } = message;
    let (name, payload, codec) = (record.name.clone(), record.payload.clone(), record.codec);
    let cancellation = Cancellation::default();
    let ctx = Context::new(ContextParts {
        id: id.clone(),
        trace: run_trace(&record),
        record,
        numbers: AttemptNumbers::ONE,
        states,
        deadline: OnceLock::new(),
        cancellation: cancellation.clone(),
        delivery: Delivery::AtMostOnce,
        parts: RunParts::new(false),
        shared: None,
    });
    if let Some(deadline) = Instant::now().checked_add(listener.timeout) {
        ctx.set_deadline(deadline);
    }
    let hearing = async {
        match listener.hear(&payload, codec, ctx) {
            Ok(hearing) => hearing.await.map_err(|failure| failure.to_string()),
            Err(error) => Err(chain(&error).to_string()),
        }
    };
    let hearing = AssertUnwindSafe(hearing).catch_unwind();
    let problem = match timeout(listener.timeout, hearing).await {
        Ok(Ok(Ok(()))) => return debug!(%name, %id, "heard"),
        Ok(Ok(Err(problem))) => problem,
        Ok(Err(panic)) => panic_message(panic),
        Err(_) => {
            cancellation.cancel();
            format!("it took longer than {:?}", listener.timeout)
        }
    };
    warn!(%name, %id, problem, "a listener failed");
}

/// The newest messages, by their ids.
#[derive(Debug, Default)]
struct Memory {
    order: VecDeque<JobId>,
    ids: HashSet<JobId>,
}

impl Memory {
    /// Whether a message has come before. From now on it is remembered.
    fn knows(&mut self, id: &JobId) -> bool {
        if !self.ids.insert(id.clone()) {
            return true;
        }
        self.order.push_back(id.clone());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_twice_is_known_and_what_is_long_ago_forgotten() {
        let mut memory = Memory::default();
        let first = JobId::generate();
        assert!(!memory.knows(&first) && memory.knows(&first));
        for _ in 0..REMEMBERED {
            assert!(!memory.knows(&JobId::generate()));
        }
        assert!(!memory.knows(&first));
        assert_eq!(memory.ids.len(), REMEMBERED);
    }
}
