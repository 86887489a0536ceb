//! That changes come from our own pages: a page of another site can make a browser post here, with
//! the reader's password, but can't hide where it is from.

use axum::http::{HeaderMap, Method};

use crate::web::Problem;

/// What a change has to say of where it is from.
const SITE: &str = "sec-fetch-site";

/// Refuses changes that may come from elsewhere. `host` and `scheme` are those that the reader's
/// browser sees; without a scheme, both are taken.
pub(super) fn check(
    method: &Method,
    headers: &HeaderMap,
    host: Option<&str>,
    scheme: Option<&str>,
) -> Result<(), Problem> {
    if [Method::GET, Method::HEAD].contains(method) {
        return Ok(());
    }
    if let Some(site) = headers.get(SITE) {
        // Sent by every browser of today, and no page can set it.
        return match site.to_str() {
            Ok("same-origin") => Ok(()),
            given => Err(refused("Sec-Fetch-Site", given.unwrap_or("no text"), "same-origin")),
        };
    }
    let origin = headers.get("origin").map(|it| it.to_str().unwrap_or("no text"));
    let host = host.unwrap_or_default();
    let schemes: &[&str] = match &scheme {
        Some(scheme) => &[*scheme],
        None => &["http", "https"],
    };
    let ours = |origin: &str| schemes.iter().any(|it| origin == format!("{it}://{host}"));
    match origin {
        Some(origin) if !host.is_empty() && ours(origin) => Ok(()),
        given => {
            let expected = format!("{}://{host}", schemes.first().unwrap_or(&"http"));
            Err(refused("Origin", given.unwrap_or("missing"), &expected))
        }
    }
}

fn refused(header: &str, given: &str, expected: &str) -> Problem {
    Problem::forbidden(format!(
        "A change has to come from a page of this dashboard. The header `{header}` is `{given}`, and \
         `{expected}` was expected. Behind a proxy, let it pass `Host` and `Sec-Fetch-Site` on, or \
         trust it and let it send `X-Forwarded-Host` and `X-Forwarded-Proto`."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().expect("a value"));
        }
        headers
    }

    fn post(pairs: &[(&'static str, &'static str)]) -> Result<(), String> {
        let answer = check(&Method::POST, &headers(pairs), Some("jobs.example"), Some("https"));
        answer.map_err(|problem| problem.words)
    }

    #[test]
    fn only_our_own_pages_may_change_things() {
        assert_eq!(post(&[("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(post(&[("origin", "https://jobs.example")]), Ok(()));
        for wrong in [
            &[] as &[_],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            // A page can't set the first, so it wins.
            &[("sec-fetch-site", "cross-site"), ("origin", "https://jobs.example")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://jobs.example")],
            &[("origin", "https://jobs.example.evil.example")],
            &[("origin", "null")],
        ] {
            assert!(post(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_header_and_what_was_expected() {
        let words = post(&[("origin", "null")]).expect_err("refused");
        assert!(words.contains("`Origin` is `null`, and `https://jobs.example`"), "{words}");
    }

    #[test]
    fn looking_needs_no_origin() {
        let looks = check(&Method::GET, &headers(&[("sec-fetch-site", "cross-site")]), None, None);
        assert!(looks.is_ok());
    }
}
