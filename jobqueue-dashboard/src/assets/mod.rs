//! Style and scripts. Each has a hash of its text in its address, so browsers keep it for ever, and
//! a new version has an address of its own.
//!
//! `htmx.min.js` and `idiomorph.min.js` are as their authors published them; their licences stand
//! beside them, and `THIRD-PARTY.md` says where they come from.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Where they are, below the prefix.
const PATH: &str = "/-/assets/";

/// One file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    hash: u64,
}

const JS: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

pub(crate) const STYLE: Asset = Asset::new("style.css", CSS, include_str!("style.css"));
pub(crate) const HTMX: Asset = Asset::new("htmx.min.js", JS, include_str!("htmx.min.js"));
pub(crate) const MORPH: Asset =
    Asset::new("idiomorph.min.js", JS, include_str!("idiomorph.min.js"));
pub(crate) const LIVE: Asset = Asset::new("live.js", JS, include_str!("live.js"));
pub(crate) const KEYS: Asset = Asset::new("keys.js", JS, include_str!("keys.js"));

const ALL: [Asset; 5] = [STYLE, HTMX, MORPH, LIVE, KEYS];

impl Asset {
    const fn new(name: &'static str, kind: &'static str, text: &'static str) -> Self {
        Self { name, kind, text, hash: hash(text.as_bytes()) }
    }

    /// Its address, below the prefix.
    pub(crate) fn path(self) -> String {
        format!("{PATH}{:016x}/{}", self.hash, self.name)
    }
}

/// FNV-1a: it tells versions of our own files apart, and runs when the crate is compiled.
const fn hash(text: &[u8]) -> u64 {
    let (mut hash, mut n) = (0xcbf2_9ce4_8422_2325_u64, 0);
    while n < text.len() {
        hash = (hash ^ text[n] as u64).wrapping_mul(0x0100_0000_01b3);
        n += 1;
    }
    hash
}

/// The file at this path, if it is the path of one. They are no secret, so nobody has to sign in.
pub(crate) fn serve(path: &str, headers: &HeaderMap) -> Option<Response> {
    let rest = path.strip_prefix(PATH)?;
    let Some(asset) = ALL.into_iter().find(|asset| asset.path() == path) else {
        let known = ALL.iter().any(|asset| rest.ends_with(asset.name));
        let words =
            if known { "That is another version of this file.\n" } else { "No such file.\n" };
        return Some((StatusCode::NOT_FOUND, words).into_response());
    };
    let tag = format!("\"{:016x}\"", asset.hash);
    let unchanged = headers.get(header::IF_NONE_MATCH).is_some_and(|it| *it == *tag);
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.kind)], asset.text).into_response()
    };
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Some(response)
}
