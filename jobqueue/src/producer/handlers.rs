//! Requests for jobs of handlers.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use super::request::Request;
use crate::{
    client::Client,
    hashing::RandomState,
    job::{Deadline, FIRST_VERSION, Job, JobName, QueueName},
    store::{QueueStore, Store},
    value_error::Invalid,
};

/// The parsed names of handlers and their queues, by the static texts that declare them: each add
/// would parse them anew otherwise.
#[derive(Debug, Default)]
struct KnownHandlers(Mutex<HashMap<Declared, (QueueStore, JobName), RandomState>>);

/// The queue and the name of a handler, as its declaration has them.
type Declared = (&'static str, &'static str);

impl KnownHandlers {
    fn get(
        &self,
        queue: &'static str,
        name: &'static str,
        store: &Store,
    ) -> Result<(QueueStore, JobName), Invalid> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&(queue, name)) {
            return Ok(found.clone());
        }
        let found = (store.queue(&queue.parse::<QueueName>()?), name.parse()?);
        known.insert((queue, name), found.clone());
        Ok(found)
    }
}

impl Client {
    /// A request for a job of this handler, with the options that the handler declares.
    pub(crate) fn request_for<J: Job>(&self) -> Result<Request, Invalid> {
        let definition = J::DEFINITION;
        let known = self.shared::<KnownHandlers>();
        let (store, name) = known.get(definition.queue, definition.name, self.store())?;
        let mut request = Request::new(self.clone(), store, name, self.codec_of::<J>());
        request.options.priority = definition.priority.try_into()?;
        // The first version is left out, so that it costs such jobs no byte.
        request.options.version =
            Some(J::VERSIONS.newest()).filter(|version| *version != FIRST_VERSION);
        request.options.tags = definition.tags.iter().copied().map(str::to_owned).collect();
        if let Some(ttl) = definition.ttl {
            request.set_ttl(ttl);
        }
        if let Some(deadline) = definition.deadline {
            request.set_deadline(Deadline::In(deadline));
        }
        Ok(request)
    }
}
