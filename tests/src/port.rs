//! Ports for servers.

use std::{net::TcpListener, ops::Range};

/// Below the ports that Linux gives to outgoing connections (32768 and up).
///
/// A client that keeps trying to reach a closed port from among those will, sooner or later, be
/// given that very port as its own end and so connect to itself; the server then can't come back.
/// It follows that binding port 0 and letting go of it is no way to choose a port for a server that
/// is going to be killed.
const RANGE: Range<u16> = 20_000..32_000;

/// A loopback port on which nobody listens at this moment.
///
/// Another process may take it before the caller does, so the caller tries again if binding fails.
#[must_use]
pub fn free() -> u16 {
    for _ in 0..1_000 {
        let port = fastrand::u16(RANGE);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free loopback port among {RANGE:?}");
}
