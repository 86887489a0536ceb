//! Lists.

use bytes::Bytes;

use super::args::{Args, Span};
use crate::{
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::List,
};

pub(super) fn push_front(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    push(keys, args, List::push_front)
}

pub(super) fn push_back(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    push(keys, args, List::push_back)
}

fn push(keys: &mut Keyspace, args: Args<'_>, push: fn(&mut List, Bytes)) -> Answer {
    let len = keys.change(&args[0], |list: &mut List| {
        args[1..].iter().for_each(|item| push(list, item.clone()));
        list.len()
    })?;
    keys.touch(&args[0]);
    Ok(Reply::count(len))
}

pub(super) fn pop(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::bulk_or_nil(pop_first(keys, &args[0])?.as_ref()))
}

/// Takes the first item of a list.
pub(super) fn pop_first(keys: &mut Keyspace, key: &Bytes) -> Result<Option<Bytes>, Refusal> {
    keys.change_existing(key, List::pop_front)
}

pub(super) fn len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.get::<List>(&args[0])?.map_or(0, |list| list.len())))
}

pub(super) fn range(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let span = Span::parse(&args[1], &args[2])?;
    let Some(list) = keys.get::<List>(&args[0])? else { return Ok(Reply::empty()) };
    Ok(Reply::bulks(list.range(span.of(list.len()))))
}

pub(super) fn trim(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let span = Span::parse(&args[1], &args[2])?;
    keys.change_existing(&args[0], |list: &mut List| {
        list.keep(span.of(list.len()));
    })?;
    Ok(Reply::OK)
}
