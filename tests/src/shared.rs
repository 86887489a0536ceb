//! One server for all tests that can share it.

use std::{env, sync::OnceLock};

use redis::{Client, Connection};

use crate::server::RedisServer;

/// The URL of a server to use as the shared one. The tests leave its other keys alone.
const VARIABLE: &str = "JOBQUEUE_TEST_REDIS_URL";

#[derive(Debug)]
struct Shared {
    url: String,
    /// Never dropped, as nothing static is; it is killed when the process exits.
    _server: Option<RedisServer>,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| match env::var(VARIABLE) {
        Ok(url) => Shared { url, _server: None },
        Err(_) => {
            let server = RedisServer::start();
            Shared { url: server.url(), _server: Some(server) }
        }
    })
}

/// The URL of the server that the tests of this process share: the one that
/// `JOBQUEUE_TEST_REDIS_URL` names, or else one of their own, started now if none has asked before.
///
/// Tests on it use queue names of their own ([`names::queue`](crate::names::queue)) and touch
/// nothing else.
#[must_use]
pub fn url() -> &'static str {
    &shared().url
}

/// A connection for looking into it.
///
/// # Panics
/// It can't be reached.
#[must_use]
pub fn connection() -> Connection {
    let client = Client::open(url()).expect("the shared server's URL is valid");
    client.get_connection().expect("the shared server can be reached")
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_same_for_all() {
        assert_eq!(super::url(), std::thread::spawn(super::url).join().unwrap());
        let pong: String = redis::cmd("PING").query(&mut super::connection()).unwrap();
        assert_eq!(pong, "PONG");
    }
}
