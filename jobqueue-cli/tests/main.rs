//! The program, run as a user does.

mod queues;
mod transfer;
