//! A service to start from: people order by an HTTP API, workers do what follows, and a dashboard
//! shows it.
//!
//! | file | what it has |
//! | --- | --- |
//! | `jobs` | the jobs: what is done, and how each may fail |
//! | `api` | the API: `POST /orders`, `GET /orders/{id}`, `POST /orders/{id}/paid` |
//! | `settings` | what the environment says |
//! | `service` | all of it as one program that starts, and stops in order |
//! | `traffic` | orders that nobody made, to look at |

pub mod api;
pub mod jobs;
pub mod service;
pub mod settings;
pub mod traffic;
