//! Kinds of errors, by what can be done about them.

use serde::Serialize;

/// A kind of error, by what can be done about it.
///
/// A [`RetryPolicy`](crate::retry::RetryPolicy) says what follows from each.
///
/// Serialized: its name in `snake_case`, such as `"rate_limited"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorClass {
    /// It passes by itself: the network, a timeout, a server that restarts.
    Transient,
    /// Too many requests: the other side asks to wait.
    RateLimited,
    /// The request is wrong, and stays wrong.
    Validation,
    /// The caller is unknown or not allowed: a person has to fix that.
    Auth,
    /// The other side failed, by a fault of its own or because of this very request.
    Server,
}

impl ErrorClass {
    /// All of them, in the order of a policy's rules.
    const ALL: [(Self, &'static str); 5] = [
        (Self::Transient, "transient"),
        (Self::RateLimited, "rate limited"),
        (Self::Validation, "validation"),
        (Self::Auth, "auth"),
        (Self::Server, "server"),
    ];

    /// The class of an HTTP response that is not a success.
    ///
    /// | status | class |
    /// | --- | --- |
    /// | 408 Request Timeout, 423 Locked, 425 Too Early, 502 Bad Gateway, 503 Service Unavailable, 504 Gateway Timeout | [`Transient`](Self::Transient) |
    /// | 429 Too Many Requests | [`RateLimited`](Self::RateLimited) |
    /// | 401 Unauthorized, 403 Forbidden, 407 and 511 (a proxy's and a network's sign-in) | [`Auth`](Self::Auth) |
    /// | any other below 500, with 400, 404, 409 and 422 | [`Validation`](Self::Validation): the same request gets the same answer |
    /// | any other from 500 on | [`Server`](Self::Server) |
    ///
    /// ```
    /// use jobqueue::retry::ErrorClass;
    ///
    /// assert_eq!(ErrorClass::from_http_status(429), ErrorClass::RateLimited);
    /// assert_eq!(ErrorClass::from_http_status(500), ErrorClass::Server);
    /// ```
    #[must_use]
    pub const fn from_http_status(status: u16) -> Self {
        match status {
            408 | 423 | 425 | 502..=504 => Self::Transient,
            429 => Self::RateLimited,
            401 | 403 | 407 | 511 => Self::Auth,
            0..=499 => Self::Validation,
            _ => Self::Server,
        }
    }

    /// The class in a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(class, _)| *class == self).map_or("unknown", |(_, name)| name)
    }
}

impl std::fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_statuses() {
        for (class, statuses) in [
            (ErrorClass::Transient, &[408, 423, 425, 502, 503, 504][..]),
            (ErrorClass::RateLimited, &[429]),
            (ErrorClass::Auth, &[401, 403, 407, 511]),
            (ErrorClass::Validation, &[0, 304, 400, 402, 404, 409, 410, 422, 499]),
            (ErrorClass::Server, &[500, 501, 505, 507, 520, 599, u16::MAX]),
        ] {
            for status in statuses {
                assert_eq!(ErrorClass::from_http_status(*status), class, "{status}");
            }
        }
    }
}
