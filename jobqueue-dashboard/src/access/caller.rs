//! What is known of a request's sender.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The sender of a request, for [`Authentication::hook`](super::Authentication::hook).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Caller {
    /// The headers of the request.
    pub headers: HeaderMap,
    /// The other end of the connection, if the server says: a proxy, if there is one.
    pub peer: Option<IpAddr>,
    /// Who asks: the peer, or whom a trusted proxy names.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// A header's text, if there is one of this name and it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
