//! The scripts of `lua/worker`.

mod advance;
mod extend;
mod give_back;
mod heartbeat;
mod join;
mod leave;
mod observe;
mod settle;
mod wake;
