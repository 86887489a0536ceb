//! The engine as a process that is started as redis-server is, as far as the tests do: so
//! `JOBQUEUE_TEST_SERVER` makes it the server of all tests.
//!
//! What it isn't (TLS, users, a cluster, a log on disk, a memory limit) it refuses to be.

#![allow(clippy::print_stdout, reason = "the tests wait for a server's lines")]

use std::{env, io, process::ExitCode};

use jobqueue_engine::{Clock, Engine, serve};
use tokio::net::{TcpListener, UnixListener};

const REFUSED: [&str; 8] = [
    "--tls-port",
    "--sentinel",
    "--aclfile",
    "--cluster-enabled",
    "--requirepass",
    "--maxmemory",
    "--replicaof",
    "--rename-command",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let persistent = (option("--appendonly") == Some("yes")).then_some("--appendonly");
    let refused = REFUSED.into_iter().find(|name| arguments.iter().any(|it| it == name));
    if let Some(name) = refused.or(persistent) {
        println!("{name} is nothing that the engine has");
        return ExitCode::FAILURE;
    }
    let served = match option("--unixsocket") {
        Some(path) => serve_socket(path).await,
        None => serve_port(option("--port").unwrap_or("6379")).await,
    };
    let Err(error) = served;
    println!("{error}");
    ExitCode::FAILURE
}

enum Never {}

async fn serve_socket(path: &str) -> io::Result<Never> {
    let (listener, engine) = (UnixListener::bind(path)?, engine());
    println!("Ready to accept connections");
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(engine.clone(), stream));
    }
}

async fn serve_port(port: &str) -> io::Result<Never> {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.map_err(|error| {
        // In Redis's words, by which the tests know that they must choose another.
        if error.kind() == io::ErrorKind::AddrInUse {
            io::Error::other("Address already in use")
        } else {
            error
        }
    })?;
    let engine = engine();
    println!("Ready to accept connections");
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(engine.clone(), stream));
    }
}

fn engine() -> std::sync::Arc<Engine> {
    Engine::new(Clock::system(), 1)
}
