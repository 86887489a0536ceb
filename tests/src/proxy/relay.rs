//! One connection through a proxy.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::sleep,
};

use super::{Mode, Orders};

/// Where connections lead, and the faults on the way there.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) orders: watch::Receiver<Orders>,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Requests,
    Replies,
}

/// The connection is to end, both ways.
#[derive(Debug)]
struct Cut;

impl Line {
    /// Carries a connection until both ends have closed it, or it is cut, or there is another
    /// clearance than those before it was accepted. Its number counts connections from 1.
    pub(super) async fn relay(self, client: TcpStream, number: u64, cleared: u64) {
        let address = self.orders.borrow().server;
        let Ok(server) = TcpStream::connect(address).await else {
            return;
        };
        // The tests are about the ends' own delays, not about the proxy's.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let orders = || self.orders.clone();
        let both = async {
            tokio::try_join!(
                forward((Way::Requests, number), from_client, to_server, orders()),
                forward((Way::Replies, number), from_server, to_client, orders()),
            )
        };
        let mut clearance = orders();
        tokio::select! {
            // First: what a connection holds back goes with it, whatever is ordered then.
            biased;
            // Also when the proxy has been dropped.
            _ = clearance.wait_for(|orders| orders.cleared != cleared) => {}
            _ = both => {}
        }
    }
}

/// Carries one way of a connection until its source has closed it.
async fn forward(
    (way, number): (Way, u64),
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut orders: watch::Receiver<Orders>,
) -> Result<(), Cut> {
    let mut buffer = vec![0; 16 * 1024];
    let (mut carried, mut counted) = (0, 0);
    loop {
        let Orders { mode, set, held, .. } = *orders.borrow_and_update();
        if set != counted {
            (carried, counted) = (0, set);
        }
        match mode {
            _ if mode == Mode::BlackHole
                || number <= held
                || (mode == Mode::HoldReplies && way == Way::Replies) =>
            {
                orders.changed().await.map_err(|_| Cut)?;
                continue;
            }
            Mode::HalfClose if way == Way::Replies => return close_and_drain(from, to).await,
            _ => {}
        }
        // An order that was given before the bytes were sent holds for them: it is looked at first.
        let read = tokio::select! {
            biased;
            changed = orders.changed() => {
                changed.map_err(|_| Cut)?;
                continue;
            }
            read = from.read(&mut buffer) => read.map_err(|_| Cut)?,
        };
        if read == 0 {
            return to.shutdown().await.map_err(|_| Cut);
        }
        match mode {
            Mode::Delay(time) => sleep(time).await,
            Mode::Thin(rate) => sleep(took(read, rate)).await,
            _ => {}
        }
        let left = left(mode, way).map(|limit| limit.saturating_sub(carried));
        let pass = left.map_or(read, |left| left.min(read));
        to.write_all(&buffer[..pass]).await.map_err(|_| Cut)?;
        carried += pass;
        if left.is_some_and(|left| left <= read) {
            return Err(Cut);
        }
    }
}

/// How long a thin line takes for so many bytes.
fn took(bytes: usize, rate: u32) -> Duration {
    Duration::from_micros(bytes as u64 * 1_000_000 / u64::from(rate))
}

/// After how many bytes of this way the mode cuts, if it does.
fn left(mode: Mode, way: Way) -> Option<usize> {
    match (mode, way) {
        (Mode::CutRequests(bytes), Way::Requests) | (Mode::CutReplies(bytes), Way::Replies) => {
            Some(bytes)
        }
        _ => None,
    }
}

/// Tells the client that no more will come, and lets the server go on writing.
async fn close_and_drain(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Result<(), Cut> {
    to.shutdown().await.map_err(|_| Cut)?;
    tokio::io::copy(&mut from, &mut tokio::io::sink()).await.map_err(|_| Cut)?;
    Ok(())
}
