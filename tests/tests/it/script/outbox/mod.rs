//! The scripts of `lua/outbox`.

mod apply;
mod introduce;
mod reply;
mod send;
mod take;
