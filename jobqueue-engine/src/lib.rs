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
//! # What it isn't
//!
//! It has the commands that jobqueue sends, and some by which tests look into a server
//! ([`commands()`] names all of them), with the options that these use. It has one database; no
//! persistence, replication, cluster, users or TLS; no `MULTI`, no keyspace events, no eviction.
//! Where it answers, it answers what Redis would: tests compare the two.

mod clock;
mod command;
mod connection;
mod engine;
mod keyspace;
mod number;
mod refusal;
mod reply;
mod script;
mod value;

pub use self::{
    clock::Clock,
    command::commands,
    connection::serve,
    engine::{Copy, Engine, Wait},
    refusal::Refusal,
    reply::Reply,
};
