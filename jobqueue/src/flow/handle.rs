//! A flow that was started.

use std::{fmt, marker::PhantomData};

use serde::de::DeserializeOwned;

use super::{
    at::FlowAt,
    ends::{End, OfGroup, give, without_job},
    written::Written,
};
use crate::{
    client::Client,
    error::{Error, FlowError, Result},
    event::Watchers,
    job::{FlowId, FlowKey, FlowState, Input, JobFailure, JobId, QueueName},
    queue::Queue,
    store::{
        QueueStore,
        flow::{FlowGroup, FlowRecord, Read, Which},
    },
};

/// A flow that was started: wait for its result, look at it, cancel it.
///
/// Cheap to clone. `T` is the type of the result.
///
/// # Cancel safety
/// All that reads may be dropped at any time; a change is made or not.
pub struct FlowHandle<T> {
    client: Client,
    home: QueueStore,
    key: FlowKey,
    id: FlowId,
    existed: bool,
    output: PhantomData<fn() -> T>,
}

/// A flow's record and its root, if it has one.
type Found = (FlowRecord, Option<FlowGroup>);

/// The result of a flow, if it has one yet; or why that can't be told.
type Looked<T> = Result<Option<Result<T, FlowError>>, FlowError>;

impl Queue {
    /// The handle of a flow by its id, whose home is this queue. `None` if there is none, or if it
    /// isn't kept any more.
    ///
    /// Its result is a JSON value, whatever its root returned; [`typed`](FlowHandle::typed) says
    /// another type.
    ///
    /// # Errors
    /// The id is invalid; those of any call.
    pub async fn flow(&self, id: impl AsRef<str>) -> Result<Option<FlowHandle<serde_json::Value>>> {
        let id: FlowId = id.as_ref().parse()?;
        let read = Read { which: Which::Id(&id), groups: (0, 0) };
        let Some((record, _)) = self.store().call_retrying(&read).await? else { return Ok(None) };
        let home = self.store().clone();
        Ok(Some(FlowHandle::new(self.client().clone(), home, (record.key, id), false)))
    }
}

impl<T> FlowHandle<T> {
    pub(super) fn new(
        client: Client,
        home: QueueStore,
        (key, id): (FlowKey, FlowId),
        existed: bool,
    ) -> Self {
        Self { client, home, key, id, existed, output: PhantomData }
    }

    /// The flow's id.
    #[must_use]
    pub fn id(&self) -> &FlowId {
        &self.id
    }

    /// Its [home](crate::Flow::home).
    #[must_use]
    pub fn home(&self) -> &QueueName {
        self.home.name()
    }

    /// Whether starting it found a flow of its id, which this is.
    #[must_use]
    pub fn existed(&self) -> bool {
        self.existed
    }

    /// The same flow with a result of another type.
    #[must_use]
    pub fn typed<U>(self) -> FlowHandle<U> {
        let Self { client, home, key, id, existed, .. } = self;
        FlowHandle { client, home, key, id, existed, output: PhantomData }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn store(&self) -> &QueueStore {
        &self.home
    }

    pub(super) fn key(&self) -> &FlowKey {
        &self.key
    }

    /// The flow where it stands.
    pub(super) fn at(&self) -> FlowAt {
        FlowAt { home: self.home.clone(), key: self.key.clone(), id: self.id.clone() }
    }

    fn gone(&self) -> FlowError {
        self.at().gone()
    }

    /// Its record and some of its groups.
    async fn read(&self, groups: (u32, u32)) -> Result<(FlowRecord, Vec<FlowGroup>), FlowError> {
        self.at().read(groups).await
    }

    /// Its record and its root.
    async fn root(&self) -> Result<Found, FlowError> {
        let (record, _) = self.read((0, 0)).await?;
        let Some(root) = record.root else { return Ok((record, None)) };
        let (record, groups) = self.read((root, 1)).await?;
        Ok((record, groups.into_iter().next()))
    }
}

impl<T: DeserializeOwned> FlowHandle<T> {
    /// Waits for the flow's result: that of its root. It follows the events of its home and doesn't
    /// poll.
    ///
    /// It waits without a limit; put a [`tokio::time::timeout`] around it for one.
    ///
    /// # Errors
    /// [`FlowError::Failed`] with the node that failed it, [`FlowError::Cancelled`],
    /// [`FlowError::Gone`] if it isn't kept any more.
    pub async fn result(&self) -> Result<T, FlowError> {
        let watchers = self.client.shared::<Watchers>();
        let id = JobId::from_store(self.key.as_str());
        let mut watch = watchers.watch(&self.home, &id, false);
        loop {
            // The watch stands before this look, so no end is missed.
            watch.ready().await;
            if let Some(ended) = self.look().await? {
                return ended;
            }
            watch.changed().await;
        }
    }

    /// What [`result`](Self::result) answers, if the flow has one.
    async fn look(&self) -> Looked<T> {
        let (record, root) = self.root().await?;
        // Whether what runs hears of it or not: it must not be waited for.
        if record.late {
            let (home, id) = (self.home.name().clone(), self.id.clone());
            return Ok(Some(Err(FlowError::Deadline { home, id })));
        }
        // Its root may have an end that won't be it.
        if record.revives {
            return Ok(None);
        }
        let (Some(number), Some(root)) = (record.root, root) else {
            return self.without_root(&record).await;
        };
        if root.left > 0 {
            return Ok(None);
        }
        // Many of none have ended when what they wait for has.
        if root.members == 0 && record.state != FlowState::Completed {
            return self.without_root(&record).await;
        }
        let of_root = OfGroup { store: &self.home, key: &self.key, number, group: &root };
        let ends = of_root.ends().await?.ok_or_else(|| self.gone())?;
        let input = if record.many { Input::All } else { Input::One };
        Ok(Some(match give(input, ends) {
            Ok(result) => self.decode(&result.unwrap_or_else(Written::nil)),
            Err(_) if matches!(record.state, FlowState::Cancelling | FlowState::Cancelled) => {
                Err(self.cancelled())
            }
            Err(failure) => Err(self.failed(&record, failure).await?),
        }))
    }

    /// A flow without a root has a result once all has ended.
    async fn without_root(&self, record: &FlowRecord) -> Looked<T> {
        Ok(match record.state {
            FlowState::Completed => Some(self.decode(&Written::nil())),
            FlowState::Failed => {
                Some(Err(self.failed(record, without_job(true, record.cause)).await?))
            }
            FlowState::Cancelled => Some(Err(self.cancelled())),
            FlowState::Held | FlowState::Running | FlowState::Cancelling => None,
        })
    }

    fn decode(&self, result: &Written) -> Result<T, FlowError> {
        result.read().map_err(|error| {
            let of_flow = error.reading(format_args!("result of flow {}", self.id));
            Error::from(of_flow).into()
        })
    }

    fn cancelled(&self) -> FlowError {
        FlowError::Cancelled { home: self.home.name().clone(), id: self.id.clone() }
    }

    /// The error of a flow whose root has failed: with the node that is behind it.
    async fn failed(
        &self,
        record: &FlowRecord,
        failure: JobFailure,
    ) -> Result<FlowError, FlowError> {
        let (home, id) = (self.home.name().clone(), self.id.clone());
        let Some(cause) = record.cause else {
            return Ok(FlowError::Failed { home, id, node: String::new(), failure });
        };
        let (_, groups) = self.read((cause.group, 1)).await?;
        let Some(group) = groups.into_iter().next() else {
            return Ok(FlowError::Failed { home, id, node: cause.to_string(), failure });
        };
        let node = group.label(cause);
        let of = OfGroup { store: &self.home, key: &self.key, number: cause.group, group: &group };
        let end = of.one(cause.number).await?;
        let failure = match end {
            Some(End::Err(own)) => own,
            _ => failure,
        };
        Ok(FlowError::Failed { home, id, node, failure })
    }
}

impl<T> Clone for FlowHandle<T> {
    fn clone(&self) -> Self {
        Self::new(
            self.client.clone(),
            self.home.clone(),
            (self.key.clone(), self.id.clone()),
            self.existed,
        )
    }
}

impl<T> fmt::Debug for FlowHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowHandle")
            .field("home", self.home.name())
            .field("id", &self.id)
            .field("existed", &self.existed)
            .finish()
    }
}
