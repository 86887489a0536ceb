//! The scripts of `lua/topic`.

mod bind;
mod configure;
mod delete;
mod publish;
mod replay;
mod stats;
mod unbind;
