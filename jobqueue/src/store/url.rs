//! Where the server is, and how to trust it.

use crate::error::Result;
use crate::flaw::Invalid;

/// What TLS needs beyond the public certificate authorities. Only `rediss://` URLs use it.
///
/// Its `Debug` shows no key.
#[derive(Clone, Default)]
pub struct TlsOptions {
    root_certificate: Option<Vec<u8>>,
    client_identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl TlsOptions {
    /// Trusts the public certificate authorities.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts this certificate authority instead of the public ones. PEM.
    #[must_use]
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificate = Some(pem.into());
        self
    }

    /// Shows the server this certificate, with its key. PEM.
    #[must_use]
    pub fn client_identity(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.client_identity = Some((certificate.into(), key.into()));
        self
    }
}

impl std::fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsOptions")
            .field("root_certificate", &self.root_certificate.is_some())
            .field("client_identity", &self.client_identity.is_some())
            .finish()
    }
}

/// The advice for a URL that can't be read. The URL itself may hold a password, so errors never show it.
const ADVICE: &str = "use redis://[user:password@]host[:port][/database], rediss://… for TLS, \
     or unix:///path/to/socket";

pub(super) fn open(url: &str, tls: &TlsOptions) -> Result<redis::Client> {
    let invalid = || Invalid::new("redis url", hide(url), ADVICE);
    if url.starts_with("rediss://") || url.starts_with("valkeys://") {
        return open_tls(url, tls);
    }
    redis::Client::open(url).map_err(|_| invalid().into())
}

#[cfg(feature = "tls")]
fn open_tls(url: &str, tls: &TlsOptions) -> Result<redis::Client> {
    // rustls asks for one provider of cryptography for the process, and panics where it finds none
    // or two. If the program has chosen one, that stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client_tls = tls
        .client_identity
        .clone()
        .map(|(client_cert, client_key)| redis::ClientTlsConfig { client_cert, client_key });
    let certificates =
        redis::TlsCertificates { client_tls, root_cert: tls.root_certificate.clone() };
    // Without certificates of its own a client trusts the public authorities.
    let client = if certificates.client_tls.is_none() && certificates.root_cert.is_none() {
        redis::Client::open(url)
    } else {
        redis::Client::build_with_tls(url, certificates)
    };
    client.map_err(|error| {
        // The parser's errors on URLs are fixed texts; those on certificates name what is wrong.
        Invalid::new(
            "redis url or certificate",
            hide(url),
            format!("{}; {ADVICE}", error.category()),
        )
        .into()
    })
}

#[cfg(not(feature = "tls"))]
fn open_tls(url: &str, _tls: &TlsOptions) -> Result<redis::Client> {
    Err(Invalid::new("redis url", hide(url), "TLS needs the crate's feature `tls`").into())
}

/// A URL without what may be secret.
fn hide(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) if scheme.len() < 10 => format!("{scheme}://…"),
        _ => "…".to_owned(),
    }
}

/// The prefix of all keys: nothing that could move the hash tag or split a line.
pub(super) fn check_prefix(prefix: &str) -> Result<()> {
    let fine = |b: u8| b.is_ascii_graphic() && b != b'{' && b != b'}';
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(fine) {
        return Err(Invalid::new(
            "key prefix",
            prefix,
            "use 1 to 64 printable ASCII characters without blanks and braces",
        )
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_out_of_errors() {
        for url in
            ["redis://user:s3cret@:bad:port", "s3cret", "rediss://u:s3cret@[::1", "http://s3cret"]
        {
            let error = open(url, &TlsOptions::new()).expect_err("a bad url").to_string();
            assert!(!error.contains("s3cret"), "{error}");
            assert!(error.contains("redis://"), "{error}");
        }
    }

    #[test]
    fn prefixes() {
        assert!(check_prefix("jq").is_ok() && check_prefix("my-app:jq").is_ok());
        for bad in ["", "a b", "{a}", "ä", &"p".repeat(65)] {
            assert!(check_prefix(bad).is_err(), "{bad:?}");
        }
    }
}
