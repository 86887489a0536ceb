//! A folder that a server keeps its data in. The first process that needs one is the server, and
//! the others connect to it; when it goes, another takes its place.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
    time::Duration,
};

use jobqueue_engine::{Engine, Folder, Fsync, Held, OpenError, Options, PlaceError, parse_place};
use redis::{ErrorKind, RedisError};
use tokio::{net::UnixStream, sync, task::spawn_blocking, time::sleep};

use super::dial::unreachable;
use crate::{
    error::{Error, Result},
    error_chain::chain,
    value_error::Invalid,
};

/// How long to wait before looking again whether the folder's server is ready.
const STEP: Duration = Duration::from_millis(10);

/// A folder, as all clients of this process share it. If this process is the server, it is so until
/// the last of them has gone.
pub(crate) struct Shared {
    folder: Folder,
    sync: Fsync,
    /// The server, if it is in this process. Locked while that is found out and while it opens.
    held: Arc<sync::Mutex<Option<Held>>>,
    /// Why it couldn't be opened.
    failure: Arc<Mutex<Option<OpenError>>>,
}

/// The way to a folder's server.
pub(super) enum Way {
    /// It is in this process.
    Here(Arc<Engine>),
    /// It is in another one.
    There(UnixStream),
    /// The caller knows.
    #[cfg(all(feature = "testing", feature = "internals"))]
    Elsewhere(tokio::io::DuplexStream),
}

impl Shared {
    /// The folder of a URL's path and options.
    pub(super) fn open(place: &str) -> Result<Arc<Self>> {
        static ALL: LazyLock<Mutex<HashMap<PathBuf, Weak<Shared>>>> = LazyLock::new(Mutex::default);
        let (path, sync) = parse(place)?;
        let folder = Folder::at(path).map_err(refused)?;
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, shared| shared.strong_count() > 0);
        if let Some(shared) = all.get(folder.path()).and_then(Weak::upgrade) {
            return if sync.is_none_or(|sync| sync == shared.sync) {
                Ok(shared)
            } else {
                let problem = format!("{} is open with another sync", folder.path().display());
                let advice = "use one setting for all clients of the folder";
                Err(Invalid::setup(problem, advice).into())
            };
        }
        let path = folder.path().to_owned();
        let (held, failure) = Default::default();
        let shared = Arc::new(Self { folder, sync: sync.unwrap_or_default(), held, failure });
        all.insert(path, Arc::downgrade(&shared));
        Ok(shared)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Finds the server, or becomes it. It looks until it is dropped.
    pub(super) async fn way(&self) -> Result<Way, RedisError> {
        loop {
            let held = self.held.clone().lock_owned().await;
            if let Some(held) = &*held {
                return Ok(Way::Here(held.engine().clone()));
            }
            if let Ok(stream) = self.folder.connect().await {
                return Ok(Way::There(stream));
            }
            if self.hold(held).await? == Outcome::Busy {
                // It has the lock and doesn't listen yet, or not any more.
                sleep(STEP).await;
            }
        }
    }

    /// Becomes the server, if no other process is. That goes on if this is dropped.
    async fn hold(
        &self,
        mut place: sync::OwnedMutexGuard<Option<Held>>,
    ) -> Result<Outcome, RedisError> {
        let (folder, options) = (self.folder.clone(), Options::new().fsync(self.sync));
        let failure = self.failure.clone();
        let opened = spawn_blocking(move || match folder.hold(&options) {
            Ok(held) => {
                *place = Some(held);
                Ok(Outcome::Done)
            }
            Err(error) if error.is_busy() => Ok(Outcome::Busy),
            Err(error) => {
                let text = chain(&error).to_string();
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Err(text)
            }
        });
        let opened = opened.await.map_err(|_| unreachable("the embedded server didn't open"))?;
        opened.map_err(|text| {
            (ErrorKind::InvalidClientConfig, "the embedded server can't be opened", text).into()
        })
    }

    pub(super) fn overdue(&self, limit: Duration) -> RedisError {
        let path = self.path().display();
        unreachable(&format!(
            "the server of {path} wasn't ready within {limit:?}: the process that has it reads \
             its data, or stands still"
        ))
    }

    /// The typed error of a check that failed, if the folder is the reason.
    pub(super) fn explain(&self, error: Error) -> Error {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.map_or(error, refused)
    }
}

/// What became of the wish to be the server.
#[derive(PartialEq, Eq)]
enum Outcome {
    Done,
    Busy,
}

fn refused(error: OpenError) -> Error {
    let advice = "look at its reason";
    Invalid::setup("the embedded server can't be opened", advice).because(error).into()
}

/// `path[?sync=always|everysec|no]`
fn parse(place: &str) -> Result<(&str, Option<Fsync>)> {
    let invalid = |what: PlaceError| {
        let advice = "use embedded:/path/to/folder[?sync=always|everysec|no], a path from the root \
                      or from the current directory";
        Error::from(Invalid::setup(format!("invalid url embedded:{place}: {what}"), advice))
    };
    parse_place(place).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (place, path, sync) in [
            ("/var/lib/jobs", "/var/lib/jobs", None),
            ("jobs?sync=always", "jobs", Some(Fsync::Always)),
            ("./jobs?sync=no&sync=everysec", "./jobs", Some(Fsync::EverySecond)),
            ("///var/jobs?", "///var/jobs", None),
        ] {
            assert_eq!(parse(place).expect("a good url"), (path, sync));
        }
        for place in [
            "?sync=always",
            "~/jobs",
            "//host/jobs",
            "jobs?sync=never",
            "jobs?fsync=always",
            "jobs?x",
        ] {
            let error = parse(place).map(|_| ()).expect_err(place).to_string();
            assert!(error.contains("sync=always|everysec|no"), "{error}");
        }
    }
}
