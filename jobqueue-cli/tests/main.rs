//! The program, run as a user does.

mod commands;
mod program;
mod queues;
mod serve;
mod transfer;
