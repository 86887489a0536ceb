//! URLs of servers, and TLS.

use std::sync::Arc;

#[cfg(feature = "embedded")]
use super::embedded::Embedded;
use super::{connection::Endpoint, sentinel::Sentinels};
use crate::{
    error::{Error, Refused, Result},
    value_error::Invalid,
};

/// Certificates for TLS, beyond the public certificate authorities. Only `rediss://` URLs use them.
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

/// The advice for a URL that can't be read. The URL itself may hold a password, so errors never
/// show it.
const ADVICE: &str = "use redis://[user:password@]host[:port][/database], rediss://… for TLS, \
     unix:///path/to/socket, or \
     redis+sentinel://[user:password@]host[:port][,host…]/service[/database], or \
     embedded: for a server in this process, embedded:/path/to/folder for one that keeps its data";

/// The port of sentinels.
const SENTINEL_PORT: u16 = 26_379;

pub(crate) fn open(url: &str, tls: &TlsOptions) -> Result<Endpoint> {
    if let Some(place) = url.strip_prefix("embedded:") {
        return open_embedded(place);
    }
    match url.split_once("+sentinel://") {
        Some((scheme @ ("redis" | "rediss" | "valkey" | "valkeys"), rest)) => {
            open_sentinels(scheme, rest, tls)
        }
        _ => open_server(url, tls).map(Box::new).map(Endpoint::Server),
    }
}

#[cfg(feature = "embedded")]
fn open_embedded(place: &str) -> Result<Endpoint> {
    let embedded = if place.is_empty() {
        Embedded::in_memory()
    } else {
        Embedded::Folder(super::folder::Shared::open(place)?)
    };
    Ok(Endpoint::Embedded(embedded))
}

#[cfg(not(feature = "embedded"))]
fn open_embedded(_place: &str) -> Result<Endpoint> {
    let advice = "add the feature `embedded` of jobqueue in Cargo.toml";
    Err(Invalid::setup("this program is compiled without the embedded server", advice).into())
}

/// `[user:password@]host[:port][,host…]/service[/database][?sentinel_user=…&sentinel_password=…]`
///
/// Each part goes into a plain URL, so that all of them are read in one way.
fn open_sentinels(scheme: &str, rest: &str, tls: &TlsOptions) -> Result<Endpoint> {
    let invalid = || Invalid::setup(format!("invalid redis url {scheme}+sentinel://…"), ADVICE);
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.split_once('/').ok_or_else(invalid)?;
    let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (service, database) = path.split_once('/').unwrap_or((path, "0"));
    if service.is_empty() || hosts.is_empty() {
        return Err(invalid().into());
    }
    let (mut user, mut password) = ("", "");
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("sentinel_user", value)) => user = value,
            Some(("sentinel_password", value)) => password = value,
            _ => return Err(invalid().into()),
        }
    }
    let plain = |login: &str, host: &str, database: &str| {
        let login = if login.is_empty() { String::new() } else { format!("{login}@") };
        open_server(&format!("{scheme}://{login}{host}/{database}"), tls).map_err(|_| invalid())
    };
    let own = if password.is_empty() { String::new() } else { format!("{user}:{password}") };
    let sentinel = |host: &str| {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        let port = if has_port { String::new() } else { format!(":{SENTINEL_PORT}") };
        plain(&own, &format!("{host}{port}"), "")
    };
    let sentinels = hosts.split(',').map(sentinel).collect::<Result<_, _>>()?;
    // The address in it is never dialled: the sentinels name another.
    let master = plain(login, "localhost", database)?.get_connection_info().clone();
    Ok(Endpoint::Sentinels(Arc::new(Sentinels::new(sentinels, service, master))))
}

/// The error of a failed check of the server, if the database in the URL, or its folder, is the
/// reason.
pub(crate) fn explain(endpoint: &Endpoint, error: Error) -> Error {
    match (endpoint, &error) {
        (Endpoint::Server(client), Error::Refused(Refused::Server { source, .. }))
            if database(client) != 0 && source.to_string().contains("database") =>
        {
            one_database(client)
        }
        #[cfg(feature = "embedded")]
        (Endpoint::Embedded(embedded), _) => embedded.explain(error),
        _ => error,
    }
}

pub(crate) fn database(client: &redis::Client) -> i64 {
    client.get_connection_info().redis_settings().db()
}

/// Clusters have database 0 alone.
pub(crate) fn one_database(client: &redis::Client) -> Error {
    const ADVICE: &str = "the server doesn't have it, and a cluster has database 0 alone: leave it \
         out of the url, and give each application a `prefix` of its own";
    Invalid::new("redis database", database(client), ADVICE).into()
}

fn open_server(url: &str, tls: &TlsOptions) -> Result<redis::Client> {
    let invalid = || Invalid::setup(format!("invalid redis url {}", hide(url)), ADVICE);
    if url.starts_with("rediss://") || url.starts_with("valkeys://") {
        return open_tls(url, tls);
    }
    redis::Client::open(url).map_err(|_| invalid().into())
}

#[cfg(feature = "tls")]
fn open_tls(url: &str, tls: &TlsOptions) -> Result<redis::Client> {
    // rustls needs one provider of cryptography for the process, and panics if it finds none or
    // two. A provider that the program has chosen stays.
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
        Invalid::setup(format!("invalid redis url or certificate {}", hide(url)), ADVICE)
            .because(error.category().to_owned())
            .into()
    })
}

#[cfg(not(feature = "tls"))]
fn open_tls(url: &str, _tls: &TlsOptions) -> Result<redis::Client> {
    Err(Invalid::setup(
        format!("{} is a url with TLS", hide(url)),
        "turn the crate's feature `tls` on",
    )
    .into())
}

/// A URL without its secrets.
fn hide(url: &str) -> String {
    match url.split_once("://") {
        Some((scheme, _)) if scheme.len() < 17 => format!("{scheme}://…"),
        _ => "…".to_owned(),
    }
}

/// The prefix of all keys: nothing that could move the hash tag or split a line.
pub(crate) fn check_prefix(prefix: &str) -> Result<()> {
    let fine = |b: u8| b.is_ascii_graphic() && b != b'{' && b != b'}';
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(fine) {
        return Err(Invalid::new(
            "key prefix",
            prefix,
            "use 1 to 64 printable ASCII characters without spaces and braces",
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
        for url in [
            "redis://user:s3cret@:bad:port",
            "s3cret",
            "rediss://u:s3cret@[::1",
            "http://s3cret",
            "redis+sentinel://u:s3cret@h",
            "redis+sentinel://u:s3cret@h:x/s",
            "redis+sentinel://h/s?s3cret",
        ] {
            let opened = open(url, &TlsOptions::new()).map(drop);
            let error = opened.expect_err("a bad url").to_string();
            assert!(!error.contains("s3cret"), "{error}");
            assert!(error.contains("redis://"), "{error}");
        }
    }

    #[test]
    fn sentinels() {
        let url = "redis+sentinel://:s3cret@a,[::1],b:1/main/3?sentinel_password=t0p";
        let endpoint = open(url, &TlsOptions::new()).expect("a good url");
        let Endpoint::Sentinels(sentinels) = endpoint else { panic!("no sentinels") };
        let shown = format!("{sentinels:?}");
        assert!(shown.contains("main") && !shown.contains("s3cret") && !shown.contains("t0p"));
    }

    #[test]
    fn prefixes() {
        assert!(check_prefix("jq").is_ok() && check_prefix("my-app:jq").is_ok());
        for bad in ["", "a b", "{a}", "ä", &"p".repeat(65)] {
            assert!(check_prefix(bad).is_err(), "{bad:?}");
        }
    }
}
