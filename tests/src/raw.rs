//! One script, called without its typed command, on a server of its own with a clock that stands.

use expect_test::Expect;
use redis::{Connection, RedisError, Value};

use crate::{dump::Dump, scripts::is_once, server::RedisServer, text};

/// The time in a [`Rig`] until a test sets another, in ms since the epoch.
pub const NOW: u64 = 1_700_000_000_000;

/// The key of the clock of [`clocked`] scripts.
const CLOCK: &str = "clock";

/// How all scripts ask for the time; see `lua/lib/clock.lua`.
const TIME: &str = "redis.call('TIME')";

/// A script's ARGV: texts, numbers and bytes, in any mixture.
///
/// ```
/// use jobqueue_tests::raw::args;
///
/// assert_eq!(args!["id", 7, &[0xff_u8][..]], [b"id".to_vec(), b"7".to_vec(), vec![0xff]]);
/// assert!(args![].is_empty());
/// ```
#[doc(inline)]
pub use crate::__args as args;

#[doc(hidden)]
#[macro_export]
macro_rules! __args {
    ($($arg:expr),* $(,)?) => {
        Vec::<Vec<Vec<u8>>>::from([$(::redis::ToRedisArgs::to_redis_args(&$arg)),*]).concat()
    };
}

/// Calls a script. A refusal is an `Err` with the server's text, its code first: `LEASELOST the
/// worker …`.
pub fn eval(
    connection: &mut Connection,
    source: &str,
    keys: &[String],
    args: Vec<Vec<u8>>,
) -> Result<Value, String> {
    let mut call = redis::cmd("EVAL");
    call.arg(source).arg(keys.len()).arg(keys).arg(args);
    call.query(connection).map_err(|error| refusal(&error))
}

/// A script's refusal: its code and text.
///
/// # Panics
/// The error isn't the server's.
#[must_use]
pub fn refusal(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => panic!("the script could not be called: {error}"),
    }
}

/// Runs a command given as words with single blanks between: `ZADD jq:{q}:waiting 1 a`. `''` is an
/// empty word, and `a~b` has a blank.
///
/// # Panics
/// The server refuses it.
pub fn run(connection: &mut Connection, command: &str) -> Value {
    let mut words = command.split(' ').map(|word| match word {
        "''" => String::new(),
        "~" => "~".to_owned(),
        word => word.replace('~', " "),
    });
    let mut call = redis::cmd(&words.next().unwrap_or_default());
    call.arg(words.collect::<Vec<_>>());
    call.query(connection).unwrap_or_else(|error| panic!("{command}: {error}"))
}

/// The script with a clock that stands at `ms` since the epoch, so that scores and answers can be
/// compared.
#[must_use]
pub fn frozen(source: &str, ms: u64) -> String {
    let clock = format!("{{ '{}', '{}' }}", ms / 1_000, ms % 1_000 * 1_000);
    let frozen = source.replace(TIME, &clock);
    assert!(!frozen.contains("'TIME'"), "a script asks for the time otherwise than by {TIME}");
    frozen
}

/// The script with a clock that stands at the time that [`set_clock`] has put into the server. Its
/// text is the same for every time, so it is loaded once.
#[must_use]
pub fn clocked(source: &str) -> String {
    let clocked = source.replace(TIME, &format!("redis.call('LRANGE', '{CLOCK}', 0, 1)"));
    assert!(!clocked.contains("'TIME'"), "a script asks for the time otherwise than by {TIME}");
    clocked
}

/// Sets the clock of all [`clocked`] scripts, in ms since the epoch.
///
/// # Panics
/// The server refuses it.
pub fn set_clock(connection: &mut Connection, ms: u64) {
    set_clock_micros(connection, ms * 1_000);
}

/// [`set_clock`], in µs.
///
/// # Panics
/// The server refuses it.
pub fn set_clock_micros(connection: &mut Connection, micros: u64) {
    let mut set = redis::pipe();
    set.del(CLOCK).rpush(CLOCK, &[micros / 1_000_000, micros % 1_000_000]);
    let () = set.query(connection).expect("the clock can be set");
}

/// A test rig for a script: a server of its own, the queue `q` on it, and a clock that stands.
///
/// ```
/// use expect_test::expect;
/// use jobqueue_tests::raw::{Rig, args};
///
/// let mut rig = Rig::new("return redis.call('LPUSH', KEYS[1], ARGV[1])");
/// rig.given(["RPUSH jq:{q}:wake 1"]);
/// rig.replies(&["wake"], args!["0"], "2");
/// rig.holds(expect![[r#"
///     jq:{q}:wake list
///       0
///       1
/// "#]]);
/// ```
#[derive(Debug)]
pub struct Rig {
    source: String,
    now: u64,
    /// The number of the newest call of a script whose calls are numbered.
    number: u64,
    connection: DebugConnection,
    server: RedisServer,
}

/// One try of a numbered call.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// The number of the call.
    pub number: u64,
    /// Whether it may have been sent before.
    pub resend: bool,
}

impl Try {
    /// Behind the script's own arguments.
    #[must_use]
    pub fn args(self) -> Vec<Vec<u8>> {
        args![self.number, 600_000, u8::from(self.resend)]
    }
}

/// `redis::Connection` has no `Debug`.
struct DebugConnection(Connection);

impl std::fmt::Debug for DebugConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Rig {
    /// The prefix of all keys of the queue.
    pub const BASE: &'static str = "jq:{q}:";

    /// The key of the one sender of numbered calls.
    pub const SENDER: &'static str = "jq:{q}:sender:s";

    /// A rig for this script, on an empty server.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self::on(RedisServer::start(), source)
    }

    /// A rig on a server that is set up otherwise.
    #[must_use]
    pub fn on(server: RedisServer, source: impl Into<String>) -> Self {
        let connection = DebugConnection(server.connection());
        Self { source: source.into(), now: NOW, number: 0, connection, server }
    }

    /// The server.
    pub fn server(&mut self) -> &mut RedisServer {
        &mut self.server
    }

    /// The connection, for commands that the rig has no method for.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection.0
    }

    /// Sets the clock, in ms since the epoch.
    pub fn at(&mut self, ms: u64) {
        self.now = ms;
    }

    /// Makes another script the one that is called, on the same data.
    pub fn script(&mut self, source: impl Into<String>) {
        self.source = source.into();
    }

    /// Runs [commands](run), to set up the state that the script finds.
    pub fn given<'a>(&mut self, commands: impl IntoIterator<Item = &'a str>) {
        for command in commands {
            run(&mut self.connection.0, command);
        }
    }

    /// Calls the script. Keys are named without [`BASE`](Self::BASE): `waiting`, `running:w1`.
    /// `Err` is a refusal. If its calls are numbered, this one has the next number.
    pub fn call(&mut self, keys: &[&str], args: Vec<Vec<u8>>) -> Result<Value, String> {
        self.number += 1;
        self.send(keys, args, Try { number: self.number, resend: false })
    }

    /// Calls the script as this try of a numbered call, if its calls are numbered.
    pub fn send(
        &mut self,
        keys: &[&str],
        mut args: Vec<Vec<u8>>,
        attempt: Try,
    ) -> Result<Value, String> {
        let mut keys: Vec<String> = keys.iter().map(|key| format!("{}{key}", Self::BASE)).collect();
        let source = frozen(&self.source, self.now);
        if is_once(&source) {
            keys.push(Self::SENDER.to_owned());
            args.extend(attempt.args());
        }
        eval(&mut self.connection.0, &source, &keys, args)
    }

    /// Calls the script, and checks its answer as [`text::reply`] writes it.
    ///
    /// # Panics
    /// The script refuses, or answers otherwise.
    #[track_caller]
    pub fn replies(&mut self, keys: &[&str], args: Vec<Vec<u8>>, expected: &str) {
        match self.call(keys, args) {
            Ok(value) => assert_eq!(text::reply(&value), expected, "the script's answer"),
            Err(refusal) => panic!("the script refused: {refusal}"),
        }
    }

    /// [`replies`](Self::replies) for an answer that is too long for a line, as
    /// [`text::reply_lines`] writes it. `UPDATE_EXPECT=1` writes it into the test.
    ///
    /// # Panics
    /// The script refuses, or answers otherwise.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "callers write it in place")]
    pub fn answers(&mut self, keys: &[&str], args: Vec<Vec<u8>>, expected: Expect) {
        match self.call(keys, args) {
            Ok(value) => expected.assert_eq(&text::reply_lines(&value)),
            Err(refusal) => panic!("the script refused: {refusal}"),
        }
    }

    /// Calls the script, and checks that it refuses with exactly this text and has changed nothing.
    ///
    /// # Panics
    /// The script answers, refuses otherwise, or has written something.
    #[track_caller]
    pub fn refuses(&mut self, keys: &[&str], args: Vec<Vec<u8>>, expected: &str) {
        let before = self.dump();
        match self.call(keys, args) {
            Ok(value) => panic!("the script did not refuse but answered {}", text::reply(&value)),
            Err(refusal) => assert_eq!(refusal, expected, "the script's refusal"),
        }
        self.dump().assert_unchanged_since(&before);
    }

    /// Checks the whole keyspace, as a [`Dump`] writes it; see [`Dump::assert_is`].
    ///
    /// # Panics
    /// It is otherwise.
    pub fn holds(&mut self, expected: Expect) {
        self.dump().assert_is(expected);
    }

    /// The whole keyspace, without the note of the newest numbered call.
    #[must_use]
    pub fn dump(&mut self) -> Dump {
        let mut dump = Dump::of(&mut self.connection.0);
        dump.0.remove(Self::SENDER);
        dump
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands() {
        let mut rig = Rig::new("return redis.call('TIME')");
        rig.replies(&[], args![], r#"["1700000000", "0"]"#);
        rig.at(1_234);
        rig.replies(&[], args![], r#"["1", "234000"]"#);
    }

    #[test]
    fn bytes_go_through() {
        let mut rig = Rig::new("return { ARGV[1], tonumber(ARGV[2]), KEYS[1], false }");
        let args = args![&b"\xff\x00"[..], 7];
        rig.replies(&["wake"], args, r#"["\xff\u{0}", 7, "jq:{q}:wake", nil]"#);
    }

    #[test]
    fn a_refusal_has_its_code_and_text() {
        let mut rig = Rig::new("return redis.error_reply('LEASELOST the worker is gone')");
        rig.refuses(&[], args![], "LEASELOST the worker is gone");
    }

    #[test]
    #[should_panic(expected = "the keyspace has changed")]
    fn a_refusal_that_writes_is_found_out() {
        let mut rig = Rig::new(
            "redis.call('SET', KEYS[1], '1') return redis.error_reply('NOTFOUND no such job')",
        );
        rig.refuses(&["wake"], args![], "NOTFOUND no such job");
    }

    #[test]
    #[should_panic(expected = "asks for the time otherwise")]
    fn a_clock_that_would_go_on_is_found_out() {
        let _ = frozen("return redis.pcall('TIME')", NOW);
    }
}
