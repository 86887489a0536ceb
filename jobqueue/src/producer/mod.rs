//! TODO-DOC.

mod add;
mod add_all;
mod batcher;
mod overflow;
mod request;

pub use add::Add;
pub use add_all::{AddAll, AddAllError};
pub(crate) use batcher::{Batcher, Batchers};
pub(crate) use request::{Request, request_setters};
