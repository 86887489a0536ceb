//! The scripts of `lua/worker`.

mod advance;
mod extend;
mod heartbeat;
mod join;
mod leave;
mod observe;
mod settle;
mod wake;
