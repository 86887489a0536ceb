//! The scripts of `lua/once`.

mod begin;
mod finish;
mod release;
