//! The program, run as a user does.

mod queues;
mod serve;
mod transfer;
