//! Operators' actions are noted: who did what, from where, to what, to how many, and how it was
//! answered. Only clients that act as somebody note anything.

use std::{error::Error as StdError, fmt::Display, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tracing::error;

use super::Client;
use crate::{
    error_chain::chain,
    job::{Cancelled, QueueName},
    store::Store,
    task::boxed,
};

/// How long the texts of an entry may be, in bytes.
const LONGEST: usize = 512;

/// Who acts: see [`Client::acting_as`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    name: String,
    address: Option<String>,
}

impl Actor {
    /// Somebody of this name: a person, or a program that acts by itself. Cut at 512 bytes.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: cut(name.into()), address: None }
    }

    /// Where they are, such as the address of their browser. Cut at 512 bytes.
    #[must_use]
    pub fn at(mut self, address: impl Into<String>) -> Self {
        self.address = Some(cut(address.into()));
        self
    }
}

impl From<&str> for Actor {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Actor {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// How an action was answered.
///
/// Serialized: `"begun"`, `"done"`, `{"failed": "…"}` or `"given_up"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditAnswer {
    /// It has begun; its end is an entry of its own.
    Begun,
    /// It was carried out.
    Done,
    /// It was refused, or failed, with this error. Some of its steps may have been carried out.
    Failed(String),
    /// Whoever asked for it didn't wait for the answer: it was carried out, or not.
    GivenUp,
}

/// What is written of an action. MessagePack with names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AuditNote {
    pub(crate) who: String,
    pub(crate) address: Option<String>,
    pub(crate) from: String,
    pub(crate) action: String,
    pub(crate) queue: String,
    pub(crate) on: Option<String>,
    pub(crate) count: Option<u64>,
    pub(crate) answer: AuditAnswer,
}

/// An action of an operator.
#[derive(Clone, Copy)]
pub(crate) struct Act<'a> {
    action: &'static str,
    /// The queue or topic.
    queue: &'a QueueName,
    /// A job, a schedule, a flow, a filter, a value.
    on: Option<&'a (dyn Display + Sync)>,
}

impl<'a> Act<'a> {
    pub(crate) const fn new(action: &'static str, queue: &'a QueueName) -> Self {
        Self { action, queue, on: None }
    }

    pub(crate) const fn on(mut self, on: &'a (dyn Display + Sync)) -> Self {
        self.on = Some(on);
        self
    }
}

/// An answer that says how many jobs, or whatever it is about, an action has changed.
pub(crate) trait Affected {
    fn affected(&self) -> Option<u64>;
}

impl Affected for () {
    fn affected(&self) -> Option<u64> {
        None
    }
}

impl Affected for bool {
    fn affected(&self) -> Option<u64> {
        Some(u64::from(*self))
    }
}

impl Affected for u64 {
    fn affected(&self) -> Option<u64> {
        Some(*self)
    }
}

impl Affected for Cancelled {
    fn affected(&self) -> Option<u64> {
        Some(1)
    }
}

impl<T, E> Affected for Vec<Result<T, E>> {
    fn affected(&self) -> Option<u64> {
        Some(self.iter().filter(|each| each.is_ok()).count() as u64)
    }
}

impl Client {
    /// The same client for somebody whose actions are noted in the audit log: cheap, and all else is
    /// shared. What operators do with it, and with the queues, jobs, schedules, topics and flows
    /// that it opens, is written to the [log](Self::audit_log) with its answer, refusals included.
    /// Without an actor nothing is written, and nothing costs.
    ///
    /// The entry is written after the answer. If that fails for 2 s, the action has its own answer
    /// all the same, and the entry is in this process's log, as an error.
    ///
    /// ```no_run
    /// # use jobqueue::audit::Actor;
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let alice = client.acting_as(Actor::new("alice").at("10.1.2.3"));
    /// alice.queue("orders")?.pause().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn acting_as(&self, actor: impl Into<Actor>) -> Self {
        Self(self.0.clone(), Some(Arc::new(actor.into())))
    }

    /// Notes that this program itself refused somebody an action, such as for their role: it never
    /// came to the library, and stands in the log all the same. Nothing is written unless this client
    /// [acts as](Self::acting_as) somebody.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// let bob = client.acting_as("bob");
    /// let queue = "orders".parse()?;
    /// bob.note_refusal("remove", &queue, "it needs the role `admin`").await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn note_refusal(&self, action: &'static str, queue: &QueueName, why: &str) {
        if let Some(mut note) = self.note(Act::new(action, queue)) {
            note.end(None, AuditAnswer::Failed(cut(why.to_owned()))).await;
        }
    }

    /// Notes an action of this program's own that the library doesn't know as one of an operator's,
    /// such as an add on somebody's behalf: `on` says what it was about. Nothing is written unless
    /// this client [acts as](Self::acting_as) somebody.
    pub async fn note_action(&self, action: &'static str, queue: &QueueName, on: &str) {
        if let Some(mut note) = self.note(Act::new(action, queue).on(&on)) {
            note.end(None, AuditAnswer::Done).await;
        }
    }

    /// Carries out an action, and notes it if somebody acts.
    pub(crate) fn audited<T, E>(
        &self,
        act: Act<'_>,
        call: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>>
    where
        T: Affected,
        E: StdError,
    {
        // Boxed: else it would stand in this future and its caller's more than once.
        let call = Box::pin(call);
        async move {
            let Some(mut note) = self.note(act) else { return call.await };
            let answer = call.await;
            let count = answer.as_ref().ok().and_then(Affected::affected);
            let said = match &answer {
                Ok(_) => AuditAnswer::Done,
                Err(error) => AuditAnswer::Failed(cut(chain(error).to_string())),
            };
            note.end(count, said).await;
            answer
        }
    }

    /// Notes that a long action has begun.
    pub(crate) async fn audit_begin(&self, act: Act<'_>) {
        if let Some(mut note) = self.note(act) {
            note.end(None, AuditAnswer::Begun).await;
        }
    }

    fn note(&self, act: Act<'_>) -> Option<OpenNote> {
        let Actor { name, address } = &**self.1.as_ref()?;
        let note = AuditNote {
            who: name.clone(),
            address: address.clone(),
            from: self.process().line(),
            action: act.action.to_owned(),
            queue: act.queue.to_string(),
            on: act.on.map(|on| cut(on.to_string())),
            count: None,
            answer: AuditAnswer::GivenUp,
        };
        Some(OpenNote { store: self.store().clone(), note: Some(note) })
    }
}

/// A note of an action that has not ended. Dropped before, it says so.
struct OpenNote {
    store: Store,
    note: Option<AuditNote>,
}

impl OpenNote {
    async fn end(&mut self, count: Option<u64>, answer: AuditAnswer) {
        if let Some(note) = self.note.take() {
            // A task of its own: it is written though nobody may wait for it any more.
            let note = AuditNote { count, answer, ..note };
            let _ = tokio::spawn(boxed(write(self.store.clone(), note))).await;
        }
    }
}

impl Drop for OpenNote {
    fn drop(&mut self) {
        if let Some(note) = self.note.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(boxed(write(self.store.clone(), note)));
        }
    }
}

async fn write(store: Store, note: AuditNote) {
    // Texts and numbers into memory: nothing here can refuse.
    let bytes = rmp_serde::to_vec_named(&note).unwrap_or_default();
    if let Err(problem) = store.write_audit(&bytes).await {
        let AuditNote { who, address, action, queue, on, count, answer, .. } = note;
        error!(
            who, address, action, queue, on, count, ?answer, error = %chain(&problem),
            "an action could not be written to the audit log"
        );
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST));
    text
}
