//! The part of Redis that [jobqueue](https://docs.rs/jobqueue) uses, in the process: the same Lua
//! scripts, over a small store, on a clock that may be moved by hand.
//!
//! One [`Engine`] is one server. A call is carried out at once, in its caller's own task, under one
//! lock: nothing runs beside it, as in Redis. [`serve`] puts Redis's protocol over a stream of
//! bytes in front of it, so that a Redis client finds a server there.
//!
//! ```
//! use bytes::Bytes;
//! use jobqueue_engine::{Clock, Engine, Reply};
//!
//! let engine = Engine::new(Clock::standing_at(1_700_000_000_000), 1);
//! let words = |line: &str| line.split(' ').map(|it| Bytes::copy_from_slice(it.as_bytes())).collect::<Vec<_>>();
//! assert_eq!(engine.call(&words("ZADD waiting 7 a 5 b")), Reply::Integer(2));
//! assert_eq!(engine.call(&words("ZPOPMIN waiting")), Reply::texts(["b", "5"]));
//! ```
//!
//! # On disk
//!
//! A [`Folder`] keeps an engine's keyspace on disk. One process [holds](Folder::hold) it, and other
//! processes of the machine reach that one by a socket in the folder.
//!
//! ```
//! use bytes::Bytes;
//! use jobqueue_engine::{Folder, Fsync, Options, Reply};
//!
//! # let place = tempfile::tempdir()?;
//! # let path = place.path().join("jobs");
//! let folder = Folder::at(&path)?;
//! let held = folder.hold(&Options::new().fsync(Fsync::Always))?;
//! held.engine().call(&["RPUSH", "list", "a", "b"].map(Bytes::from));
//! assert!(folder.hold(&Options::new()).is_err(), "it is held");
//! drop(held);
//!
//! let held = folder.hold(&Options::new())?;
//! assert_eq!(held.engine().call(&["LLEN", "list"].map(Bytes::from)), Reply::Integer(2));
//! // All of it, as commands for any server:
//! let commands: Vec<_> = held.engine().dump().collect();
//! assert_eq!(commands, [["RPUSH", "list", "a", "b"].map(Bytes::from)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it isn't
//!
//! It has the commands that jobqueue sends, and some by which tests look into a server
//! ([`commands()`] names all of them), with the options that these use. It has one database, one
//! password for all who connect, and a limit for its memory ([`Engine::configure`]); no
//! replication, cluster, users or TLS; no `MULTI`, no keyspace events, no eviction.
//! Where it answers, it answers what Redis would: tests compare the two.

mod clock;
mod command;
mod connection;
mod disk;
mod effects;
mod engine;
mod folder;
mod keyspace;
mod memory;
mod mutex;
mod number;
mod portable;
mod refusal;
mod reply;
mod script;
mod value;
mod words;

pub use self::{
    clock::Clock,
    command::commands,
    connection::{Listener, listen, serve, serve_stranger},
    disk::{Fsync, FsyncError, OpenError, Options},
    engine::{Copy, Engine, Wait},
    folder::{Folder, Held, PlaceError, parse_place},
    refusal::Refusal,
    reply::Reply,
};
