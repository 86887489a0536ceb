//! Between Redis's values and Lua's, by Redis's rules.

use bytes::Bytes;
use mlua::{Either, Error, Lua, Table, Value};

use crate::{number, refusal::Refusal, reply::Reply};

/// A command's argument.
pub(super) fn argument(value: &Value) -> mlua::Result<Bytes> {
    const WRONG: Refusal =
        Refusal::new("ERR Lua redis lib command arguments must be strings or integers");
    Ok(match value {
        Value::String(text) => Bytes::copy_from_slice(&text.as_bytes()),
        Value::Integer(number) => Bytes::from(number.to_string()),
        Value::Number(number) => Bytes::from(number::print(*number)),
        _ => return Err(Error::external(WRONG)),
    })
}

/// A command's answer.
#[expect(clippy::cast_precision_loss, reason = "as Redis does: its Lua knows doubles alone")]
pub(super) fn to_lua(lua: &Lua, reply: Reply) -> mlua::Result<Value> {
    Ok(match reply {
        Reply::Nil | Reply::NilArray => Value::Boolean(false),
        Reply::Integer(number) => Value::Number(number as f64),
        Reply::Bulk(bytes) => Value::String(lua.create_string(&bytes)?),
        Reply::Array(items) => {
            let items: Vec<_> =
                items.iter().map(|item| item_to_lua(lua, item)).collect::<Result<_, _>>()?;
            Value::Table(lua.create_sequence_from(items)?)
        }
        Reply::Status(word) => {
            Value::Table(lua.create_table_from([("ok", lua.create_string(&word)?)])?)
        }
        Reply::Refused(refusal) => refusal_to_lua(lua, refusal.text().as_bytes())?,
    })
}

/// An item of a list. A text goes straight onto Lua's stack if it is UTF-8, as ids and numbers are;
/// any other takes a handle first.
fn item_to_lua<'a>(lua: &Lua, item: &'a Reply) -> mlua::Result<Either<&'a str, Value>> {
    match item {
        Reply::Bulk(bytes) => text_to_lua(lua, bytes),
        other => Ok(Either::Right(to_lua(lua, other.clone())?)),
    }
}

fn text_to_lua<'a>(lua: &Lua, text: &'a [u8]) -> mlua::Result<Either<&'a str, Value>> {
    match str::from_utf8(text) {
        Ok(text) => Ok(Either::Left(text)),
        Err(_) => Ok(Either::Right(Value::String(lua.create_string(text)?))),
    }
}

/// A list of texts.
pub(super) fn texts_to_lua(lua: &Lua, texts: &[Bytes]) -> mlua::Result<Table> {
    let texts: Vec<_> =
        texts.iter().map(|text| text_to_lua(lua, text)).collect::<Result<_, _>>()?;
    lua.create_sequence_from(texts)
}

/// A refusal that the script may return.
pub(super) fn refusal_to_lua(lua: &Lua, text: &[u8]) -> mlua::Result<Value> {
    Ok(Value::Table(lua.create_table_from([("err", lua.create_string(text)?)])?))
}

/// What a script returns.
pub(super) fn from_lua(value: Value) -> mlua::Result<Reply> {
    Ok(match value {
        Value::String(text) => Reply::text(text.as_bytes()),
        Value::Integer(number) => Reply::Integer(number),
        #[expect(clippy::cast_possible_truncation, reason = "as Redis does")]
        Value::Number(number) => Reply::Integer(number as i64),
        Value::Boolean(true) => Reply::Integer(1),
        Value::Table(table) => from_table(&table)?,
        _ => Reply::Nil,
    })
}

fn from_table(table: &Table) -> mlua::Result<Reply> {
    if let Value::String(text) = table.raw_get("err")? {
        return Ok(Reply::Refused(Refusal::with(&text.to_string_lossy())));
    }
    if let Value::String(text) = table.raw_get("ok")? {
        return Ok(Reply::Status(Bytes::copy_from_slice(&text.as_bytes())));
    }
    // A list ends at the first nil.
    let items = table.sequence_values::<Value>().map(|item| from_lua(item?));
    Ok(Reply::Array(items.collect::<mlua::Result<_>>()?))
}

/// What a script failed with: a command's refusal as it is, anything else by its own words.
pub(super) fn explain_value(problem: Value) -> Refusal {
    match problem {
        Value::Table(table) => match table.raw_get("err") {
            Ok(Value::String(text)) => Refusal::with(&text.to_string_lossy()),
            _ => Refusal::new("ERR the script failed with a table"),
        },
        Value::String(text) => Refusal::with(&format!("ERR {}", text.to_string_lossy())),
        Value::Error(error) => explain(&error),
        other => Refusal::with(&format!("ERR the script failed with a {}", other.type_name())),
    }
}

/// Why a script ended early: a command's refusal as it is, anything else by Lua's own words.
pub(super) fn explain(error: &Error) -> Refusal {
    if let Error::CallbackError { cause, .. } = error {
        return explain(cause);
    }
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return refusal.clone();
    }
    let text = error.to_string();
    Refusal::with(&format!("ERR {}", text.lines().next().unwrap_or_default()))
}
