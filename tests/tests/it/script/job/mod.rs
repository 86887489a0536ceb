//! The scripts of `lua/job`.

mod add;
mod cancel;
mod delay;
mod edit;
mod expect;
mod log;
mod over;
mod priority;
mod progress;
mod promote;
mod read;
mod record;
mod remove;
mod retry;
mod retry_many;
mod signal;
mod steps;
mod transfer;
