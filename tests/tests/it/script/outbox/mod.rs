//! The scripts of `lua/outbox`.

mod apply;
mod enqueue;
mod register_source;
mod reply;
mod take;
