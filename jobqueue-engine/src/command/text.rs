//! Texts.

use bytes::Bytes;

use super::args::{Args, integer, is};
use crate::{
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
    value::Value,
};

pub(super) fn get(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::bulk_or_nil(keys.get::<Bytes>(&args[0])?))
}

pub(super) fn len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.get::<Bytes>(&args[0])?.map_or(0, Bytes::len)))
}

/// With `PX`, `NX` and `GET`.
pub(super) fn set(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let (mut expires, mut only_new, mut get_former) = (None, false, false);
    let mut options = args[2..].iter();
    while let Some(option) = options.next() {
        if is(option, "NX") {
            only_new = true;
        } else if is(option, "GET") {
            get_former = true;
        } else if is(option, "PX") {
            let ms = integer(options.next().ok_or(Refusal::SYNTAX)?)?;
            if ms <= 0 {
                return Err(Refusal::new("ERR invalid expire time in 'set' command"));
            }
            expires = Some(keys.now_ms().saturating_add_signed(ms));
        } else {
            return Err(Refusal::SYNTAX);
        }
    }
    let former =
        if get_former { Reply::bulk_or_nil(keys.get::<Bytes>(&args[0])?) } else { Reply::Nil };
    if only_new && keys.slot(&args[0]).is_some() {
        return Ok(former);
    }
    keys.put(args[0].clone(), Value::Text(args[1].clone()), expires);
    Ok(if get_former { former } else { Reply::OK })
}
