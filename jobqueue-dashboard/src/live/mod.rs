//! One reader of Redis for all who watch.
//!
//! | file | what it has |
//! | --- | --- |
//! | `hub` | what is watched, and the task that reads and renders it once for all |
//! | `view` | what can be watched, and how it is rendered |
//! | `stream` | what a browser hears |

mod hub;
mod stream;
mod view;

pub(crate) use hub::Hub;
pub(crate) use stream::routes;
