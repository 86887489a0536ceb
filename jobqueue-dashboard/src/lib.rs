#![cfg_attr(docsrs, feature(doc_cfg))]

//! A dashboard for [jobqueue]: look into queues and jobs, and steer them, in a browser.
//!
//! Mount it in a program of your own, under any path:
//!
//! ```no_run
//! # use axum::Router;
//! # use std::error::Error;
//! # async fn example(
//! #     client: jobqueue::Client,
//! #     app: Router,
//! # ) -> Result<Router, Box<dyn Error>> {
//! use jobqueue_dashboard::{Authentication, Dashboard, Person, Role};
//!
//! let ann = Person::new("ann").may(Role::Admin, "*");
//! let bob = Person::new("bob").may(Role::Viewer, "*").may(Role::Operator, "mails*");
//! let dashboard = Dashboard::builder(client)
//!     .authentication(Authentication::basic([
//!         (ann, std::env::var("ANN_PASSWORD")?),
//!         (bob, std::env::var("BOB_PASSWORD")?),
//!     ]))
//!     .build()?;
//! Ok(app.nest_service("/jobs", dashboard.router()))
//! # }
//! ```
//!
//! or let it [listen by itself](Dashboard::serve). [The guide](jobqueue::docs::dashboard) shows its
//! pages, and how to run it behind a proxy.
//!
//! | file | what it has |
//! | --- | --- |
//! | `dashboard` | the builder, the router, and a server of its own |
//! | `state` | what all requests share |
//! | `gate/` | what every request passes: who asks, from where, and the headers of all answers |
//! | `live/` | one reader of Redis for all who watch |
//! | `pages/` | the pages: one file each has its route, its data and its view |
//! | `act/` | what is done: single changes, and work in the background |
//! | `view/` | what pages have in common |
//! | `verb`, `filter`, `look` | what can be done, what is looked for and how far |
//! | `readings`, `trends`, `checkup` | how queues are, how they went, what is wrong with them and with servers |
//! | `payload/` | payloads as trees, with secrets hidden |
//! | `web/` | addresses, parameters with limits, problems |
//! | `access/` | who somebody is, and what they may do |
//! | `assets/` | style and scripts, with their licences |

mod access;
mod act;
mod assets;
mod checkup;
mod dashboard;
mod filter;
mod gate;
mod live;
mod look;
mod pages;
mod payload;
mod readings;
mod state;
mod trends;
mod verb;
mod view;
mod web;

pub use access::{Authentication, Caller, Person, Role};
pub use dashboard::{Bound, BuildError, Dashboard, DashboardBuilder, ServeError};
pub use jobqueue_doctor::Thresholds;
pub use payload::Redaction;
