//! The program `jobqueue`. `jobqueue help` says what it does.

#![allow(clippy::print_stdout, reason = "a program answers on its output")]

mod arguments;
mod serve;
mod site;
mod transfer;

use std::process::ExitCode;

use clap::Parser as _;

use self::arguments::{Arguments, Verb};

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Serve(order) => serve::run(&order).await,
        Verb::Move(order) => transfer::run(&order).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("jobqueue: {error:#}");
            ExitCode::FAILURE
        }
    }
}
