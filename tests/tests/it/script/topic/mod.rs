//! The scripts of `lua/topic`.

mod bind;
mod configure;
mod dissolve;
mod publish;
mod replay;
mod survey;
mod unbind;
