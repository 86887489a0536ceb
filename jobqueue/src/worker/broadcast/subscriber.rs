//! Hears broadcasts for a worker's listeners, over a connection of its own that is watched both ways.

use std::{
    collections::{HashSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
};

use futures_util::FutureExt as _;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
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
    worker::{
        extract::States,
        pump::MAX_SLEEP,
        run::{Context, ContextParts, Signals, panic_message, run_trace},
        signals::Phase,
        telemetry::{EventSender, WorkerEvent},
    },
};

/// How many messages may wait for listeners that are slow. Further ones are dropped.
const BUFFER: usize = 1_000;

/// How many messages are remembered, to know those that come twice.
const REMEMBERED: usize = 1_000;

/// What a radio is given.
pub(crate) struct Subscriber {
    pub(crate) store: Store,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) states: Arc<States>,
    pub(crate) events: EventSender,
    pub(crate) phase: watch::Receiver<Phase>,
    /// How many messages are heard at once.
    pub(crate) slots: usize,
}

impl Subscriber {
    /// Listens until the worker drains; then what was heard may be worked off until the drain's deadline.
    pub(crate) async fn run(self) -> Result<()> {
        let (buffer, heard) = mpsc::channel(BUFFER);
        let hearing = self.work_off(heard);
        tokio::pin!(hearing);
        let deadline = {
            let receive = self.receive(buffer);
            tokio::pin!(receive);
            tokio::select! {
                deadline = self.draining() => deadline,
                never = &mut receive => match never {},
                () = &mut hearing => return Err(Error::Closed),
            }
        };
        // The buffer is closed now. What is left of it, if time allows.
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

    /// Subscribes, again and again, and puts what comes into the buffer.
    async fn receive(
        &self,
        buffer: mpsc::Sender<(QueueName, Message)>,
    ) -> std::convert::Infallible {
        let channels = self.listeners.channels();
        let (mut retries, mut deaf, mut memory) = (Retries::endless(), None, Memory::default());
        loop {
            let began = Instant::now();
            let error = match self.store.subscribe(&channels).await {
                Err(error) => error,
                Ok(mut subscription) => {
                    info!(?channels, "listening");
                    if let Some(since) = deaf.take().map(|since: Instant| since.elapsed()) {
                        warn!(?since, "broadcasts were missed: nobody listened here for a while");
                        self.events.say(|| WorkerEvent::BroadcastsMissed);
                    }
                    self.pass_on(&mut subscription, &buffer, &mut memory).await
                }
            };
            if deaf.is_none() {
                warn!(error = %chain(&error), "broadcasts can't be heard; trying on");
                deaf = Some(Instant::now());
            }
            if began.elapsed() > MAX_SLEEP {
                retries = Retries::endless();
            }
            let _ = retries.wait_or(error).await;
        }
    }

    /// Puts what comes into the buffer, until the subscription ends.
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
                    // Not to wait here: a subscriber that doesn't read is thrown out by the server.
                    if buffer.try_send((channel, message)).is_err() {
                        warn!("a broadcast is dropped: listeners are too slow");
                        self.events.say(|| WorkerEvent::BroadcastsMissed);
                    }
                }
                Err(error) => warn!(%channel, error = %chain(&error), "a broadcast can't be read"),
            }
        }
    }

    /// Hands what was heard to the listeners, so many at once.
    async fn work_off(&self, mut heard: mpsc::Receiver<(QueueName, Message)>) {
        let slots = Arc::new(Semaphore::new(self.slots));
        let mut hearings = JoinSet::new();
        while let Some((channel, message)) = heard.recv().await {
            for wait_state in self.listeners.of(&channel) {
                // The semaphore is never closed.
                let Ok(slot) = slots.clone().acquire_owned().await else { return };
                hearings.spawn(hear(
                    wait_state.clone(),
                    message.clone(),
                    self.states.clone(),
                    slot,
                ));
            }
            while hearings.try_join_next().is_some() {}
        }
        while hearings.join_next().await.is_some() {}
    }
}

/// One listener hears one message. Nothing that happens here ends anything else.
async fn hear(
    wait_state: Arc<ListenerEntry>,
    message: Message,
    states: Arc<States>,
    _slot: OwnedSemaphorePermit,
) {
    let Message { id, record } = message;
    let (name, payload, codec) = (record.name.clone(), record.payload.clone(), record.codec);
    let signals = Signals::default();
    let ctx = Context::new(ContextParts {
        id: id.clone(),
        trace: run_trace(&record),
        record,
        attempt: 1,
        attempts: 1,
        states,
        deadline: OnceLock::new(),
        signals: signals.clone(),
        delivery: Delivery::AtMostOnce,
        line: None,
    });
    if let Some(deadline) = Instant::now().checked_add(wait_state.timeout) {
        ctx.set_deadline(deadline);
    }
    let hearing = async {
        match wait_state.hear(&payload, codec, ctx) {
            Ok(hearing) => hearing.await.map_err(|failure| failure.to_string()),
            Err(error) => Err(chain(&error).to_string()),
        }
    };
    let hearing = AssertUnwindSafe(hearing).catch_unwind();
    let problem = match timeout(wait_state.timeout, hearing).await {
        Ok(Ok(Ok(()))) => return debug!(%name, %id, "heard"),
        Ok(Ok(Err(problem))) => problem,
        Ok(Err(panic)) => panic_message(&*panic),
        Err(_) => {
            signals.cancel();
            format!("it took longer than {:?}", wait_state.timeout)
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
    /// Whether a message has come before; from now on it has.
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
