//! The scripts of `lua/worker`.

mod advance;
mod extend;
mod give_back;
mod heartbeat;
mod identify;
mod join;
mod leave;
mod list;
mod observe;
mod settle;
mod wake;
