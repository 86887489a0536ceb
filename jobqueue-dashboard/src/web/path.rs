//! Names in paths, prefixes, and pages as JSON.

use std::fmt::Write as _;

use axum::{
    extract::{FromRequestParts, Path as InPath},
    http::request::Parts,
};
use jobqueue::QueueName;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::state::App;

/// The names in a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let read = InPath::from_request_parts(parts, app).await;
        let InPath(names) = read.map_err(|_| {
            Problem::bad_request("A name in this address can't be read: it has to be UTF-8.")
        })?;
        Ok(Self(names))
    }
}

/// How a page's address ends for its data instead.
const JSON: &str = ".json";

/// The longest prefix, in bytes.
const LONGEST_PREFIX: usize = 256;

/// A name as one part of a path, or as a value of a query.
pub(crate) fn encode(name: &str) -> String {
    let mut path = String::with_capacity(name.len());
    // A name that ends as the address of data does would be taken for that.
    let dot = name.len().checked_sub(JSON.len()).filter(|_| name.ends_with(JSON));
    for (at, byte) in name.bytes().enumerate() {
        match byte {
            b'.' if dot == Some(at) || name.bytes().all(|byte| byte == b'.') => {
                path.push_str("%2E")
            }
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                path.push(char::from(byte));
            }
            other => {
                let _ = write!(path, "%{other:02X}");
            }
        }
    }
    path
}

/// A queue's name from a path or a form.
pub(crate) fn queue_name(text: &str) -> Result<QueueName, Problem> {
    text.parse().map_err(|error| Problem::bad_request(format!("{error}.")))
}

/// The path without its ending, and whether it is the address of data.
pub(crate) fn without_json(path: &str) -> (&str, bool) {
    match path.strip_suffix(JSON) {
        Some("/index") => ("/", true),
        Some(page) if !page.is_empty() => (page, true),
        _ => (path, false),
    }
}

/// The prefix that a proxy names, if it can be one: `/jobs`, `/tools/jobs/`.
pub(crate) fn forwarded_prefix(text: &str) -> Option<String> {
    let prefix = text.trim().trim_end_matches('/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    let sound = prefix.starts_with('/')
        && !prefix.starts_with("//")
        && prefix.len() <= LONGEST_PREFIX
        && prefix.chars().all(allowed);
    sound.then(|| prefix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_and_no_name_looks_like_data() {
        for (name, path) in [
            ("mails", "mails"),
            ("a:b/c d", "a%3Ab%2Fc%20d"),
            ("a.json", "a%2Ejson"),
            ("a.jsonb", "a.jsonb"),
            ("<é>", "%3C%C3%A9%3E"),
            ("..", "%2E%2E"),
        ] {
            assert_eq!(encode(name), path);
        }
    }

    #[test]
    fn data_has_addresses_of_its_own() {
        assert_eq!(without_json("/q/mails.json"), ("/q/mails", true));
        assert_eq!(without_json("/index.json"), ("/", true));
        assert_eq!(without_json("/q/a%2Ejson"), ("/q/a%2Ejson", false));
        assert_eq!(without_json(".json"), (".json", false));
    }

    #[test]
    fn a_prefix_is_a_path_and_nothing_else() {
        assert_eq!(forwarded_prefix("/jobs/"), Some("/jobs".to_owned()));
        for wrong in ["", "/", "jobs", "//evil.example", "/a\"b", "/a b", "https://evil.example"] {
            assert_eq!(forwarded_prefix(wrong), None, "{wrong}");
        }
    }
}
