//! How people prove who they are.

use std::{fmt, net::IpAddr, pin::Pin, sync::Arc};

use axum::http::header;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    caller::Caller,
    role::{Person, Role},
};

/// The shortest password or token, in bytes.
const SHORTEST: usize = 8;

type HookFuture = Pin<Box<dyn Future<Output = Option<Person>> + Send>>;

type Named = Arc<dyn Fn(&str) -> Option<Person> + Send + Sync>;

type Hook = Arc<dyn Fn(Caller) -> HookFuture + Send + Sync>;

/// How people prove who they are, and so what they may do.
#[derive(Clone)]
pub struct Authentication(Kind);

#[derive(Clone)]
enum Kind {
    Open,
    Basic(Arc<[(Person, String)]>),
    Bearer(Arc<[(Person, String)]>),
    Proxy { header: String, proxies: Arc<[IpAddr]>, person: Named },
    Hook(Hook),
}

/// What came of looking who it is.
#[derive(Debug)]
pub(crate) enum Identified {
    As(Person),
    /// Nothing says who it is; how to say so, for `WWW-Authenticate`.
    Unknown(Option<&'static str>),
    /// What they said is wrong.
    Wrong(Option<&'static str>),
    /// Nobody can be let in; why.
    Closed(&'static str),
}

const BASIC: Option<&str> = Some("Basic realm=\"jobqueue\", charset=\"UTF-8\"");

const BEARER: Option<&str> = Some("Bearer realm=\"jobqueue\"");

impl Authentication {
    /// No proof: all who come from this machine are `local`, who may do all. Nobody else is let in,
    /// and nobody who comes by a name other than `localhost` or a loopback address, so that a page
    /// of another site can't reach it through the browser.
    #[must_use]
    pub fn open_on_loopback() -> Self {
        Self(Kind::Open)
    }

    /// A name and a password, which the browser asks for (HTTP Basic). The name is the person's. Use
    /// TLS: both are sent with each request. Passwords have at least 8 bytes.
    #[must_use]
    pub fn basic(people: impl IntoIterator<Item = (Person, String)>) -> Self {
        Self(Kind::Basic(people.into_iter().collect()))
    }

    /// A token in `Authorization: Bearer …`, for programs and for proxies that add it. Tokens have
    /// at least 8 bytes.
    #[must_use]
    pub fn bearer(people: impl IntoIterator<Item = (Person, String)>) -> Self {
        Self(Kind::Bearer(people.into_iter().collect()))
    }

    /// A proxy that has signed people in names them in a header. It is believed only on connections
    /// from these addresses; `person` says who somebody of that name is, and what they may do.
    ///
    /// ```
    /// use jobqueue_dashboard::{Authentication, Person, Role};
    ///
    /// let proxy = "10.0.0.2".parse().expect("an address");
    /// Authentication::proxy_header("X-Forwarded-User", [proxy], |name| {
    ///     Some(Person::new(name).may(Role::Viewer, "*"))
    /// });
    /// ```
    #[must_use]
    pub fn proxy_header(
        header: impl Into<String>,
        proxies: impl IntoIterator<Item = IpAddr>,
        person: impl Fn(&str) -> Option<Person> + Send + Sync + 'static,
    ) -> Self {
        let proxies = proxies.into_iter().collect();
        Self(Kind::Proxy { header: header.into(), proxies, person: Arc::new(person) })
    }

    /// The host program looks itself, such as for its own session's cookie. `None` lets nobody in.
    #[must_use]
    pub fn hook<F, R>(who: F) -> Self
    where
        F: Fn(Caller) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Person>> + Send + 'static,
    {
        Self(Kind::Hook(Arc::new(move |caller| Box::pin(who(caller)))))
    }

    /// Whether it asks for no proof.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.0, Kind::Open)
    }

    /// What is wrong with it, if anything.
    pub(crate) fn check(&self) -> Result<(), String> {
        match &self.0 {
            Kind::Basic(people) | Kind::Bearer(people) => {
                if people.is_empty() {
                    return Err("it lets nobody in: name at least one person".to_owned());
                }
                for (person, secret) in people.iter() {
                    person.check()?;
                    if secret.len() < SHORTEST {
                        let name = person.name();
                        return Err(format!("{name}'s secret has less than {SHORTEST} bytes"));
                    }
                }
                Ok(())
            }
            Kind::Proxy { proxies, .. } if proxies.is_empty() => {
                Err("it trusts no proxy: give the address of yours".to_owned())
            }
            Kind::Open | Kind::Proxy { .. } | Kind::Hook(_) => Ok(()),
        }
    }

    /// Who it is.
    pub(crate) async fn identify(&self, caller: &Caller) -> Identified {
        match &self.0 {
            Kind::Open => open(caller),
            Kind::Basic(people) => match credentials(caller, "Basic") {
                None => Identified::Unknown(BASIC),
                Some(text) => found(basic(people, text), BASIC),
            },
            Kind::Bearer(people) => match credentials(caller, "Bearer") {
                None => Identified::Unknown(BEARER),
                Some(token) => {
                    let mut found_one = None;
                    for (person, theirs) in people.iter() {
                        if secrets_match(theirs, token) {
                            found_one = Some(person.clone());
                        }
                    }
                    found(found_one, BEARER)
                }
            },
            Kind::Proxy { header, proxies, person } => {
                if !caller.peer.is_some_and(|peer| proxies.contains(&peer)) {
                    return Identified::Closed(
                        "It is reached through a proxy, and this connection isn't from one that it \
                         trusts.",
                    );
                }
                match caller.header(header).filter(|name| !name.trim().is_empty()) {
                    None => Identified::Unknown(None),
                    Some(name) => found(person(name), None),
                }
            }
            Kind::Hook(hook) => match hook(caller.clone()).await {
                Some(person) => Identified::As(person),
                None => Identified::Unknown(None),
            },
        }
    }
}

fn found(person: Option<Person>, how: Option<&'static str>) -> Identified {
    person.map_or(Identified::Wrong(how), Identified::As)
}

/// Only from this machine, and only by a name of this machine.
fn open(caller: &Caller) -> Identified {
    let Some(peer) = caller.peer else {
        return Identified::Closed(
            "The server doesn't say where requests come from. Serve the router with \
             `into_make_service_with_connect_info::<SocketAddr>()`, or set an authentication.",
        );
    };
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip"];
    if !peer.is_loopback() || forwarded.iter().any(|name| caller.headers.contains_key(*name)) {
        return Identified::Closed(
            "It has no authentication, so only this machine itself may use it.",
        );
    }
    if !caller.header("host").is_some_and(is_local) {
        return Identified::Closed(
            "It has no authentication, so it answers only to `localhost` and loopback addresses.",
        );
    }
    Identified::As(Person::new("local").may(Role::Admin, "*"))
}

fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if port.is_empty() || port.starts_with(':') => {
            // Only an address stands in brackets.
            return address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        }
        Some(_) => return false,
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What stands behind the scheme in `Authorization`.
fn credentials<'a>(caller: &'a Caller, scheme: &str) -> Option<&'a str> {
    let text = caller.header(header::AUTHORIZATION.as_str())?;
    let (given, rest) = text.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn basic(people: &[(Person, String)], text: &str) -> Option<Person> {
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    let mut found = None;
    for (person, theirs) in people {
        // Both are compared in any case, so that time doesn't tell which names there are.
        let (named, secret) = (person.name() == name, secrets_match(theirs, password));
        if named && secret {
            found = Some(person.clone());
        }
    }
    found
}

/// Compares secrets in a time that depends on the second's length alone.
fn secrets_match(ours: &str, given: &str) -> bool {
    let (ours, given) = (ours.as_bytes(), given.as_bytes());
    let mut differ = ours.len() ^ given.len();
    for (n, byte) in given.iter().enumerate() {
        let own = ours.get(n % ours.len().max(1)).copied().unwrap_or_default();
        differ |= usize::from(own ^ byte);
    }
    std::hint::black_box(differ) == 0
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::Open => "open on loopback",
            Kind::Basic(_) => "basic",
            Kind::Bearer(_) => "bearer",
            Kind::Proxy { .. } => "proxy header",
            Kind::Hook(_) => "hook",
        };
        f.debug_tuple("Authentication").field(&kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_match_only_whole() {
        assert!(secrets_match("correct horse", "correct horse"));
        for wrong in
            ["", "correct", "correct horse ", "correct horsf", "correct horsecorrect horse"]
        {
            assert!(!secrets_match("correct horse", wrong), "{wrong}");
        }
    }

    #[test]
    fn names_of_this_machine_are_local_and_others_are_not() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:9000", "[::1]:80", "127.1.2.3"] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[2001:db8::1]",
            "[::1].evil.com",
            "[localhost]",
            "",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn short_secrets_and_nobody_are_refused() {
        let ann = || Person::new("ann").may(Role::Admin, "*");
        let short = Authentication::basic([(ann(), "1234567".to_owned())]).check();
        assert_eq!(short, Err("ann's secret has less than 8 bytes".to_owned()));
        assert!(Authentication::bearer([]).check().is_err());
        assert!(Authentication::proxy_header("x-user", [], |_| None).check().is_err());
    }

    #[test]
    fn its_debug_text_has_no_secret() {
        let ann = Person::new("ann").may(Role::Admin, "*");
        let text = format!("{:?}", Authentication::basic([(ann, "a long secret".to_owned())]));
        assert_eq!(text, "Authentication(\"basic\")");
    }
}
