//! The scripts of `lua/job`.

mod add;
mod cancel;
mod delay;
mod edit;
mod log;
mod over;
mod priority;
mod progress;
mod promote;
mod read;
mod remove;
mod retry;
mod retry_many;
mod transfer;
