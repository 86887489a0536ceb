//! A crate without a prelude, with statics in lower case, whose handlers name their arguments as
//! they like, and that has the library from another crate.

#![no_implicit_prelude]
#![allow(non_upper_case_globals, non_camel_case_types)]

/// Stands for a crate that re-exports the library.
pub mod other {
    pub use ::jobqueue as queue;
}

mod lower_case {
    //! Names that a pattern can't shadow.
    pub static payload: u8 = 1;
    pub static ctx: u8 = 1;
    pub static context: u8 = 1;
    pub static error: u8 = 1;
    pub static output: u8 = 1;
    pub static verdict: u8 = 1;
    pub const states: u8 = 1;
    pub const extracted_0: u8 = 1;
    pub const heard: u8 = 1;
    pub const wait: u8 = 1;
    pub const version: u8 = 1;
    pub const codec: u8 = 1;
    pub const bytes: u8 = 1;
    pub struct before;
    pub struct tag;
}
use lower_case::*;

use ::std::{
    clone::Clone, convert::From, fmt::Debug, option::Option, result::Result,
    string::String, time::Duration,
};

use ::jobqueue::{broadcast, job, Context, JobError, Payload, State};

#[derive(Debug, ::thiserror::Error, JobError)]
enum Failed {
    #[error("busy")]
    #[job(retry_after = 0)]
    Busy(Duration),
    #[error("http")]
    #[job(status = status, retry_after = after)]
    Http { status: u16, after: Option<Duration> },
    #[error(transparent)]
    Io(#[from] ::std::io::Error),
}

#[derive(::serde::Serialize, ::serde::Deserialize, Payload)]
struct Old {
    id: u32,
}

#[derive(::serde::Serialize, ::serde::Deserialize, Payload)]
#[payload(version = 2, upgrade_from(Old))]
struct Order {
    id: u64,
}

impl From<Old> for Order {
    fn from(old: Old) -> Self {
        Self { id: ::core::convert::From::from(old.id) }
    }
}

fn judge(_: &Failed) -> ::jobqueue::retry::ErrorClass {
    ::jobqueue::retry::ErrorClass::Transient
}

#[job(
    queue = "orders",
    classify = judge,
    idempotent = "1h",
    rate = limit(10, per = "1s"),
    breaker = after(5, pause = "30s"),
    retain = count(5, age = "1h"),
)]
async fn ship(order: Order, at: Context, db: State<u8>) -> Result<u64, Failed> {
    match (order.id, db.0) {
        (0, _) => Result::Err(Failed::Busy(Duration::from_secs(1))),
        (1, _) => Result::Err(Failed::Http { status: 503, after: Option::None }),
        (id, _) => {
            let _ = (at, payload, ctx, context, error, output, verdict, states, extracted_0);
            let _ = (heard, wait, version, codec, bytes, before, tag);
            Result::Ok(id)
        }
    }
}

#[job(blocking)]
fn plain(_: ()) -> u8 {
    7
}

#[broadcast("cache", timeout = "1s")]
async fn forget(key: String, _at: Context) {
    let _ = key;
}

mod names {
    use ::core::result::Result;
    use ::jobqueue::{job, Context, State};

    /// The names that the expansion would choose itself.
    #[job]
    pub async fn taken((_a, _b): (u8, u8), payload: State<u8>, argument_1: State<u16>) {
        let _ = (payload, argument_1);
    }

    #[job]
    pub async fn all(
        error: u8,
        ctx: Context,
        context: State<u8>,
        output: State<u16>,
        extracted_0: State<u32>,
    ) -> Result<u8, ::std::io::Error> {
        let _ = (ctx, context, output, extracted_0);
        Result::Ok(error)
    }
}

mod elsewhere {
    use ::core::result::Result;

    use crate::other::queue::{broadcast, job, JobError, Payload};

    #[derive(::core::fmt::Debug, ::thiserror::Error, JobError)]
    #[error("no")]
    #[job(crate = crate::other::queue)]
    #[job(permanent)]
    pub struct No;

    #[derive(::serde::Serialize, ::serde::Deserialize, Payload)]
    #[payload(crate = crate::other::queue)]
    pub struct Thing(pub u8);

    #[job(crate = crate::other::queue, queue = "things")]
    pub async fn make(thing: Thing) -> Result<u8, No> {
        if thing.0 == 0 { Result::Err(No) } else { Result::Ok(thing.0) }
    }

    #[broadcast("things", crate = crate::other::queue)]
    pub async fn told(_: u8) {}
}

fn main() {
    let _ = ::jobqueue::Worker::builder;
    let _ = |client: ::jobqueue::Client| {
        let _ = ::jobqueue::Worker::builder(&client)
            .handler(ship)
            .handler(plain)
            .handler(names::taken)
            .handler(names::all)
            .handler(elsewhere::make)
            .listener(elsewhere::told)
            .listener(forget);
    };
}
