//! The program `jobqueue`. `jobqueue help` says what it does.

#![allow(clippy::print_stdout, reason = "a program answers on its output")]

mod arguments;
mod ask;
mod command;
mod config;
mod cpu;
mod exit;
mod manual;
mod output;
mod selection;
mod serve;
mod session;
mod site;
mod stop;
mod top;
mod transfer;
mod value;

use std::process;

use clap::Parser as _;

use self::{
    arguments::{Arguments, Verb},
    exit::Exit,
    session::Session,
    stop::Stop,
};

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let exit = match run(arguments).await {
        Ok(exit) => exit,
        Err(error) => Exit::tell(&error),
    };
    // Not by a return: a thread may still wait for somebody to type.
    process::exit(exit.code());
}

async fn run(Arguments { settings, verb }: Arguments) -> anyhow::Result<Exit> {
    match verb {
        Verb::Serve(order) => serve::run(&order).await.map(|()| Exit::Done),
        Verb::Move(order) => {
            let prefix = settings.prefix.as_deref().unwrap_or(config::PREFIX);
            transfer::run(&order, prefix).await.map(|()| Exit::Done)
        }
        Verb::Completions(order) => order.run(),
        Verb::Man(order) => order.run(),
        verb => {
            let stop = Stop::listen()?;
            let session = Session::new(&settings, stop.clone())?;
            tokio::select! {
                biased;
                () = stop.is_cut_off() => Ok(Exit::CutOff),
                done = command::run(verb, &session) => done,
            }
        }
    }
}
