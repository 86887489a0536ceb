//! Requests and answers, below all pages.
//!
//! | file | what it has |
//! | --- | --- |
//! | `path` | names in paths, prefixes, and pages as JSON |
//! | `params` | parameters of a query or a form, each with a limit |
//! | `visit` | one request of somebody |
//! | `problem` | why a request isn't answered as it was asked |

mod params;
mod path;
mod problem;
mod visit;

pub(crate) use params::{Params, Posted};
pub(crate) use path::{Path, encode, forwarded_prefix, queue_name, without_json};
pub(crate) use problem::{Problem, Reply};
pub(crate) use visit::{THEME_COOKIE, Theme, Visit, go, json};
