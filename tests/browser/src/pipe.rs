//! The browser's own protocol over a pipe: calls, their answers, and events. Each message is JSON and
//! ends with a zero byte.

use std::{
    collections::HashMap,
    fmt,
    io::{BufRead as _, BufReader, Read, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use jobqueue_tests::wait::LIMIT;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::watch::Watch;

/// What a call is answered, or what is wrong with it.
type Answer = Result<Value, String>;

/// A browser's end of the pipe, for all tests of the process. The reader is a thread, since each test
/// has a runtime of its own.
pub(crate) struct Pipe {
    to: Mutex<Box<dyn Write + Send>>,
    calls: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    watches: Mutex<HashMap<String, Arc<Watch>>>,
    next: AtomicU64,
}

impl Pipe {
    pub(crate) fn open(
        to: impl Write + Send + 'static,
        from: impl Read + Send + 'static,
    ) -> Arc<Self> {
        let pipe = Arc::new(Self {
            to: Mutex::new(Box::new(to)),
            calls: Mutex::default(),
            watches: Mutex::default(),
            next: AtomicU64::new(1),
        });
        let reader = pipe.clone();
        thread::spawn(move || {
            for message in BufReader::new(from).split(0).map_while(Result::ok) {
                if let Ok(message) = serde_json::from_slice(&message) {
                    reader.take(message);
                }
            }
            // It has ended: whoever waits hears so.
            lock(&reader.calls).clear();
        });
        pipe
    }

    /// Calls a method, of one tab or of the whole browser, and waits for its answer.
    pub(crate) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Answer {
        let (sender, answer) = oneshot::channel();
        self.write(session, method, params, Some(sender))?;
        match tokio::time::timeout(LIMIT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(format!("the browser ended before it answered {method}")),
            Err(_) => Err(format!("the browser didn't answer {method} within {LIMIT:?}")),
        }
    }

    /// Calls a method without waiting for what it says.
    pub(crate) fn send(&self, session: Option<&str>, method: &str, params: Value) {
        // If the browser is gone, the next call says so.
        let _ = self.write(session, method, params, None);
    }

    /// Tells `watch` of all events of a tab.
    pub(crate) fn watch(&self, session: &str, watch: Arc<Watch>) {
        lock(&self.watches).insert(session.to_owned(), watch);
    }

    pub(crate) fn forget(&self, session: &str) {
        lock(&self.watches).remove(session);
    }

    fn write(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
        answer: Option<oneshot::Sender<Answer>>,
    ) -> Result<(), String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": method});
        message["params"] = params;
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        if let Some(answer) = answer {
            lock(&self.calls).insert(id, answer);
        }
        let mut to = lock(&self.to);
        let written = to.write_all(format!("{message}\0").as_bytes()).and_then(|()| to.flush());
        written.map_err(|error| format!("the browser can't be told {method}: {error}"))
    }

    /// A message of the browser.
    fn take(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let Some(call) = lock(&self.calls).remove(&id) else { return };
            let answer = match message["error"].take() {
                Value::Null => Ok(message["result"].take()),
                error => Err(error["message"].as_str().unwrap_or("no reason").to_owned()),
            };
            // Whoever asked may have given up.
            let _ = call.send(answer);
            return;
        }
        let Some(session) = message["sessionId"].as_str() else { return };
        let watch = lock(&self.watches).get(session).cloned();
        if let (Some(watch), Some(method)) = (watch, message["method"].as_str()) {
            watch.hear(self, session, method, &message["params"]);
        }
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").finish_non_exhaustive()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
