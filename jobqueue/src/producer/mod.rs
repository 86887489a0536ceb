//! Adding jobs: one, or many.
//!
//! Each add becomes part of a batch: see [`group_commit`](crate::group_commit).

mod add;
mod add_all;
mod add_each;
mod batcher;
mod handlers;
mod overflow;
mod request;
mod setters;
mod split_plan;

pub use add::Add;
pub use add_all::{AddAll, AddAllError};
pub(crate) use request::{Content, Request};
pub(crate) use setters::{durability_setter, request_setters};
