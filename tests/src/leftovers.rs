//! What is left of queues that are gone.

use redis::{Connection, cmd};

/// The keys that fit a pattern and stay. Others expire: the notes of calls, without which one that
/// arrives late would be made again, and what was to end a wait.
///
/// # Panics
/// The server doesn't answer.
#[must_use]
pub fn keys_that_stay(connection: &mut Connection, pattern: &str) -> Vec<String> {
    let keys: Vec<String> = cmd("KEYS").arg(pattern).query(connection).expect("keys");
    let stays = |key: &String| {
        let lives: i64 = cmd("PTTL").arg(key).query(connection).expect("a time");
        lives == -1
    };
    keys.into_iter().filter(stays).collect()
}
