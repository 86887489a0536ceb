//! The engine as a process that is started as redis-server is, as far as the tests do: so
//! `JOBQUEUE_TEST_SERVER` makes it the server of all tests.
//!
//! What it isn't (TLS, users, a cluster) it refuses to be.

#![allow(clippy::print_stdout, reason = "the tests wait for a server's lines")]

use std::{env, io, process::ExitCode, sync::Arc};

use jobqueue_engine::{
    Clock, Engine, Folder, Fsync, Held, OpenError, Options, serve, serve_stranger,
};
use tokio::net::{TcpListener, UnixListener};

const REFUSED: [&str; 6] = [
    "--tls-port",
    "--sentinel",
    "--aclfile",
    "--cluster-enabled",
    "--replicaof",
    "--rename-command",
];

/// Options that are settings of the engine.
const SETTINGS: [&str; 5] =
    ["requirepass", "maxmemory", "maxmemory-policy", "maxclients", "slowlog-log-slower-than"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let refused = REFUSED.into_iter().find(|name| arguments.iter().any(|it| it == name));
    if let Some(name) = refused {
        println!("{name} is nothing that the engine has");
        return ExitCode::FAILURE;
    }
    // A folder is held to the end.
    let (engine, _held) = match option("--appendonly") {
        Some("yes") => match hold(option("--dir").unwrap_or(".")) {
            Ok(held) => (held.engine().clone(), Some(held)),
            Err(error) => {
                println!("{error}");
                return ExitCode::FAILURE;
            }
        },
        _ => (Engine::new(Clock::system(), 1), None),
    };
    for name in SETTINGS {
        let Some(value) = option(&format!("--{name}")) else { continue };
        if let Err(refusal) = engine.configure(name, value) {
            println!("{refusal}");
            return ExitCode::FAILURE;
        }
    }
    let served = match option("--unixsocket") {
        Some(path) => serve_socket(path, engine).await,
        None => serve_port(option("--port").unwrap_or("6379"), engine).await,
    };
    let Err(error) = served;
    println!("{error}");
    ExitCode::FAILURE
}

/// What is acknowledged is on the disk.
fn hold(dir: &str) -> Result<Held, OpenError> {
    Folder::at(format!("{dir}/engine"))?.hold(&Options::new().fsync(Fsync::Always))
}

enum Never {}

async fn serve_socket(path: &str, engine: Arc<Engine>) -> io::Result<Never> {
    let listener = UnixListener::bind(path)?;
    println!("Ready to accept connections");
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(engine.clone(), stream));
    }
}

async fn serve_port(port: &str, engine: Arc<Engine>) -> io::Result<Never> {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await.map_err(|error| {
        // In Redis's words, by which the tests know that they must choose another.
        if error.kind() == io::ErrorKind::AddrInUse {
            io::Error::other("Address already in use")
        } else {
            error
        }
    })?;
    println!("Ready to accept connections");
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve_stranger(engine.clone(), stream));
    }
}
