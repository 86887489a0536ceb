//! The scripts of `lua/queue`.

mod clean;
mod counts;
mod drain;
mod limits;
mod obliterate;
mod oldest;
mod page;
mod pause;
mod resume;
mod retry_failed;
mod stats;
