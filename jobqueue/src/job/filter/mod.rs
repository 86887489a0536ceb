//! Which jobs are meant, of all jobs of a queue or of all queues.
//!
//! | file | what it has |
//! | --- | --- |
//! | `build` | a filter, and its conditions one by one |
//! | `term` | the conditions |
//! | `parse`, `read`, `values` | from a text to conditions; `error`: what is wrong with it, and where |
//! | `text` | conditions as text again |
//! | `ask` | what a search asks a filter; `span`: from when to when jobs have ended, or are due |
//! | `facts`, `test` | what is known of a job, and whether it fits |
//! | `fields` | which fields a filter looks at |
//! | `moment`, `length`, `literal`, `quoted` | values as they are written |

mod ask;
mod build;
mod error;
mod facts;
mod fields;
mod length;
mod literal;
mod moment;
mod parse;
#[cfg(test)]
mod properties;
pub(super) mod quoted;
mod read;
mod span;
mod term;
mod test;
mod text;
mod values;

pub(crate) use self::{build::FilterProblem, facts::Facts, span::Span};
pub use self::{build::JobFilter, error::FilterError, fields::FilterField};
