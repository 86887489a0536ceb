//! The way in: who asks, from where, and whether that is allowed.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, OriginalUri, Request, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{headers, origin};
use crate::{
    access::{Caller, Identified, Person},
    assets,
    payload::Tree,
    state::App,
    view,
    web::{Problem, Theme, Visit, forwarded_prefix, json, without_json},
};

/// Lets a request in, or says why not. Whatever comes out has the headers of all our answers.
pub(crate) async fn enter(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let entry = visit(&app, &parts).await;
    let request = Request::from_parts(parts, body);
    let mut response = match entry {
        Err((problem, stranger)) => framed(&stranger, problem.into_response()),
        Ok(Entry::File(response)) => response,
        Ok(Entry::Visit(visit, rewritten)) => answer(*visit, rewritten, request, next).await,
    };
    headers::secure(response.headers_mut());
    response
}

/// What somebody comes for.
enum Entry {
    /// A file that is no secret.
    File(Response),
    /// A page, at this address in our own routes.
    Visit(Box<Visit>, Uri),
}

async fn answer(visit: Visit, rewritten: Uri, mut request: Request, next: Next) -> Response {
    *request.uri_mut() = rewritten;
    request.extensions_mut().insert(visit.clone());
    framed(&visit, next.run(request).await)
}

/// Makes a page of a problem.
fn framed(visit: &Visit, response: Response) -> Response {
    /// A problem as data.
    #[derive(Serialize)]
    struct Words<'a> {
        error: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pointed: Option<&'a str>,
        status: u16,
    }
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        None if response.status() == StatusCode::NOT_FOUND => {
            Problem::not_found("There is no such page.").link("/", "All queues")
        }
        None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This address doesn't take that method.")
        }
        None => return response,
    };
    let status = problem.status;
    let mut page = if visit.json {
        let (error, pointed) = (&*problem.words, problem.pointed.as_deref());
        let words = Words { error, pointed, status: status.as_u16() };
        json(status, &Tree::of(&words).unwrap_or_default())
    } else {
        (status, view::problem(visit, &problem)).into_response()
    };
    for name in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::ALLOW] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    page
}

/// Who comes for what; or why they aren't let in, with what can be shown to a stranger.
async fn visit(app: &App, parts: &Parts) -> Result<Entry, (Problem, Box<Visit>)> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    let trusted = peer.is_some_and(|peer| app.trusted_proxies.contains(&peer));
    let (headers, uri) = (&parts.headers, &parts.uri);
    let (page, data) = without_json(uri.path());
    if let Some(file) = assets::serve(uri.path(), headers) {
        return Ok(Entry::File(file));
    }
    let address = address(headers, peer, trusted);
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let (prefix, root) = prefix(parts, trusted);
    let mut visit = Visit {
        app: app.clone(),
        person: Person::new("nobody"),
        address: address.map(|it| it.to_string()),
        prefix,
        root,
        here: format!("{page}{query}"),
        theme: Theme::of_cookies(headers),
        json: data || wants_json(headers),
    };
    let caller = Caller { headers: headers.clone(), peer, address };
    match identify(app, &caller).await {
        Ok(person) => visit.person = person,
        Err(problem) => return Err((problem, Box::new(visit))),
    }
    let (host, scheme) = seen_as(headers, uri, trusted);
    if let Err(problem) = origin::check(&parts.method, headers, host, scheme) {
        return Err((problem, Box::new(visit)));
    }
    let rewritten = format!("{page}{query}").parse();
    match rewritten {
        Ok(rewritten) => Ok(Entry::Visit(Box::new(visit), rewritten)),
        Err(_) => Err((Problem::bad_request("The address can't be read."), Box::new(visit))),
    }
}

async fn identify(app: &App, caller: &Caller) -> Result<Person, Problem> {
    if let Some(wait) = app.sign_ins.wait(caller.address) {
        let problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "There were too many wrong tries to sign in from this address. Wait a minute.",
        );
        return Err(problem.header(header::RETRY_AFTER, (wait.as_secs() + 1).to_string()));
    }
    let unauthorized = |words, how: Option<&str>| {
        let problem = Problem::new(StatusCode::UNAUTHORIZED, words);
        match how {
            Some(how) => problem.header(header::WWW_AUTHENTICATE, how),
            None => problem,
        }
    };
    match app.authentication.identify(caller).await {
        Identified::As(person) if person.has_any() => Ok(person),
        Identified::As(person) => {
            let name = person.name();
            Err(Problem::forbidden(format!("{name} has no role in this dashboard.")))
        }
        Identified::Unknown(how) => Err(unauthorized("Sign in to see this.", how)),
        Identified::Wrong(how) => {
            app.sign_ins.wrong(caller.address);
            Err(unauthorized("That is no name and secret that is known here.", how))
        }
        Identified::Closed(words) => Err(Problem::forbidden(words)),
    }
}

/// Who asks: the last that a trusted proxy names, since all before it may be made up.
fn address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: bool) -> Option<IpAddr> {
    if !trusted {
        return peer;
    }
    let last = headers.get_all("x-forwarded-for").iter().next_back();
    let text = last.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    text.or(peer)
}

/// What stands before our paths: where we are nested, behind what a trusted proxy took away. And the
/// address of the overview: where we are nested, that has no slash at its end.
fn prefix(parts: &Parts, trusted: bool) -> (String, String) {
    let ours = parts.uri.path();
    let whole = parts.extensions.get::<OriginalUri>().map_or(ours, |it| it.0.path());
    let nested = whole.strip_suffix(ours).unwrap_or_else(|| whole.trim_end_matches('/'));
    let nested = if ours == "/" && whole == "/" { "" } else { nested.trim_end_matches('/') };
    let forwarded = parts.headers.get("x-forwarded-prefix").filter(|_| trusted);
    let forwarded = forwarded.and_then(|it| forwarded_prefix(it.to_str().ok()?));
    let prefix = format!("{}{nested}", forwarded.unwrap_or_default());
    let root = if nested.is_empty() { format!("{prefix}/") } else { prefix.clone() };
    (prefix, root)
}

/// The host that the reader's browser sees, and the scheme if that is known.
fn seen_as<'a>(
    headers: &'a HeaderMap,
    uri: &'a Uri,
    trusted: bool,
) -> (Option<&'a str>, Option<&'a str>) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = |name: &str| text(name).filter(|_| trusted);
    let own = text("host").or_else(|| uri.authority().map(|it| it.as_str()));
    (forwarded("x-forwarded-host").or(own), forwarded("x-forwarded-proto"))
}

fn wants_json(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|text| text.trim_start().starts_with("application/json"))
}
