//! The scripts of `lua/outbox`.

mod apply;
mod enqueue;
mod meet;
mod readmit;
mod register_source;
mod reply;
mod take;
