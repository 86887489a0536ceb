//! `jobqueue serve`: holds a folder, and serves it.

use std::{fs, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use jobqueue_engine::{Engine, Folder, Held, Options, listen};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::block_in_place,
    time::sleep,
};

use crate::{arguments::Serve, exit::Told};

/// How often it looks whether the folder is free.
const LOOK: Duration = Duration::from_millis(100);

/// Serves the folder until it is told to end.
pub(crate) async fn run(order: &Serve) -> Result<()> {
    let mut end = End::listen()?;
    let password = order.password_file.as_deref().map(read_password).transpose()?;
    let elsewhere = order.listen.filter(|address| !address.ip().is_loopback());
    if let (Some(address), None) = (elsewhere, &password) {
        return Err(Told::usage(format_args!(
            "{address} can be reached from elsewhere: give a --password-file, or listen at \
             127.0.0.1"
        )));
    }
    let held = tokio::select! {
        held = hold(order) => held?,
        () = end.comes() => return Ok(()),
    };
    let engine = held.engine();
    if let Some(bytes) = &order.max_memory {
        configure(engine, "maxmemory", bytes)?;
    }
    if let Some(password) = &password {
        configure(engine, "requirepass", password)?;
    }
    let port = match order.listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let also = order.listen.map(|address| format!(" and {address}")).unwrap_or_default();
    println!("serving {}, at its socket{also}", order.data.display());
    tokio::select! {
        () = end.comes() => {}
        never = serve(engine.clone(), port) => match never {},
    }
    // All is brought to the disk.
    block_in_place(|| drop(held));
    println!("ended");
    Ok(())
}

/// Holds the folder, as soon as nobody else does.
async fn hold(order: &Serve) -> Result<Held> {
    let folder = Folder::at(&order.data)?;
    let options = Options::new().fsync(order.sync);
    let mut said = false;
    loop {
        match block_in_place(|| folder.hold(&options)) {
            Err(error) if error.is_busy() => {
                if !said {
                    println!("{error}; waiting until it goes");
                    said = true;
                }
                sleep(LOOK).await;
            }
            held => return Ok(held?),
        }
    }
}

fn configure(engine: &Arc<Engine>, name: &str, value: &str) -> Result<()> {
    // The value may be a password.
    let set = engine.configure(name, value);
    set.map_err(|_| Told::usage(format_args!("{name}: this isn't a value for it")))
}

fn read_password(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path)
        .with_context(|| format!("the password in {} can't be read", path.display()))?;
    let password = text.lines().next().unwrap_or_default().trim();
    if password.is_empty() {
        let text = format!("{} has no password on its first line", path.display());
        return Err(Told::usage(text));
    }
    Ok(password.to_owned())
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("can't listen at {address}"))
}

async fn serve(engine: Arc<Engine>, port: Option<TcpListener>) -> std::convert::Infallible {
    match port {
        Some(port) => listen(engine, port).await,
        None => std::future::pending().await,
    }
}

/// The signals that end a server.
struct End {
    terminate: Signal,
    interrupt: Signal,
}

impl End {
    fn listen() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
