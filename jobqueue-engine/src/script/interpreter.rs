//! Lua 5.1, set up as Redis does. Each thread has one, for all servers of the process: compiling
//! a script costs more than a thousand runs of it.

use std::{
    cell::{RefCell, RefMut},
    collections::HashMap,
    mem,
    rc::Rc,
};

use bytes::Bytes;
use foldhash::fast::FixedState;
use mlua::{Function, Lua, LuaOptions, StdLib, Table, Value, Variadic};

use super::convert::{
    argument, explain, explain_value, from_lua, refusal_to_lua, texts_to_lua, to_lua,
};
use crate::{
    command,
    keyspace::Keyspace,
    refusal::Refusal,
    reply::{Answer, Reply},
};

/// The standard functions that reach files or a terminal, or answer otherwise each time.
const REMOVED: [&str; 4] = ["dofile", "loadfile", "print", "collectgarbage"];
const REMOVED_FROM_MATH: [&str; 2] = ["random", "randomseed"];

/// A script that misspells a local's name must fail.
const NO_GLOBALS: &str = "
    setmetatable(_G, {
        __index = function(_, name)
            error('Script attempted to access nonexistent global variable \\'' .. tostring(name) .. '\\'', 2)
        end,
        __newindex = function(_, name)
            error('Attempt to modify a readonly table', 2)
        end,
    })";

/// A script's `pcall` gives a refusal's text, as Redis's does.
const PCALL: &str = "
    local raw, type = ..., type
    local function explain(done, problem, ...)
        if not done and type(problem) == 'table' and type(problem.err) == 'string' then
            return false, problem.err
        end
        return done, problem, ...
    end
    return function(...)
        return explain(raw(...))
    end";

/// `redis.call` raises a table with the refusal in `err`, as Redis's does since version 7. A
/// function of Rust could raise its own kind of value alone, which no script can read.
const CALL: &str = "
    local raw, error = ..., error
    return function(...)
        local reply, is_refused = raw(...)
        if is_refused then
            error(reply, 0)
        end
        return reply
    end";

/// A collection of garbage begins when so many percent of what the last one left are in use. What
/// lasts are the scripts, a megabyte or two, so there is room, and each call leaves nothing.
const GC_PAUSE: i32 = 400;

/// How many scripts' hashes are remembered, so that no client can fill the memory with them.
const HASHES: usize = 1_000;

/// The first line of a script that keeps nothing from one call to the next, and whose last line is
/// `return entry(KEYS, ARGV)`. Its functions are made once, and not with each call as Redis does:
/// for a script of many functions that is most of its cost.
const PURE: &[u8] = b"--!pure\n";
const ENTRY: &[u8] = b"\nreturn ";

/// The lines around what each call of a pure script does first, before the other functions are made.
const FIRST: &[u8] = b"\n--!first\n";
const REST: &[u8] = b"\n--!rest\n";

pub(super) struct Interpreter {
    lua: Lua,
    /// By texts: hashing one costs more than running it, and each server gets it anew.
    hashes: HashMap<Bytes, String, FixedState>,
    /// By their hashes.
    compiled: HashMap<String, Compiled, FixedState>,
    /// Lua's own: a script that fails gives a value rather than a message.
    pcall: Function,
    /// The keyspace of the server whose script is running.
    lent: Rc<RefCell<Keyspace>>,
}

enum Compiled {
    /// It takes its keys and arguments from `KEYS` and `ARGV`.
    Whole(Function),
    /// The entry of a [pure](PURE) one, which takes them as its own arguments.
    Entry(Function),
}

/// Uses this thread's interpreter.
pub(super) fn with_interpreter<T>(
    use_it: impl FnOnce(&mut Interpreter) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    thread_local! {
        static INTERPRETER: RefCell<Option<Interpreter>> = const { RefCell::new(None) };
    }
    INTERPRETER.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(Interpreter::new().map_err(|error| explain(&error))?);
        }
        slot.as_mut().map_or(Err(Refusal::new("ERR no interpreter")), use_it)
    })
}

impl Interpreter {
    fn new() -> mlua::Result<Self> {
        let lua =
            Lua::new_with(StdLib::STRING | StdLib::TABLE | StdLib::MATH, LuaOptions::default())?;
        lua.gc_set_pause(GC_PAUSE);
        let lent = Rc::new(RefCell::new(Keyspace::new(0)));
        let globals = lua.globals();
        globals.raw_set("redis", redis(&lua, &lent)?)?;
        for name in REMOVED {
            globals.raw_set(name, Value::Nil)?;
        }
        let math: Table = globals.raw_get("math")?;
        for name in REMOVED_FROM_MATH {
            math.raw_set(name, Value::Nil)?;
        }
        let pcall = globals.raw_get("pcall")?;
        globals.raw_set("pcall", lua.load(PCALL).into_function()?.call::<Function>(&pcall)?)?;
        lua.load(NO_GLOBALS).exec()?;
        let (hashes, compiled) = (HashMap::default(), HashMap::default());
        Ok(Self { lua, hashes, compiled, pcall, lent })
    }

    /// The SHA-1 of a script in hexadecimal digits.
    pub(super) fn hash(&mut self, source: &[u8]) -> String {
        if let Some(sha) = self.hashes.get(source) {
            return sha.clone();
        }
        if self.hashes.len() == HASHES {
            self.hashes.clear();
        }
        let sha = sha1_hex(source);
        // A copy: the text may be a piece of a large buffer.
        self.hashes.insert(Bytes::copy_from_slice(source), sha.clone());
        sha
    }

    pub(super) fn compile(&mut self, sha: &str, source: &[u8]) -> Result<(), Refusal> {
        if !self.compiled.contains_key(sha) {
            let compiled = self.compiled(source).map_err(|error| {
                Refusal::with(&format!("ERR Error compiling script (new function): {error}"))
            })?;
            self.compiled.insert(sha.to_owned(), compiled);
        }
        Ok(())
    }

    fn compiled(&self, source: &[u8]) -> mlua::Result<Compiled> {
        let load = |source: &[u8]| self.lua.load(source).set_name("@user_script").into_function();
        let Some((body, entry)) = entry_of(source) else {
            return load(source).map(Compiled::Whole);
        };
        let (helpers, first, others) = first_of(body).unwrap_or((body, b"", b""));
        let call =
            [b"\nreturn function(KEYS, ARGV)\n", first, b"\nreturn ", entry, b" end\n"].concat();
        let entry = [helpers, b"\n", others, &call].concat();
        load(&entry)?.call(()).map(Compiled::Entry)
    }

    pub(super) fn run(
        &mut self,
        sha: &str,
        keyspace: &mut Keyspace,
        keys: &[Bytes],
        args: &[Bytes],
    ) -> Answer {
        let script = self.compiled.get(sha).ok_or(Refusal::new("NOSCRIPT not compiled"))?;
        let mut run = || {
            let (keys, args) = (self.list(keys)?, self.list(args)?);
            if let Compiled::Whole(_) = script {
                let globals = self.lua.globals();
                globals.raw_set("KEYS", &keys)?;
                globals.raw_set("ARGV", &args)?;
            }
            let _lent = Lent::new(&self.lent, keyspace);
            let ended = match script {
                Compiled::Whole(script) => self.pcall.call::<(bool, Value)>(script)?,
                Compiled::Entry(entry) => self.pcall.call::<(bool, Value)>((entry, keys, args))?,
            };
            match ended {
                (true, value) => from_lua(value),
                (false, problem) => Ok(Reply::Refused(explain_value(problem))),
            }
        };
        match run() {
            Ok(Reply::Refused(refusal)) => Err(refusal),
            Ok(reply) => Ok(reply),
            Err(error) => Err(explain(&error)),
        }
    }

    fn list(&self, texts: &[Bytes]) -> mlua::Result<Table> {
        texts_to_lua(&self.lua, texts)
    }
}

/// What stands before the last line of a pure script, and what that line returns.
fn entry_of(source: &[u8]) -> Option<(&[u8], &[u8])> {
    let source = source.strip_prefix(PURE)?.trim_ascii_end();
    let at = source.windows(ENTRY.len()).rposition(|window| window == ENTRY)?;
    let (body, entry) = source.split_at_checked(at)?;
    entry.strip_prefix(ENTRY).map(|entry| (body, entry))
}

/// What stands before the part that each call does first, that part, and what stands behind it.
fn first_of(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let find =
        |text: &[u8], line: &[u8]| text.windows(line.len()).position(|window| window == line);
    let (helpers, tail) = body.split_at_checked(find(body, FIRST)?)?;
    let (first, others) = tail.split_at_checked(find(tail, REST)?)?;
    Some((helpers, first.strip_prefix(FIRST)?, others.strip_prefix(REST)?))
}

fn sha1_hex(bytes: &[u8]) -> String {
    sha1_smol::Sha1::from(bytes).digest().to_string()
}

/// The table `redis`.
fn redis(lua: &Lua, lent: &Rc<RefCell<Keyspace>>) -> mlua::Result<Table> {
    let redis = lua.create_table()?;
    let keyspace = lent.clone();
    let raw = lua.create_function(move |lua, args: Variadic<Value>| {
        Ok(match call(keyspace.borrow_mut(), &args)? {
            Ok(reply) => (to_lua(lua, reply)?, false),
            Err(refusal) => (refusal_to_lua(lua, refusal.text().as_bytes())?, true),
        })
    })?;
    redis.raw_set("call", lua.load(CALL).into_function()?.call::<Function>(raw)?)?;
    let keyspace = lent.clone();
    redis.raw_set(
        "pcall",
        lua.create_function(move |lua, args: Variadic<Value>| {
            match call(keyspace.borrow_mut(), &args)? {
                Ok(reply) => to_lua(lua, reply),
                Err(refusal) => refusal_to_lua(lua, refusal.text().as_bytes()),
            }
        })?,
    )?;
    redis.raw_set(
        "error_reply",
        lua.create_function(|lua, text: mlua::String| {
            let text = text.as_bytes();
            refusal_to_lua(lua, text.strip_prefix(b"-").unwrap_or(&text))
        })?,
    )?;
    redis.raw_set(
        "status_reply",
        lua.create_function(|lua, text: mlua::String| lua.create_table_from([("ok", text)]))?,
    )?;
    redis.raw_set(
        "sha1hex",
        lua.create_function(|_, text: mlua::String| Ok(sha1_hex(&text.as_bytes())))?,
    )?;
    Ok(redis)
}

fn call(mut keyspace: RefMut<'_, Keyspace>, args: &[Value]) -> mlua::Result<Answer> {
    let mut words: Vec<Bytes> = args.iter().map(argument).collect::<mlua::Result<_>>()?;
    Ok(match command::run_taking(&mut keyspace, &mut words) {
        // Within a script nothing waits.
        Ok(Reply::NilArray) => Ok(Reply::Nil),
        answer => answer,
    })
}

/// A keyspace in the interpreter's hands, until this is dropped.
struct Lent<'a> {
    place: &'a RefCell<Keyspace>,
    owner: &'a mut Keyspace,
}

impl<'a> Lent<'a> {
    fn new(place: &'a RefCell<Keyspace>, owner: &'a mut Keyspace) -> Self {
        mem::swap(&mut *place.borrow_mut(), owner);
        Self { place, owner }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        mem::swap(&mut *self.place.borrow_mut(), self.owner);
    }
}
