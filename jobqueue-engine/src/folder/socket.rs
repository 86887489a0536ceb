//! The socket in a folder.

use std::{
    fs::{self, File, Permissions},
    io,
    os::{
        fd::AsRawFd as _,
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener as StdListener, UnixStream as StdStream},
        },
    },
    path::{Path, PathBuf},
};

use tokio::net::UnixStream;

const NAME: &str = "socket";

/// The longest path that a socket's address has room for.
const LONGEST: usize = 107;

/// The socket in a folder.
#[derive(Debug)]
pub(super) struct Socket {
    folder: PathBuf,
    path: PathBuf,
}

impl Socket {
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), path: folder.join(NAME) }
    }

    /// A path that is short enough. A long one goes by way of the open folder.
    fn address(&self) -> io::Result<(PathBuf, Option<File>)> {
        if self.path.as_os_str().len() <= LONGEST {
            return Ok((self.path.clone(), None));
        }
        let open = File::open(&self.folder)?;
        let short = Path::new("/proc/self/fd").join(open.as_raw_fd().to_string());
        if !short.exists() {
            let path = self.path.display();
            return Err(io::Error::other(format!(
                "the path of the socket, {path}, is longer than the {LONGEST} bytes that addresses \
                 have room for: use a folder with a shorter path"
            )));
        }
        Ok((short.join(NAME), Some(open)))
    }

    /// Listens on it. One that was left by a process that has gone is replaced: this process has
    /// the lock.
    pub(super) fn listen(&self) -> io::Result<StdListener> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (path, _open) = self.address()?;
        let listener = StdListener::bind(path)?;
        fs::set_permissions(&self.path, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }

    /// Whether a process listens on it.
    pub(super) fn is_served(&self) -> bool {
        let connected = self.address().and_then(|(path, _open)| StdStream::connect(path));
        connected.is_ok()
    }

    pub(super) async fn connect(&self) -> io::Result<UnixStream> {
        let (path, _open) = self.address()?;
        UnixStream::connect(path).await
    }
}
