//! One client, over a stream of bytes.

mod clients;
mod listen;
mod output;
mod request;
mod server;
mod subscription;

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    time::{sleep, timeout},
};

pub use self::listen::{Listener, listen};
use self::{output::Output, request::Bounds, subscription::Subscription};
use crate::{
    command,
    engine::{self, Engine, Wait},
    number,
    refusal::Refusal,
    reply::Reply,
};

/// How long a wait for ever is.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Serves one client over a stream of bytes, by version 2 of Redis's protocol, until it goes. The
/// client may do everything, whatever the engine's password is: it is this process, or one that may
/// use its files.
///
/// # Errors
/// The stream fails, or what comes over it isn't the protocol.
pub async fn serve<S>(engine: Arc<Engine>, stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    serve_client(engine, stream, true).await
}

/// [`serve`]s a client that anybody may be: it must say the engine's password first, if there is
/// one.
///
/// # Errors
/// As for [`serve`].
pub async fn serve_stranger<S>(engine: Arc<Engine>, stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let may = !engine.needs_password();
    serve_client(engine, stream, may).await
}

async fn serve_client<S>(engine: Arc<Engine>, stream: S, may: bool) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let (reader, mut writer) = tokio::io::split(stream);
    let Some(seen) = engine.clients.enter() else {
        writer.write_all(b"-ERR max number of clients reached\r\n").await?;
        return writer.shutdown().await;
    };
    let seen = Seen { engine: engine.clone(), client: seen };
    let mut client = Client {
        subscription: Subscription::new(engine.clone()),
        may,
        engine,
        seen: seen.client.clone(),
        input: Input { reader, buffer: BytesMut::new(), seen: seen.client.clone() },
        writer,
        output: Output::default(),
    };
    tokio::select! {
        biased;
        ran = client.run() => ran,
        // Whatever it does: it is as if its connection had broken.
        () = seen.client.ended() => Ok(()),
    }
}

/// A client in the list of all, until this is dropped.
struct Seen {
    engine: Arc<Engine>,
    client: Arc<engine::Client>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.engine.clients.leave(&self.client);
    }
}

struct Client<S> {
    engine: Arc<Engine>,
    input: Input<S>,
    writer: WriteHalf<S>,
    output: Output,
    subscription: Subscription,
    /// As others see it.
    seen: Arc<engine::Client>,
    /// It has said the password, if there is one.
    may: bool,
}

/// What has come and wasn't carried out yet.
struct Input<S> {
    reader: ReadHalf<S>,
    buffer: BytesMut,
    seen: Arc<engine::Client>,
}

/// Whether a client stays.
#[derive(PartialEq, Eq)]
enum Next {
    Go,
    Stay,
}

impl<S: AsyncRead + AsyncWrite> Client<S> {
    async fn run(&mut self) -> io::Result<()> {
        loop {
            while let Some(words) = self.next()? {
                self.seen.holds(self.input.buffer.len());
                if self.carry_out(&words).await? == Next::Go {
                    return self.flush_all().await;
                }
            }
            self.flush().await?;
            tokio::select! {
                biased;
                come = self.input.more() => if come? == Next::Go { return Ok(()) },
                pushed = self.subscription.next() => self.output.push(&pushed, self.engine.end()),
                kept = kept(&self.engine, &self.output) => kept?,
            }
        }
    }

    /// The next whole request, if there is one.
    fn next(&mut self) -> io::Result<Option<Vec<Bytes>>> {
        let bounds = if self.may { Bounds::ALL } else { Bounds::STRANGER };
        request::next(&mut self.input.buffer, bounds)
    }

    /// Sends the answers that may go.
    async fn flush(&mut self) -> io::Result<()> {
        let ready = self.output.ready(|end| self.engine.is_kept(end));
        if ready.is_empty() {
            return Ok(());
        }
        self.writer.write_all(ready).await?;
        let sent = ready.len();
        self.output.sent(sent);
        self.writer.flush().await
    }

    /// Sends all answers, when they may go.
    async fn flush_all(&mut self) -> io::Result<()> {
        self.flush().await?;
        while self.output.needs().is_some() {
            kept(&self.engine, &self.output).await?;
            self.flush().await?;
        }
        Ok(())
    }

    fn push(&mut self, reply: &Reply) {
        self.output.push(reply, self.engine.end());
    }

    async fn carry_out(&mut self, words: &[Bytes]) -> io::Result<Next> {
        let Some((name, args)) = words.split_first() else { return Ok(Next::Stay) };
        let command = name.to_ascii_uppercase();
        self.seen.begins(name);
        if !self.may && !matches!(command.as_slice(), b"AUTH" | b"QUIT") {
            self.push(&server::NO_PASSWORD);
            return Ok(Next::Stay);
        }
        if self.held_up(&command).await? == Next::Go {
            return Ok(Next::Go);
        }
        match command.as_slice() {
            b"AUTH" => {
                let reply = server::authorize(&self.engine, args);
                self.may |= reply == Reply::OK;
                self.push(&reply);
            }
            b"BLPOP" | b"XREAD" => return self.wait(words).await,
            b"WAITAOF" if self.engine.log().is_some() => self.wait_for_disk(args).await?,
            b"SUBSCRIBE" => {
                for channel in args {
                    let told = self.subscription.add(channel);
                    self.push(&told);
                }
                self.seen.listens_to(self.subscription.len());
            }
            b"UNSUBSCRIBE" => {
                for channel in args {
                    let told = self.subscription.remove(channel);
                    self.push(&told);
                }
                self.seen.listens_to(self.subscription.len());
            }
            b"PING" if self.subscription.is_active() => {
                self.push(&Reply::texts(["pong", ""]));
            }
            b"QUIT" => {
                self.push(&Reply::OK);
                return Ok(Next::Go);
            }
            _ => {
                let reply = server::answer(&self.engine, &self.seen, words).map(|reply| (reply, 0));
                let (reply, end) = reply.unwrap_or_else(|| self.engine.carry_out(words));
                self.output.push(&reply, end);
            }
        }
        Ok(Next::Stay)
    }

    /// Waits while calls are held up.
    async fn held_up(&mut self, command: &[u8]) -> io::Result<Next> {
        if command == b"CLIENT" {
            return Ok(Next::Stay);
        }
        let go_on = self.engine.clients.may_go_on(|| command::may_write(command));
        tokio::pin!(go_on);
        loop {
            tokio::select! {
                biased;
                () = &mut go_on => return Ok(Next::Stay),
                come = self.input.more() => if come? == Next::Go { return Ok(Next::Go) },
            }
        }
    }

    /// Waits until all that was done so far is on the disk. There are no replicas.
    async fn wait_for_disk(&mut self, args: &[Bytes]) -> io::Result<()> {
        self.flush().await?;
        let limit = match args.last().and_then(|ms| number::integer(ms)).map(u64::try_from) {
            Some(Ok(0)) => FOR_EVER,
            Some(Ok(ms)) => Duration::from_millis(ms),
            _ => {
                self.push(&Reply::Refused(Refusal::NO_INTEGER));
                return Ok(());
            }
        };
        let Some(log) = self.engine.log() else { return Ok(()) };
        let synced = timeout(limit, log.synced(log.end())).await.is_ok_and(|synced| synced.is_ok());
        self.push(&Reply::Array(vec![Reply::flag(synced), Reply::Integer(0)]));
        Ok(())
    }

    /// A call that may wait. What the client sends meanwhile is carried out afterwards.
    async fn wait(&mut self, words: &[Bytes]) -> io::Result<Next> {
        let (limit, mut reply, ticket) = match self.engine.wait(words) {
            Wait::Over(reply) => {
                self.push(&reply);
                return Ok(Next::Stay);
            }
            Wait::Until(limit, reply, ticket) => {
                (limit.map_or(FOR_EVER, Duration::from_millis), reply, ticket)
            }
        };
        self.seen.waits(true);
        let end = sleep(limit);
        tokio::pin!(end);
        let come = loop {
            self.flush().await?;
            // A client that has gone doesn't take what it waited for.
            tokio::select! {
                biased;
                reply = &mut reply => break reply.ok(),
                () = &mut end => {
                    // Nobody serves it from now on; it may have been served just before.
                    drop(ticket);
                    break timeout(Duration::ZERO, &mut reply).await.ok().and_then(Result::ok);
                }
                come = self.input.more() => if come? == Next::Go { return Ok(Next::Go) },
                kept = kept(&self.engine, &self.output) => kept?,
            }
        };
        self.seen.waits(false);
        self.push(&come.unwrap_or(Reply::NilArray));
        Ok(Next::Stay)
    }
}

/// Waits until the next answer may go. An error, if it never may: then the client must not go on
/// as if it had been told.
async fn kept(engine: &Engine, output: &Output) -> io::Result<()> {
    match output.needs() {
        Some(end) => engine.kept(end).await.map_err(io::Error::other),
        None => std::future::pending().await,
    }
}

impl<S: AsyncRead> Input<S> {
    /// Waits for more to come.
    async fn more(&mut self) -> io::Result<Next> {
        let come = self.reader.read_buf(&mut self.buffer).await?;
        self.seen.holds(self.buffer.len());
        Ok(if come == 0 { Next::Go } else { Next::Stay })
    }
}
