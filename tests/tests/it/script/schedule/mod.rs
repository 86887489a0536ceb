//! The scripts of `lua/schedule`.

mod fire;
mod look;
mod owned;
mod page;
mod put;
mod read;
mod remove;
mod run;
