//! The gate that every request passes.
//!
//! | file | what it has |
//! | --- | --- |
//! | `enter` | the way in: who asks, from where, and whether that is allowed |
//! | `origin` | that changes come from our own pages |
//! | `headers` | what every answer says to the browser |

mod enter;
mod headers;
mod origin;

pub(crate) use enter::enter;
