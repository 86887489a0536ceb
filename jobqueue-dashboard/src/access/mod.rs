//! Who somebody is, and what they may do.
//!
//! | file | what it has |
//! | --- | --- |
//! | `role` | roles, and people who have them on some queues |
//! | `authentication` | how people prove who they are |
//! | `caller` | what is known of a request's sender |
//! | `counts` | how often somebody did something within a minute |
//! | `sign_ins` | wrong tries, and when there were too many |

mod authentication;
mod caller;
mod counts;
mod role;
mod sign_ins;

pub use authentication::Authentication;
pub(crate) use authentication::Identified;
pub use caller::Caller;
pub(crate) use counts::Counts;
pub use role::{Person, Role};
pub(crate) use sign_ins::SignIns;
