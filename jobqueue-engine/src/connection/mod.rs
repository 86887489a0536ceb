//! One client, over a stream of bytes.

mod request;
mod server;
mod subscription;

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    time::{sleep, timeout},
};

use self::subscription::Subscription;
use crate::{
    engine::{Engine, Wait},
    reply::Reply,
};

/// How long a wait for ever is.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Serves one client over a stream of bytes, by version 2 of Redis's protocol, until it goes.
///
/// # Errors
/// The stream fails, or what comes over it isn't the protocol.
pub async fn serve<S>(engine: Arc<Engine>, stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let (reader, writer) = tokio::io::split(stream);
    let input = Input { reader, buffer: BytesMut::new() };
    let mut client = Client {
        subscription: Subscription::new(engine.clone()),
        engine,
        input,
        writer,
        output: Vec::new(),
    };
    client.run().await
}

struct Client<S> {
    engine: Arc<Engine>,
    input: Input<S>,
    writer: WriteHalf<S>,
    output: Vec<u8>,
    subscription: Subscription,
}

/// What has come and wasn't carried out yet.
struct Input<S> {
    reader: ReadHalf<S>,
    buffer: BytesMut,
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
            while let Some(words) = request::next(&mut self.input.buffer)? {
                if self.carry_out(&words).await? == Next::Go {
                    return self.flush().await;
                }
            }
            self.flush().await?;
            tokio::select! {
                biased;
                come = self.input.more() => if come? == Next::Go { return Ok(()) },
                pushed = self.subscription.next() => pushed.write(&mut self.output),
            }
        }
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.output).await?;
        self.output.clear();
        self.writer.flush().await
    }

    async fn carry_out(&mut self, words: &[Bytes]) -> io::Result<Next> {
        let Some((name, args)) = words.split_first() else { return Ok(Next::Stay) };
        match name.to_ascii_uppercase().as_slice() {
            b"BLPOP" | b"XREAD" => return self.wait(words).await,
            b"SUBSCRIBE" => {
                for channel in args {
                    self.subscription.add(channel).write(&mut self.output);
                }
            }
            b"UNSUBSCRIBE" => {
                for channel in args {
                    self.subscription.remove(channel).write(&mut self.output);
                }
            }
            b"PING" if self.subscription.is_active() => {
                Reply::texts(["pong", ""]).write(&mut self.output);
            }
            b"QUIT" => {
                Reply::OK.write(&mut self.output);
                return Ok(Next::Go);
            }
            _ => {
                let reply = server::answer(&self.engine, words);
                reply.unwrap_or_else(|| self.engine.call(words)).write(&mut self.output);
            }
        }
        Ok(Next::Stay)
    }

    /// A call that may wait. What the client sends meanwhile is carried out afterwards.
    async fn wait(&mut self, words: &[Bytes]) -> io::Result<Next> {
        let (limit, mut reply, ticket) = match self.engine.wait(words) {
            Wait::Over(reply) => {
                reply.write(&mut self.output);
                return Ok(Next::Stay);
            }
            Wait::Until(limit, reply, ticket) => {
                (limit.map_or(FOR_EVER, Duration::from_millis), reply, ticket)
            }
        };
        self.flush().await?;
        let end = sleep(limit);
        tokio::pin!(end);
        let come = loop {
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
            }
        };
        come.unwrap_or(Reply::NilArray).write(&mut self.output);
        Ok(Next::Stay)
    }
}

impl<S: AsyncRead> Input<S> {
    /// Waits for more to come.
    async fn more(&mut self) -> io::Result<Next> {
        let come = self.reader.read_buf(&mut self.buffer).await?;
        Ok(if come == 0 { Next::Go } else { Next::Stay })
    }
}
