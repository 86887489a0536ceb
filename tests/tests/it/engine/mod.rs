//! The engine: does it answer what Redis does, and does it have what jobqueue sends?

mod commands;
mod differential;
mod embedded;
mod folder;
mod kept;
mod random;
mod server;
mod streams;
