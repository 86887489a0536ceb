//! `CLIENT`: who is connected, who must go, and calls that are held up.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    command::is,
    engine::{Client, Clients, Pause, Which},
    number,
    refusal::Refusal,
    reply::Reply,
};

/// The answer to one client.
pub(super) fn answer(clients: &Clients, asks: &Client, args: &[Bytes]) -> Reply {
    let Some((what, args)) = args.split_first() else {
        return Reply::Refused(Refusal::wrong_number_of_arguments("client"));
    };
    match (what.to_ascii_uppercase().as_slice(), args) {
        (b"ID", []) => Reply::Integer(i64::try_from(asks.id).unwrap_or(i64::MAX)),
        (b"GETNAME", []) => {
            let name = asks.name();
            Reply::bulk_or_nil((!name.is_empty()).then_some(&name))
        }
        (b"SETNAME", [name]) => {
            asks.set_name(name.clone());
            Reply::OK
        }
        (b"SETINFO", [_, _]) => Reply::OK,
        (b"LIST", []) => Reply::text(clients.list()),
        (b"KILL", filters) => match chosen(asks, filters) {
            Ok(which) => Reply::count(clients.end(which)),
            Err(refusal) => Reply::Refused(refusal),
        },
        (b"PAUSE", [ms]) => pause(clients, ms, true),
        (b"PAUSE", [ms, which]) if is(which, "ALL") => pause(clients, ms, true),
        (b"PAUSE", [ms, which]) if is(which, "WRITE") => pause(clients, ms, false),
        (b"UNPAUSE", []) => {
            clients.pause(None);
            Reply::OK
        }
        _ => Reply::Refused(Refusal::new("ERR unknown subcommand of CLIENT")),
    }
}

/// `ID`, `TYPE` and `SKIPME`, each with its value.
fn chosen(asks: &Client, filters: &[Bytes]) -> Result<Which, Refusal> {
    let mut which = Which { but: Some(asks.id), ..Which::default() };
    let (pairs, odd) = filters.as_chunks::<2>();
    if pairs.is_empty() || !odd.is_empty() {
        return Err(Refusal::SYNTAX);
    }
    for [name, value] in pairs {
        if is(name, "ID") {
            const WRONG: Refusal = Refusal::new("ERR client-id should be greater than 0");
            let id = number::integer(value).and_then(|id| u64::try_from(id).ok());
            which.id = Some(id.ok_or(WRONG)?);
        } else if is(name, "TYPE") {
            which.listens = Some(kind(value)?);
        } else if is(name, "SKIPME") && is(value, "yes") {
            which.but = Some(asks.id);
        } else if is(name, "SKIPME") && is(value, "no") {
            which.but = None;
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    Ok(which)
}

/// Whether clients of this type listen to channels.
fn kind(name: &[u8]) -> Result<bool, Refusal> {
    match name.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(false),
        b"pubsub" => Ok(true),
        _ => {
            let name = String::from_utf8_lossy(name);
            Err(Refusal::with(&format!("ERR Unknown client type '{name}'")))
        }
    }
}

fn pause(clients: &Clients, ms: &[u8], all: bool) -> Reply {
    const WRONG: Refusal = Refusal::new("ERR timeout is not an integer or out of range");
    let ms = number::integer(ms).and_then(|ms| u64::try_from(ms).ok());
    let until = ms.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms)));
    let Some(until) = until else { return Reply::Refused(WRONG) };
    clients.pause(Some(Pause { until, all }));
    Reply::OK
}
