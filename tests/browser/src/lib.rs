//! A browser for tests, and a dashboard for it to look at.
//!
//! - [`Visitor`]: somebody who uses the one browser of the test process, with cookies and a sign-in of
//!   their own; [`Tab`]: what they see and do
//! - [`Site`]: a Redis, a worker and a dashboard of a test's own, for people with different roles
//! - [`shop`]: jobs of all kinds, so that each page has something to show
//! - [`axe`]: whether people with disabilities can use a page
//!
//! `chromium` starts the browser; `pipe` and `watch` speak its own protocol.

pub mod axe;
mod chromium;
mod pipe;
pub mod shop;
mod site;
mod tab;
mod visitor;
mod watch;

pub use site::{Running, Site};
pub use tab::{Scheme, Tab};
pub use visitor::Visitor;
