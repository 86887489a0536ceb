//! Hashes.

use std::mem;

use bytes::Bytes;

use super::{
    args::{Args, integer, is},
    set::sample,
};
use crate::{
    keyspace::Keyspace,
    number,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::Hash,
};

pub(super) fn set(keys: &mut Keyspace, args: &mut [Bytes]) -> Answer {
    let (key, rest) = args.split_first_mut().ok_or(Refusal::SYNTAX)?;
    let (pairs, odd) = rest.as_chunks_mut::<2>();
    if !odd.is_empty() {
        return Err(Refusal::wrong_number_of_arguments("hset"));
    }
    Ok(Reply::count(keys.change(key, |hash: &mut Hash| {
        let mut put = |pair: &mut [Bytes; 2]| {
            let [field, value] = mem::take(pair);
            hash.insert(field, value).is_none()
        };
        pairs.iter_mut().map(|pair| usize::from(put(pair))).sum::<usize>()
    })?))
}

pub(super) fn set_new(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let [key, field, value] = args else { return Err(Refusal::SYNTAX) };
    Ok(Reply::count(keys.change(key, |hash: &mut Hash| {
        let is_new = hash.get(field).is_none();
        if is_new {
            hash.insert(field.clone(), value.clone());
        }
        usize::from(is_new)
    })?))
}

pub(super) fn remove(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.change_existing(&args[0], |hash: &mut Hash| {
        args[1..].iter().filter(|field| hash.remove(field)).count()
    })?))
}

pub(super) fn increment(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let by = integer(&args[2])?;
    let former = match keys.get::<Hash>(&args[0])?.and_then(|hash| hash.get(&args[1])) {
        None => 0,
        Some(value) => {
            number::integer(value).ok_or(Refusal::new("ERR hash value is not an integer"))?
        }
    };
    const OVERFLOW: Refusal = Refusal::new("ERR increment or decrement would overflow");
    let sum = former.checked_add(by).ok_or(OVERFLOW)?;
    let text = Bytes::from(sum.to_string());
    keys.change(&args[0], |hash: &mut Hash| hash.insert(args[1].clone(), text))?;
    Ok(Reply::Integer(sum))
}

pub(super) fn get(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let hash = keys.get::<Hash>(&args[0])?;
    Ok(Reply::bulk_or_nil(hash.and_then(|hash| hash.get(&args[1]))))
}

/// The length of a value.
pub(super) fn value_len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let hash = keys.get::<Hash>(&args[0])?;
    let len = hash.and_then(|hash| hash.get(&args[1])).map_or(0, |value| value.len());
    Ok(Reply::Integer(i64::try_from(len).unwrap_or(i64::MAX)))
}

pub(super) fn get_many(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let hash = keys.get::<Hash>(&args[0])?;
    let value = |field| Reply::bulk_or_nil(hash.and_then(|hash| hash.get(field)));
    Ok(Reply::Array(args[1..].iter().map(value).collect()))
}

pub(super) fn exists(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let hash = keys.get::<Hash>(&args[0])?;
    Ok(Reply::flag(hash.is_some_and(|hash| hash.contains_key(&args[1]))))
}

pub(super) fn len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.get::<Hash>(&args[0])?.map_or(0, |hash| hash.len())))
}

pub(super) fn fields(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::bulks(keys.get::<Hash>(&args[0])?.into_iter().flat_map(|hash| hash.keys())))
}

pub(super) fn values(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::bulks(keys.get::<Hash>(&args[0])?.into_iter().flat_map(|hash| hash.values())))
}

pub(super) fn all(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(pairs(keys.get::<Hash>(&args[0])?.into_iter().flat_map(|hash| hash.iter())))
}

/// With a number, and `WITHVALUES`.
pub(super) fn random(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let values = match args.get(2) {
        None => false,
        Some(word) if is(word, "WITHVALUES") => true,
        Some(_) => return Err(Refusal::SYNTAX),
    };
    let number = args.get(1).map(|number| integer(number)).transpose()?;
    let mut rng = keys.rng.clone();
    let hash = keys.get::<Hash>(&args[0])?;
    let reply = match (number, hash) {
        (None, None) => Reply::Nil,
        (None, Some(hash)) => {
            Reply::bulk_or_nil(hash.get_index(rng.usize(..hash.len())).map(|(field, _)| field))
        }
        (Some(number), hash) => {
            let chosen = sample(&mut rng, hash.map_or(0, |hash| hash.len()), number);
            let found = chosen.into_iter().filter_map(|at| hash?.get_index(at));
            if values { pairs(found) } else { Reply::bulks(found.map(|(field, _)| field)) }
        }
    };
    keys.rng = rng;
    Ok(reply)
}

fn pairs<'a>(fields: impl Iterator<Item = (&'a Bytes, &'a Bytes)>) -> Reply {
    Reply::bulks(fields.flat_map(|(field, value)| [field, value]))
}
